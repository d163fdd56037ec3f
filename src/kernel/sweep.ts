import type { Scatter } from '../backend/lab.ts';
import { failure } from './process.ts';
import type { Sandbox } from './sandbox.ts';

/** Milliseconds between requests: 2,000 a second are 1.6 Mbit/s, which a slow line still takes. */
const interval = 0.5;
/** Milliseconds after which a request counts as not answered. */
const patience = 3000;

/** Pings each destination once. fping's sockets are raw: each request is routed for itself, from no address. */
export async function sweep(
  sandbox: Sandbox,
  host: string,
  destinations: readonly string[],
): Promise<readonly string[]> {
  const fping = ['fping', '-u', '-r', '0', '-i', String(interval), '-t', String(patience)];
  const finished = await sandbox.attempt(host, fping, { input: `${destinations.join('\n')}\n` });
  // 1: some did not answer; above: fping could not do its work.
  if (finished.exitCode !== 0 && finished.exitCode !== 1) throw failure('a sweep of pings', finished);
  return finished.stdout.split('\n').filter(Boolean);
}

/** How many sockets at once. */
const batch = 32;

export async function scatter(
  sandbox: Sandbox,
  host: string,
  { destination, port, sourcePorts }: Scatter,
): Promise<void> {
  const script = sourcePorts.map((sourcePort, index) => {
    const socat = `socat -u - UDP4-SENDTO:${destination}:${port},sourceport=${sourcePort}`;
    const last = index === sourcePorts.length - 1 || index % batch === batch - 1;
    return `echo "from port ${sourcePort}" | ${socat} & children="$children $!"${last ? '; finish' : ''}`;
  });
  const finish = `finish() { for child in $children; do wait "$child"; done; children=; }`;
  const input = ['children=', finish, ...script, ''].join('\n');
  await sandbox.run('sending datagrams', host, ['sh', '-eu'], { input });
}
