import type { Candidate } from '../candidate/candidate.ts';
import { scriptEnvironment } from '../topology/environment.ts';
import type { Topology } from '../topology/topology.ts';
import { failure, type Finished } from './process.ts';
import { startReseeding } from './reseeding.ts';
import type { Sandbox } from './sandbox.ts';

/**
 * Runs a candidate's script on the server, as it would be deployed, and returns what it did, command by command.
 *
 * @throws LabError `lab-failed` with the script's own words if it fails
 */
export async function applyCandidate(
  sandbox: Sandbox,
  topology: Topology,
  candidate: Candidate,
  seed: number,
): Promise<Finished> {
  const { host } = topology.server;
  const reseeding = candidate.multipath === 'per-packet' ? startReseeding(sandbox, host, seed) : null;
  const command = ['sh', '-eux', candidate.script];
  const finished = await sandbox.attempt(host, command, { env: scriptEnvironment(topology) });
  if (finished.exitCode !== 0) throw failure(candidate.script, finished);
  await reseeding;
  return finished;
}
