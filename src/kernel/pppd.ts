import type { Fault } from '../backend/fault.ts';
import type { Candidate } from '../candidate/candidate.ts';
import { linkOf, type Topology } from '../topology/topology.ts';
import type { Finished } from './process.ts';
import type { Sandbox } from './sandbox.ts';

/**
 * Does what pppd does when one of the server's lines has gone or come: runs the candidate's `ip-down` or `ip-up`, with its
 * words: interface, tty, speed, own address, peer's address, and nothing else. It doesn't care how they end.
 *
 * @param topology with the addresses that the line has, or had
 * @returns what the script did; `null` where there is none for what happened
 */
export async function runLineScript(
  sandbox: Sandbox,
  topology: Topology,
  { lineScripts }: Candidate,
  fault: Fault,
): Promise<Finished | null> {
  if (fault.kind !== 'vanish' && fault.kind !== 'return') return null;
  if (!lineScripts || fault.host !== topology.server.host) return null;
  const { host, interface: name } = fault;
  const [address = ''] = linkOf(topology, host, name)
    .ends.filter((end) => end.host === host)
    .flatMap(({ addresses }) => addresses);
  const [own = '', peer = ''] = address.split(' peer ');
  const script = fault.kind === 'vanish' ? lineScripts.down : lineScripts.up;
  return sandbox.attempt(host, ['sh', '-x', script, name, '/dev/null', '0', own, peer]);
}
