import type { Answer, Request, SshServer } from '../backend/service.ts';
import { scratch, type Job, type Sandbox } from './sandbox.ts';

/** Starts OpenSSH's server, with a host key of its own, and waits until it listens. */
export async function serveSsh(sandbox: Sandbox, host: string, service: SshServer): Promise<Job> {
  const key = `${scratch}/${host}-${service.name}.key`;
  await sandbox.run('making a host key', host, ['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', key]);
  const job = sandbox.launch(host, [
    ...['/usr/sbin/sshd', '-D', '-e', '-f', '/dev/null', '-h', key, '-p', String(service.port)],
    ...['-o', 'PidFile=none', '-o', 'AddressFamily=inet', '-o', 'UseDNS=no'],
  ]);
  await job.says(/Server listening on/, 10);
  return job;
}

const banner = 'SSH-2.0-';

/** Connects and reads the start of the server's banner. */
export async function readBanner(
  sandbox: Sandbox,
  host: string,
  { server, port, sourcePort, patience }: Extract<Request, { kind: 'ssh' }>,
): Promise<Answer> {
  const address = `TCP4:${server}:${port},sourceport=${sourcePort},reuseaddr,connect-timeout=${patience ?? 2}`;
  const read = ['socat', '-u', '-T', String(patience ?? 4), `${address},readbytes=${banner.length}`, 'STDOUT'];
  const { stdout, stderr } = await sandbox.attempt(host, read);
  return {
    accepted: stdout === banner,
    said: [...stdout.split('\n'), ...stderr.split('\n')].filter(Boolean),
    bytes: null,
  };
}
