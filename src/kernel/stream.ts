import type { Answer, Request, StreamServer } from '../backend/service.ts';
import type { Job, Sandbox } from './sandbox.ts';

/** Bytes sent at a time. */
const chunk = 1000;

/** A TCP server that sends a thousand bytes each tenth of a second, or all of them at once. */
export async function serveStream(sandbox: Sandbox, host: string, service: StreamServer): Promise<Job> {
  const send = {
    steady: `for number in $(seq ${service.chunks}); do printf %0${chunk}d 0; sleep 0.1; done`,
    haste: `head -c ${service.chunks * chunk} /dev/zero`,
  }[service.pace];
  const listen = `TCP4-LISTEN:${service.port},bind=${service.address},reuseaddr,fork`;
  const job = sandbox.launch(host, ['socat', '-d', '-d', '-U', listen, `SYSTEM:${send}`]);
  await job.says(/listening on/, 10);
  return job;
}

/** Reads the stream to its end, or until nothing comes any more. */
export async function readStream(
  sandbox: Sandbox,
  host: string,
  { server, port, sourcePort, chunks, patience = 2 }: Extract<Request, { kind: 'stream' }>,
): Promise<Answer> {
  const address = `TCP4:${server}:${port},sourceport=${sourcePort},reuseaddr,connect-timeout=${patience}`;
  const read = ['socat', '-u', '-T', String(patience), address, 'STDOUT'];
  const { stdout, stderr } = await sandbox.attempt(host, read);
  const received = stdout.length;
  const whole = chunks * chunk;
  const said = [`${received} of ${whole} bytes came`, ...stderr.split('\n').filter(Boolean)];
  return { accepted: received === whole, said, bytes: { received, sent: 0 } };
}
