import type { Answer, DnsServer, Request } from '../backend/service.ts';
import type { Job, Sandbox } from './sandbox.ts';

/** Starts dnsmasq and waits until it has opened its sockets. */
export async function serveDns(sandbox: Sandbox, host: string, service: DnsServer): Promise<Job> {
  const binding =
    service.binding === 'address-per-socket'
      ? ['--bind-interfaces', ...service.addresses.map((address) => `--listen-address=${address}`)]
      : [];
  const records = Object.entries(service.records).map(([name, address]) => `--address=/${name}/${address}`);
  const job = sandbox.launch(host, [
    ...['dnsmasq', '--keep-in-foreground', '--conf-file=/dev/null', '--log-facility=-', '--log-queries'],
    ...['--pid-file=', '--user=root', '--group=', '--no-resolv', '--no-hosts', `--port=${service.port}`],
    ...binding,
    ...records,
  ]);
  await job.says(/started, version/, 10);
  return job;
}

/** Asks once with dig, which takes no answer from another address than it asked. */
export async function resolveName(
  sandbox: Sandbox,
  host: string,
  { server, port, sourcePort, name, address }: Extract<Request, { kind: 'dns' }>,
): Promise<Answer> {
  const query = [`@${server}`, '-p', String(port), '-b', `0.0.0.0#${sourcePort}`, '+short', '+tries=1', '+timeout=2'];
  const { exitCode, stdout } = await sandbox.attempt(host, ['dig', ...query, name, 'A']);
  return {
    accepted: exitCode === 0 && stdout.trim() === address,
    said: stdout.trim().split('\n'),
    bytes: null,
  };
}
