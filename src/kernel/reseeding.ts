import { launchProgram } from './inside/program.ts';
import type { Sandbox } from './sandbox.ts';

/** How many seeds go round; enough that every nexthop of a route comes up, in no regular order. */
const turns = 61;

/**
 * Makes a host choose nexthops per packet, as Linux 3.6 to 4.3 did, by changing the seed of its hash all the time.
 * The order of seeds follows from `seed`; which packet meets which seed is a matter of timing.
 */
export async function startReseeding(sandbox: Sandbox, host: string, seed: number): Promise<void> {
  const seeds = Array.from({ length: turns }, (_, turn) => String((seed + turn * 0x9e3779b1) >>> 0 || 1));
  const job = await launchProgram(sandbox, host, 'reseed', seeds);
  await job.says(/^reseeding$/m, 10);
}
