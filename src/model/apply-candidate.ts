import type { Fault } from '../backend/fault.ts';
import type { Candidate } from '../candidate/candidate.ts';
import { evaluate, type Outcome } from '../candidate/shell/evaluate.ts';
import { LabError } from '../net/error.ts';
import { scriptEnvironment } from '../topology/environment.ts';
import { linkOf, type Topology } from '../topology/topology.ts';
import type { Host } from './host.ts';
import { createMachine } from './machine/machine.ts';
import type { Network } from './network.ts';

/**
 * Runs a candidate's script on the server.
 *
 * @throws LabError `lab-failed` with the script's own words if it fails, or says what the model doesn't know
 */
export function applyCandidate(network: Network, host: Host, topology: Topology, candidate: Candidate): void {
  if (candidate.multipath === 'per-packet') {
    host.era = { ...host.era, multipathChoice: 'rotation', routeCache: false };
  }
  const { status, stderr } = run(network, host, candidate, candidate.script, scriptEnvironment(topology), [], true);
  if (status !== 0) {
    throw new LabError('lab-failed', `${candidate.script} failed with status ${status}: ${stderr.trim()}`);
  }
}

/**
 * Does what pppd does when one of the server's lines has gone or come: runs the candidate's script for it, and doesn't care
 * how that ends.
 *
 * @param topology with the addresses that the line has, or had
 */
export function runLineScript(network: Network, topology: Topology, candidate: Candidate, fault: Fault): void {
  if (fault.kind !== 'vanish' && fault.kind !== 'return') return;
  const { lineScripts } = candidate;
  const host = network.hosts.get(topology.server.host);
  if (!lineScripts || host?.name !== fault.host) return;
  const [address = ''] = linkOf(topology, fault.host, fault.interface)
    .ends.filter((end) => end.host === fault.host)
    .flatMap(({ addresses }) => addresses);
  const [own = '', peer = ''] = address.split(' peer ');
  const script = fault.kind === 'vanish' ? lineScripts.down : lineScripts.up;
  run(network, host, candidate, script, {}, [fault.interface, '/dev/null', '0', own, peer], false);
}

/** Does what OpenVPN does as a tunnel has come up: runs its `--up` script, with what it tells it. */
export function runTunnelScript(
  network: Network,
  host: Host,
  candidate: Candidate,
  script: string,
  environment: Readonly<Record<string, string>>,
): void {
  const { status, stderr } = run(network, host, candidate, script, environment, [], true);
  if (status !== 0) throw new LabError('lab-failed', `${script} failed with status ${status}: ${stderr.trim()}`);
}

/** Runs a script that belongs to no candidate, as `sh -eu`. */
export function runScript(network: Network, host: Host, source: string): Outcome {
  return run(network, host, { sources: { script: source } }, 'script', {}, [], true);
}

function run(
  network: Network,
  host: Host,
  { sources }: Pick<Candidate, 'sources'>,
  script: string,
  environment: Readonly<Record<string, string>>,
  words: readonly string[],
  strict: boolean,
): Outcome {
  try {
    const machine = createMachine(network, host);
    const set = strict ? (['e', 'u'] as const) : [];
    return evaluate(sources[script] ?? '', { file: script, environment, arguments: words, set, machine });
  } catch (error) {
    // What the model can't read is what became of this trial; others may go on.
    if (error instanceof LabError && error.code === 'invalid') {
      throw new LabError('lab-failed', `the model can't carry this out: ${error.message}`, error.hint);
    }
    throw error;
  } finally {
    network.settle();
  }
}
