import type { Answer, Request, TcpEchoServer } from '../backend/service.ts';
import type { Job, Sandbox } from './sandbox.ts';

/** Seconds for the connection, and then for each silence. */
const patience = 2;

export async function serveTcpEcho(sandbox: Sandbox, host: string, service: TcpEchoServer): Promise<Job> {
  const socat = ['socat', '-d', '-d', `TCP4-LISTEN:${service.port},reuseaddr,fork`, 'EXEC:cat'];
  const job = sandbox.launch(host, socat);
  await job.says(/listening on/, 10);
  return job;
}

/** Connects, says a line, and reads until the server has said all. */
export async function requestTcpEcho(
  sandbox: Sandbox,
  host: string,
  { server, port, sourcePort }: Extract<Request, { kind: 'tcp-echo' }>,
): Promise<Answer> {
  const line = `echo from port ${sourcePort}\n`;
  const address = `TCP4:${server}:${port},sourceport=${sourcePort},reuseaddr,connect-timeout=${patience}`;
  const socat = ['socat', '-t', String(patience), '-T', String(patience), '-', address];
  const { stdout, stderr } = await sandbox.attempt(host, socat, { input: line });
  const said = `${stdout}${stderr}`.split('\n').filter(Boolean);
  return { accepted: stdout === line, said, bytes: null };
}
