import type { Answer, Request } from '../backend/service.ts';
import type { Sandbox } from './sandbox.ts';

/** Seconds. */
const patience = 2;

/** One echo request; ping takes its answer from whatever address, and says from which. */
export async function ping(
  sandbox: Sandbox,
  host: string,
  { server, sourcePort }: Extract<Request, { kind: 'ping' }>,
): Promise<Answer> {
  const command = ['ping', '-n', '-c', '1', '-W', String(patience), '-e', String(sourcePort), server];
  const { exitCode, stdout, stderr } = await sandbox.attempt(host, command);
  return { accepted: exitCode === 0, said: `${stdout}${stderr}`.split('\n').filter(Boolean), bytes: null };
}
