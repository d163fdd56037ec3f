import { scriptPatience } from '../backend/lab.ts';
import { hasScript, type Candidate } from '../candidate/candidate.ts';
import { readDump } from '../candidate/dump/read.ts';
import { LabError } from '../net/error.ts';
import { scriptEnvironment } from '../topology/environment.ts';
import type { Topology } from '../topology/topology.ts';
import { applyDump } from './apply-dump.ts';
import { failure, type Finished } from './process.ts';
import { startReseeding } from './reseeding.ts';
import type { Sandbox } from './sandbox.ts';

/** What `timeout` ends with where time was over. */
const expired = 124;

/**
 * Runs a candidate's script on the server, as it would be deployed, or brings the server to the state of its dump if it has no
 * script; returns what was done, command by command.
 *
 * @throws LabError `lab-failed` with the script's own words if it fails, or if it doesn't end; `invalid` for a dump that can't be read
 */
export async function applyCandidate(
  sandbox: Sandbox,
  topology: Topology,
  candidate: Candidate,
  seed: number,
): Promise<Finished> {
  const { host } = topology.server;
  const reseeding = candidate.multipath === 'per-packet' ? startReseeding(sandbox, host, seed) : null;
  reseeding?.catch(() => undefined); // Heeded below, if the script doesn't fail first.
  const command = ['timeout', '--kill-after=5', String(scriptPatience), 'sh', '-eux', candidate.script];
  const finished =
    candidate.dump && !hasScript(candidate)
      ? await applyDump(sandbox, host, readDump(candidate.dump, topology))
      : await sandbox.attempt(host, command, { env: scriptEnvironment(topology) });
  if (finished.exitCode === expired) {
    throw new LabError('lab-failed', `${candidate.script} has not ended after ${scriptPatience} s`);
  }
  if (finished.exitCode !== 0) throw failure(candidate.script, finished);
  await reseeding;
  return finished;
}
