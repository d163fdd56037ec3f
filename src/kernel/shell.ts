import type { Candidate } from '../candidate/candidate.ts';
import type { Topology } from '../topology/topology.ts';
import { applyCandidate } from './apply.ts';
import { buildNetwork } from './network.ts';
import { interact } from './process.ts';
import { profileNamed } from '../topology/profile.ts';
import { assertReady } from './requirements.ts';
import { openSandbox } from './sandbox.ts';

/** The multipath hash's; any does. */
const seed = 1;

/**
 * Builds a network and gives the user a shell in one of its hosts.
 *
 * @returns the shell's exit status
 */
export async function openShell(
  topology: Topology,
  host: string,
  { profile, candidate }: { readonly profile: string; readonly candidate: Candidate | null },
): Promise<number> {
  await assertReady(false, candidate?.programs ?? []);
  const settings = { profile: profileNamed(profile), seed, tunnels: {} };
  const sandbox = await openSandbox();
  try {
    await buildNetwork(sandbox, topology, settings);
    if (candidate) await applyCandidate(sandbox, topology, candidate, seed);
    const others = topology.hosts.map(({ name }) => name).join(', ');
    process.stderr.write(`This is ${host}. In any host (${others}): ip netns exec HOST COMMAND\n`);
    return await interact(sandbox.enter(host, ['env', `PS1=${host}# `, 'bash', '--norc']));
  } finally {
    await sandbox.close();
  }
}
