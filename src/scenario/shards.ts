import { LabError } from '../net/error.ts';
import type { RunResult, RunShard, ScenarioResult, Shard } from './result.ts';
import type { Plan } from './run.ts';
import { trialName } from './scenario.ts';

/** What came of one shard, and the file that says so. */
export interface Part<Result, Its extends Shard = Shard> {
  readonly file: string;
  readonly shard: Its;
  readonly result: Result;
}

/**
 * Deals the trials out as cards are, one to each shard in turn, so that each has as many of every scenario as the others, or one more.
 *
 * @throws LabError `invalid` if there are more shards than trials
 */
export function planShard(
  plans: readonly Plan[],
  { index, of }: Shard,
): { readonly plans: readonly Plan[]; readonly shard: RunShard } {
  const whole = plans.map(({ name, trials }) => ({
    scenario: name,
    trials: trials.map(({ trial }) => trialName(trial)),
  }));
  const count = plans.reduce((sum, { trials }) => sum + trials.length, 0);
  if (of > count) throw new LabError('invalid', `--shard: ${count} trials can't be shared out to ${of}`);
  let dealt = 0;
  const mine = plans.map((plan) => ({ ...plan, trials: plan.trials.filter(() => dealt++ % of === index - 1) }));
  return { plans: mine.filter(({ trials }) => trials.length > 0), shard: { index, of, whole } };
}

/**
 * The parts in the order of their shards.
 *
 * @throws LabError `invalid` if they are not each shard of one whole, once
 */
export function inOrder<Its extends Part<unknown>>(parts: readonly Its[]): readonly Its[] {
  const [first] = parts;
  if (!first) throw new LabError('invalid', 'nothing to merge');
  const { of } = first.shard;
  for (const { file, shard } of parts) {
    if (shard.index < 1 || shard.index > shard.of)
      throw new LabError('invalid', `${file}: there is no shard ${nameOf(shard)}`);
    if (shard.of === of) continue;
    throw new LabError(
      'invalid',
      `${file} is shard ${nameOf(shard)}, but ${first.file} is shard ${nameOf(first.shard)}`,
    );
  }
  const slots = Array.from({ length: of }, (_, slot) => ({ index: slot + 1, of }));
  const found = slots.map(({ index }) => parts.filter(({ shard }) => shard.index === index));
  const [twins] = found.filter(({ length }) => length > 1);
  if (twins?.[0]) {
    const files = twins.map(({ file }) => file).join(' and ');
    throw new LabError('invalid', `shard ${nameOf(twins[0].shard)} is there more than once: ${files}`);
  }
  const missing = slots.filter((_, slot) => found[slot]?.length === 0).map(nameOf);
  if (missing.length > 0) {
    const what = missing.length === 1 ? `shard ${missing.join()} is` : `shards ${missing.join(', ')} are`;
    throw new LabError('invalid', `${what} missing`, `name the results of all ${of}`);
  }
  return found.flat();
}

const nameOf = ({ index, of }: Shard): string => `${index}/${of}`;

/**
 * Makes sure that all parts say the same of what they are parts of.
 *
 * @param factsOf what that is, each fact by its name
 * @throws LabError `invalid`, naming the first that says something else, and what
 */
export function assertAgree<Result>(
  parts: readonly Part<Result>[],
  factsOf: (result: Result) => Readonly<Record<string, string | number>>,
): void {
  const [first, ...others] = parts;
  if (!first) return;
  for (const [name, value] of Object.entries(factsOf(first.result))) {
    for (const { file, result } of others) {
      const own = factsOf(result)[name];
      if (own === value) continue;
      throw new LabError('invalid', `not shards of one whole: ${file} has ${name} ${own}, but ${first.file} ${value}`);
    }
  }
}

/**
 * The run that the parts are all of, as if it had been run in one piece; its time is what all took together.
 *
 * @throws LabError `invalid` if they are not each part of one run, once, or a part isn't the trials that it should be
 */
export function mergeRuns(parts: readonly Part<RunResult, RunShard>[]): RunResult {
  const ordered = inOrder(parts);
  assertAgree(ordered, ({ backend, kernel, profile, seed }) => ({ backend, kernel, profile, seed }));
  const [first] = ordered;
  if (!first) throw new Error('there is a part');
  const { backend, kernel, profile, seed } = first.result;
  const { whole } = first.shard;
  for (const { file, shard } of ordered) {
    if (JSON.stringify(shard.whole) === JSON.stringify(whole)) continue;
    throw new LabError('invalid', `not shards of one whole: ${file} is of other trials than ${first.file}`);
  }
  const decks = ordered.map(({ file, result }) => ({ file, cards: result.scenarios.flatMap(cardsOf) }));
  let dealt = 0;
  const scenarios = whole.map(({ scenario: name, trials }): ScenarioResult => {
    const cards = trials.map((trial) => {
      const deck = decks[dealt++ % decks.length];
      const card = deck?.cards.shift();
      if (card?.scenario.name === name && trialName(card.trial) === trial) return card;
      throw new LabError('invalid', `${deck?.file}: ${name}, ${trial}: not where it should be among the trials`);
    });
    const [card] = cards;
    if (!card) throw new LabError('invalid', `${first.file}: ${name} has no trials`);
    const milliseconds = cards.reduce((sum, { trial }) => sum + trial.milliseconds, 0);
    return { ...card.scenario, trials: cards.map(({ trial }) => trial), milliseconds };
  });
  for (const { file, cards } of decks) {
    if (cards[0]) throw new LabError('invalid', `${file}: ${trialName(cards[0].trial)}: not one of the run's trials`);
  }
  return {
    ...{ backend, kernel, profile, seed },
    startedAt: ordered.map(({ result }) => result.startedAt).sort()[0] ?? first.result.startedAt,
    scenarios,
    milliseconds: ordered.reduce((sum, { result }) => sum + result.milliseconds, 0),
  };
}

function cardsOf(scenario: ScenarioResult): { scenario: ScenarioResult; trial: ScenarioResult['trials'][number] }[] {
  return scenario.trials.map((trial) => ({ scenario, trial }));
}
