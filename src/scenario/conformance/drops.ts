import type { Drop } from '../../backend/crossing.ts';
import type { Shot } from '../../backend/volley.ts';
import type { Difference } from './compare.ts';
import { ownAddresses } from './traffic.ts';
import type { Trial } from './trial.ts';

/**
 * Where the two dropped other packets of a trial's, or for another reason. A drop bears no time: those of all trials that had the same
 * address in one lab are taken together, of the kernel's as of the model's.
 */
export function differencesInDrops(
  { phases }: Trial,
  kernel: readonly Drop[],
  model: readonly Drop[],
): readonly Difference[] {
  const shots = new Map<string, { readonly phase: number; readonly shot: Shot }>();
  for (const [phase, each] of phases.entries()) {
    for (const shot of each.shots)
      for (const address of ownAddresses(shot)) if (!shots.has(address)) shots.set(address, { phase, shot });
  }
  return [...shots]
    .map(([address, where]) => ({ ...where, kernel: about(address, kernel), model: about(address, model) }))
    .filter((each) => each.kernel.join('\n') !== each.model.join('\n'));
}

/** The drops that can be compared. What is left of a connection may be dropped at any time, in another trial, too. */
export function comparable(drops: readonly Drop[]): readonly Drop[] {
  return drops.filter(
    (drop) =>
      !drop.summary.startsWith('TCP ') &&
      addressesIn(drop).some((address) => ownAddresses({ destination: address }).length > 0),
  );
}

const about = (address: string, drops: readonly Drop[]): readonly string[] =>
  drops
    .filter((drop) => addressesIn(drop).includes(address))
    .map(describe)
    .sort();

const addressesIn = ({ source, destination }: Drop): readonly string[] =>
  [source, destination].map((end) => end.replace(/:.*/, ''));

const describe = ({ host, interface: name, source, destination, summary, reason }: Drop): string =>
  `${host} ${name} dropped ${source} > ${destination} ${summary}: ${reason}`;
