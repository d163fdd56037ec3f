import fc from 'fast-check';
import type { Drop } from '../../backend/crossing.ts';
import type { Decision } from '../../backend/decision.ts';
import type { Backend, LabOptions } from '../../backend/lab.ts';
import { LabError } from '../../net/error.ts';
import type { Topology } from '../../topology/topology.ts';
import { allEnded } from '../run.ts';
import { carryOut, type TrialRecord } from './carry-out.ts';
import { byChance } from './chance.ts';
import { differencesOf, type Difference } from './compare.ts';
import { comparable, differencesInDrops } from './drops.ts';
import { countOf, differencesInLookUps } from './look-ups.ts';
import { trials } from './generate.ts';
import { triesOf } from './traffic.ts';
import type { Trial } from './trial.ts';

export interface ConformanceOptions {
  readonly topology: Topology;
  readonly kernel: Backend;
  readonly model: Backend;
  /** How many journeys to make, at least: trials are carried out to their end. */
  readonly count: number;
  /** From which all trials follow. */
  readonly seed: number;
  /** The one trial of them that is carried out; absent: as many as it takes. */
  readonly only?: number | undefined;
  /** Labs at once. */
  readonly jobs: number;
  /** Of equal parts of the trials, the one that is carried out, counted from 1. */
  readonly shard: { readonly index: number; readonly of: number };
  /** How often a trial in which they differ is carried out again, to make it smaller: once at least. */
  readonly attempts: number;
  /** For the labs' captures and logs. */
  readonly directory: string;
  /** Hears how many journeys have been compared. */
  readonly progress: (journeys: number) => void;
}

/** What came of it. */
export interface Conformance {
  readonly seed: number;
  readonly trials: number;
  readonly journeys: number;
  /** Journeys whose packets went anywhere at all. */
  readonly travelled: number;
  /** Others, that were not compared: a nexthop was chosen for them by a secret of the kernel's own. */
  readonly byChance: number;
  readonly disagreements: readonly Disagreement[];
  /** Trials in which they differed once, and not when the same trials were carried out again: the kernel did two things, or was seen to. */
  readonly unsteady: readonly Disagreement[];
  /** How many dropped packets were compared, by the kernel's own word for why; null where it says none. */
  readonly drops: number | null;
  /** How often a lab of many trials was carried out once more, for the kernel had kept back some of what the server looks up. */
  readonly keptBack: number;
  /** How many of the server's look-ups in tables were compared; null where the kernel doesn't tell of them. */
  readonly lookUps: number | null;
  /** By mechanism: in how many trials it was set up. */
  readonly tried: ReadonlyMap<string, number>;
  /** By stage: how many decisions the model made there. */
  readonly decisions: ReadonlyMap<string, number>;
}

/** A trial in which kernel and model differ, as small as it could be made. */
export interface Disagreement {
  /** Which of the trials it was; from the seed and this, it can be made again. */
  readonly index: number;
  readonly trial: Trial;
  readonly differences: readonly Difference[];
  /** Whether they differed in a lab of its own, too. If not, what came before it in the same lab has to do with it. */
  readonly again: boolean;
}

/** How many trials a lab is for, before there is another. */
const trialsPerLab = 40;

/**
 * Has kernel and model carry out the same random trials, and compares every crossing of every journey. Trials are carried out
 * many to a lab; where any differ, all of that lab's are carried out once more, and those that differ again are disagreements.
 * Each is tried in a lab of its own; the first few are made as small as they can be while they still differ.
 *
 * @throws LabError `lab-failed` if a lab fails
 */
export async function conform(options: ConformanceOptions): Promise<Conformance> {
  const { count, seed, only, jobs, progress } = options;
  const all = only === undefined ? sample(seed, count) : [numbered(seed, only)];
  const mine = all.filter((_, index) => index % options.shard.of === options.shard.index - 1);
  const result = {
    ...{
      seed,
      trials: mine.length,
      journeys: 0,
      travelled: 0,
      byChance: 0,
      keptBack: 0,
      drops: null as number | null,
      lookUps: null as number | null,
    },
    ...{
      disagreements: [] as Disagreement[],
      unsteady: [] as Disagreement[],
      tried: new Map<string, number>(),
      decisions: new Map<string, number>(),
    },
  };
  const batches = Array.from({ length: Math.ceil(mine.length / trialsPerLab) }, (_, batch) =>
    mine.slice(batch * trialsPerLab, (batch + 1) * trialsPerLab).sort(quietFirst),
  );
  const work = async (): Promise<void> => {
    for (let batch = batches.shift(); batch; batch = batches.shift()) {
      const first = await both(options, batch);
      result.keptBack += first.keptBack;
      const { records, decisions, drops } = first;
      for (const { stage } of decisions) add(result.decisions, stage, 1);
      if (drops) result.drops = (result.drops ?? 0) + drops.kernel.length;
      for (const [place, { trial }] of batch.entries()) {
        for (const [phase, record] of (records[place]?.kernel ?? []).entries()) {
          const chance = records[place]?.chance[phase];
          const lookUps = countOf(record, chance);
          if (lookUps !== null) result.lookUps = (result.lookUps ?? 0) + lookUps;
          const compared = record.crossings.filter((_, shot) => !chance?.[shot]);
          result.journeys += compared.length;
          result.byChance += record.crossings.length - compared.length;
          result.travelled += compared.filter((each) => each.length > 0).length;
        }
        const tries = trial.phases.flatMap(({ steps, shots }) => [
          ...steps.flatMap((step) => step.tries),
          ...shots.flatMap(triesOf),
        ]);
        for (const mechanism of new Set(tries)) add(result.tried, mechanism, 1);
      }
      const found = disagreementsIn(batch, first);
      const second = found.length > 0 ? await both(options, batch) : null;
      result.keptBack += second?.keptBack ?? 0;
      const again = second ? disagreementsIn(batch, second) : [];
      const lasting = found.filter(({ index }) => again.some((other) => other.index === index));
      for (const each of found) if (!lasting.includes(each)) result.unsteady.push({ ...each, again: false });
      for (const each of lasting) {
        const runs = result.disagreements.length < shrunk ? options.attempts : Math.min(1, options.attempts);
        result.disagreements.push(await shrink(options, runs, each));
      }
      progress(result.journeys);
    }
  };
  const workers = Array.from({ length: jobs }, async () => {
    try {
      await work();
    } catch (error) {
      batches.length = 0; // The others end with the batch that they are at.
      throw error;
    }
  });
  await allEnded(workers);
  return result;
}

/**
 * What a connection leaves unfinished is sent again in later trials of its lab, when that is a matter of time. It hurts none where
 * each flow goes its own way; in those that go by turns, everything counts. They have no connections, and come before all that do.
 */
function quietFirst(one: Numbered, other: Numbered): number {
  const connects = ({ trial }: Numbered): boolean =>
    trial.phases.some(({ shots }) => shots.some(({ protocol }) => protocol === 'tcp'));
  return Number(connects(one)) - Number(connects(other));
}

const add = (counts: Map<string, number>, key: string, more: number): void =>
  void counts.set(key, (counts.get(key) ?? 0) + more);

interface Numbered {
  readonly index: number;
  readonly trial: Trial;
}

function numbered(seed: number, index: number): Numbered {
  const trial = fc.sample(trials, { seed, numRuns: index + 1 })[index];
  if (!trial) throw new Error(`there is no trial ${index}`);
  return { index, trial };
}

/** As many trials as there have to be for so many journeys. */
function sample(seed: number, count: number): readonly Numbered[] {
  const chosen: Numbered[] = [];
  for (let numRuns = Math.ceil(count / 5); ; numRuns *= 2) {
    let journeys = 0;
    chosen.length = 0;
    for (const [index, trial] of fc.sample(trials, { seed, numRuns }).entries()) {
      if (journeys >= count) return chosen;
      journeys += trial.phases.reduce((sum, { shots }) => sum + shots.length, 0);
      chosen.push({ index, trial });
    }
    if (journeys >= count) return chosen;
  }
}

/** What differs in a batch of trials. */
function disagreementsIn(
  batch: readonly Numbered[],
  { records, drops }: Pick<Both, 'records' | 'drops'>,
): readonly Omit<Disagreement, 'again'>[] {
  return batch.flatMap(({ trial, index }, place) => {
    const record = records[place];
    if (!record) throw new Error('a trial was not carried out');
    const differences = [
      ...differencesOf(trial, record.kernel, record.model, record.chance),
      ...(drops ? differencesInDrops(trial, drops.kernel, drops.model) : []),
      ...differencesInLookUps(trial, record.kernel, record.model, record.chance),
    ];
    return differences.length > 0 ? [{ index, trial, differences }] : [];
  });
}

interface Pair {
  readonly kernel: TrialRecord;
  readonly model: TrialRecord;
  /** By phase and shot: whether chance decides. */
  readonly chance: readonly (readonly boolean[])[];
}

interface Both {
  readonly records: readonly Pair[];
  readonly decisions: readonly Decision[];
  /** How many labs of the kernel's were not complete before this one was. */
  readonly keptBack: number;
  /** Null where the kernel doesn't say what it drops. */
  readonly drops: { readonly kernel: readonly Drop[]; readonly model: readonly Drop[] } | null;
}

let labs = 0;
/** How often a lab is carried out again that the kernel doesn't tell all of. */
const patience = 4;

async function both(
  { topology, kernel, model, directory, seed }: ConformanceOptions,
  numbered: readonly Numbered[],
): Promise<Both> {
  const only = numbered.map(({ trial }) => trial);
  const settings: LabOptions = {
    profile: 'kernel',
    seed,
    tunnels: {},
    directory,
    label: `conformance-${++labs}`,
    lookUps: true,
  };
  const modelled = await carryOut(model, topology, only, { ...settings, explain: true });
  let real = await carryOut(kernel, topology, only, settings);
  let keptBack = 0;
  for (; real.evidence.lookUpsMissed; keptBack++) {
    if (keptBack === patience) {
      throw new LabError(
        'lab-failed',
        `the kernel kept look-ups from bpftrace in ${patience + 1} labs one after the other`,
      );
    }
    real = await carryOut(kernel, topology, only, settings);
  }
  const records = only.map((trial, index): Pair => {
    const [one, other] = [real.records[index], modelled.records[index]];
    if (!one || !other) throw new Error('a trial was not carried out');
    return { kernel: one, model: other, chance: byChance(trial, modelled.evidence.chosenBySecret ?? []) };
  });
  const [dropped, modelDropped] = [real.evidence.drops, modelled.evidence.drops];
  const drops = dropped && modelDropped && { kernel: comparable(dropped), model: comparable(modelDropped) };
  return { records, decisions: modelled.evidence.decisions ?? [], keptBack, drops };
}

/** How many of the trials in which they differ are made smaller. */
const shrunk = 3;

/** Carries a trial out again, and makes it smaller for as long as the two still differ in it, each time in a lab of its own. */
async function shrink(
  options: ConformanceOptions,
  most: number,
  found: Omit<Disagreement, 'again'>,
): Promise<Disagreement> {
  const { index } = found;
  let smallest = found;
  let [again, runs] = [false, 0];
  const property = fc.asyncProperty(trials, async (smaller) => {
    if (++runs > most) return true;
    const one = [{ index, trial: smaller }];
    const [differing] = disagreementsIn(one, await both(options, one));
    if (!differing) return true;
    again = true;
    smallest = differing;
    return false;
  });
  await fc.check(property, { seed: options.seed, path: String(index), numRuns: 1 });
  return { ...smallest, again };
}
