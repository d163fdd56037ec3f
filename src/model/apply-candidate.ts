import type { Candidate } from '../candidate/candidate.ts';
import { evaluate } from '../candidate/shell/evaluate.ts';
import { LabError } from '../net/error.ts';
import { scriptEnvironment } from '../topology/environment.ts';
import type { Topology } from '../topology/topology.ts';
import type { Host } from './host.ts';
import { createMachine } from './machine/machine.ts';
import type { Network } from './network.ts';

/**
 * Runs a candidate's script on a host.
 *
 * @throws LabError `lab-failed` with the script's own words if it fails; `invalid` for what the model doesn't know
 */
export function applyCandidate(network: Network, host: Host, topology: Topology, candidate: Candidate): void {
  if (candidate.multipath === 'per-packet') host.era = { ...host.era, multipathChoice: 'rotation' };
  const outcome = evaluate(candidate.sources[candidate.script] ?? '', {
    file: candidate.script,
    environment: scriptEnvironment(topology),
    machine: createMachine(network, host),
  });
  network.settle();
  if (outcome.status !== 0) {
    throw new LabError(
      'lab-failed',
      `${candidate.script} failed with status ${outcome.status}: ${outcome.stderr.trim()}`,
    );
  }
}
