import type { Evidence } from '../../backend/crossing.ts';
import { isOwn, ownAddresses } from './traffic.ts';
import type { Trial } from './trial.ts';

/**
 * Which of a trial's shots are a matter of chance, phase by phase: those whose packets had a nexthop chosen by a secret, which the
 * kernel keeps to itself before Linux 6.11. What was chosen for a flow bears on it to the trial's end, by conntrack and NAT.
 *
 * @param choices of all trials in one lab; addresses are a shot's own, and where a packet has none of those, its port tells
 */
export function byChance(
  { phases }: Trial,
  choices: NonNullable<Evidence['chosenBySecret']>,
): readonly (readonly boolean[])[] {
  const ends = choices.map(({ source, destination }) => [source, destination].map((end) => end.split(':')));
  const addresses = new Set(ends.flat().map(([address = '']) => address));
  const strangers = ends.filter((pair) => !pair.some(([address = '']) => isOwn(address)));
  const ports = new Set(strangers.flat().map(([, port]) => Number(port)));
  return phases.map(({ shots }) =>
    shots.map((shot) => ownAddresses(shot).some((address) => addresses.has(address)) || ports.has(shot.sourcePort)),
  );
}
