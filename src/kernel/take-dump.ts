import type { Candidate } from '../candidate/candidate.ts';
import { dumpFiles } from '../candidate/dump/files.ts';
import { readDumpFiles, type DumpTexts } from '../candidate/dump/kept.ts';
import type { Topology } from '../topology/topology.ts';
import { applyCandidate } from './apply.ts';
import { linksNoticed } from './link-watch.ts';
import { buildNetwork, type NetworkOptions } from './network.ts';
import type { Sandbox } from './sandbox.ts';

/**
 * Builds a network, has a candidate set up its server, and takes that one's dump.
 *
 * @throws LabError `lab-failed` if the candidate's script fails
 */
export async function dumpUnder(
  sandbox: Sandbox,
  topology: Topology,
  candidate: Candidate,
  options: NetworkOptions,
): Promise<DumpTexts> {
  await buildNetwork(sandbox, topology, options);
  await applyCandidate(sandbox, topology, candidate, options.seed);
  // Until then routes by lines that are up are told to be by lines that aren't.
  await linksNoticed(sandbox, topology);
  const { host } = topology.server;
  return readDumpFiles((file) => sandbox.run(`taking ${file}`, host, dumpFiles[file].split(' ')));
}
