import { assertAgree, inOrder, type Part } from '../shards.ts';
import type { Conformance, Disagreement } from './conform.ts';

/** What the trials follow from, and what the model was held to. */
interface Facts {
  readonly kernel: string;
  readonly count: number;
}

/**
 * What all shards have come to, their figures added up.
 *
 * @throws LabError `invalid` if they are not each part of one whole, once
 */
export function mergeConformance<Found extends Conformance & Facts>(
  parts: readonly Part<Found>[],
): Conformance & Facts {
  const ordered = inOrder(parts);
  assertAgree(ordered, ({ kernel, seed, count }) => ({ kernel, seed, count }));
  const results = ordered.map(({ result }) => result);
  const [first] = results;
  if (!first) throw new Error('there is a part');
  const total = (figure: (found: Found) => number): number => results.reduce((sum, found) => sum + figure(found), 0);
  return {
    ...{ kernel: first.kernel, count: first.count, seed: first.seed },
    trials: total(({ trials }) => trials),
    journeys: total(({ journeys }) => journeys),
    travelled: total(({ travelled }) => travelled),
    keptBack: total(({ keptBack }) => keptBack),
    byChance: total(({ byChance }) => byChance),
    drops: results.some(({ drops }) => drops !== null) ? total(({ drops }) => drops ?? 0) : null,
    lookUps: results.some(({ lookUps }) => lookUps !== null) ? total(({ lookUps }) => lookUps ?? 0) : null,
    unsteady: inTurn(results.flatMap(({ unsteady }) => unsteady)),
    disagreements: inTurn(results.flatMap(({ disagreements }) => disagreements)),
    tried: addUp(results.map(({ tried }) => tried)),
    decisions: addUp(results.map(({ decisions }) => decisions)),
  };
}

const inTurn = (found: readonly Disagreement[]): readonly Disagreement[] =>
  found.toSorted((one, other) => one.index - other.index);

function addUp(maps: readonly ReadonlyMap<string, number>[]): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const [key, value] of maps.flatMap((map) => [...map])) sums.set(key, (sums.get(key) ?? 0) + value);
  return sums;
}
