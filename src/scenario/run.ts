import type { Backend, Lab } from '../backend/lab.ts';
import type { Candidate } from '../candidate/candidate.ts';
import { LabError } from '../net/error.ts';
import { validateTopology } from '../topology/validate.ts';
import { control } from './control.ts';
import { lacking, lackingFeature } from './lacking.ts';
import type { CheckResult, RunResult, ScenarioResult, TrialResult } from './result.ts';
import { trialFor, trialName, type Scenario, type Trial } from './scenario.ts';
import type { Threads } from './threads.ts';

export interface RunOptions {
  readonly backend: Backend;
  readonly profile: string;
  readonly seed: number;
  /** How many labs at once. Most of a lab's time is waiting for what doesn't come. */
  readonly jobs: number;
  /** How many of them may be under construction at once, which is work; so that the others' clients aren't starved. */
  readonly builders: number;
  /** The run's folder. */
  readonly directory: string;
  readonly onProgress: (progress: Progress) => void;
  /** Those that carry through trials beside this one, on the same backend; absent: this one does all. */
  readonly threads?: Threads;
}

/** Told as each trial begins and ends. */
export interface Progress {
  readonly scenario: string;
  readonly trial: string;
  /** `null`: it has begun. */
  readonly result: TrialResult | null;
}

/** A scenario with its name, and the trials of it that are to be run, each with its candidate. */
export interface Plan {
  readonly name: string;
  readonly scenario: Scenario;
  readonly trials: readonly { readonly trial: Trial; readonly candidate: Candidate }[];
  /** Whether scenario and candidates are those that anybody finds by these names. */
  readonly isCatalogued?: true;
}

/**
 * Runs trials side by side, each in a lab of its own, and returns their results in the scenarios' own order.
 *
 * @throws LabError `cannot-run` or `invalid`, when the run as a whole can't go on: no other trial is begun then, and
 *   every lab is closed before this rejects; what goes wrong within a trial is that trial's result
 */
export async function runPlans(plans: readonly Plan[], options: RunOptions): Promise<RunResult> {
  const started = performance.now();
  const startedAt = new Date().toISOString();
  const slot = limiter(options.jobs);
  const shared = { ...options, building: limiter(options.builders), ending: ending() };
  const scenarios = await allEnded(
    plans.map(async (plan): Promise<ScenarioResult> => {
      const trials = await allEnded(
        plan.trials.map(({ trial, candidate }) => slot(() => runTrial(plan, trial, candidate, shared))),
      );
      return {
        name: plan.name,
        title: plan.scenario.title,
        services: plan.scenario.services,
        trials,
        milliseconds: trials.reduce((sum, { milliseconds }) => sum + milliseconds, 0),
      };
    }),
  );
  return {
    backend: options.backend.name,
    kernel: options.backend.release,
    profile: options.profile,
    seed: options.seed,
    startedAt,
    scenarios,
    milliseconds: performance.now() - started,
  };
}

/** What the trials of a run have in common. */
interface Shared extends RunOptions {
  readonly building: Limiter;
  readonly ending: Ending;
}

async function runTrial(plan: Plan, trial: Trial, candidate: Candidate, shared: Shared): Promise<TrialResult> {
  const { ending, onProgress } = shared;
  ending.throwIfBegun();
  const name = trialName(trial);
  onProgress({ scenario: plan.name, trial: name, result: null });
  const started = performance.now();
  const lacks =
    lacking(candidate, trial, shared.backend) ??
    (await lackingFeature(trial, shared.backend).catch((error: unknown) => {
      throw ending.begin(error);
    }));
  const outcome =
    lacks === null
      ? await carry(plan, trial, candidate, shared).catch((error: unknown) => {
          if (!isOfTrial(error)) throw ending.begin(error);
          return { checks: [], error: { message: error.message, hint: error.hint } };
        })
      : { checks: [], lacks };
  ending.throwIfBegun();
  const result: TrialResult = {
    candidate: trial.candidate,
    variant: trial.variant,
    ...outcome,
    ...(candidate.multipath === 'per-packet' && { chance: true as const }),
    milliseconds: performance.now() - started,
  };
  onProgress({ scenario: plan.name, trial: name, result });
  return result;
}

/** Letters of a trial's name in those of its files. What is called by its path may have more; trials differ at the end. */
const longestName = 120;

/** What a trial brought. */
export interface Carried {
  readonly checks: readonly CheckResult[];
}

/** Has a trial carried through, here or by another thread, unless the run ends. */
function carry(plan: Plan, trial: Trial, candidate: Candidate, shared: Shared): Promise<Carried> {
  const { backend, building, ending, threads } = shared;
  const here = (): Promise<Carried> =>
    carryThrough(plan, trial, candidate, {
      ...shared,
      release: backend.release,
      open: (topology, settings) =>
        building(() => {
          ending.throwIfBegun();
          return backend.open(topology, settings).catch((error: unknown) => {
            // Now, so that the next in line isn't built.
            throw isOfTrial(error) ? error : ending.begin(error);
          });
        }),
    });
  return threads ? Promise.race([threads.carry(plan, trial, here), ending.begun]) : here();
}

/** What carrying a trial through takes. */
interface Means extends Pick<RunOptions, 'profile' | 'seed' | 'directory'>, Pick<Backend, 'open' | 'release'> {
  /** Ends the trial, too; absent: whoever asked for it does. */
  readonly ending?: Ending;
}

/** Carries a trial through in a lab of its own, which is closed then, whatever comes of it. */
export async function carryThrough(
  plan: Pick<Plan, 'name' | 'scenario'>,
  trial: Trial,
  candidate: Candidate,
  { open, release, profile, seed, directory, ending }: Means,
): Promise<Carried> {
  validateTopology(trial.topology);
  const label = `${plan.name}--${trialName(trial)
    .replaceAll(/[^a-z0-9.]+/gi, '-')
    .replace(/-$/, '')
    .slice(-longestName)}`;
  const lab = await open(trial.topology, { profile, seed, tunnels: trial.tunnels, directory, label });
  const work = async (): Promise<Carried> => {
    ending?.throwIfBegun();
    const controlled = await control(lab);
    if (!controlled.ok) return { checks: [controlled] };
    await lab.apply(candidate);
    const checks = await plan.scenario.run(lab, trialFor(trial, release), { candidate, release, seed });
    return { checks: [controlled, ...checks] };
  };
  return closing(lab, () => (ending ? Promise.race([work(), ending.begun]) : work()));
}

/** Whether an error is what became of one trial, and no reason to end the run. */
function isOfTrial(error: unknown): error is LabError {
  return error instanceof LabError && error.code === 'lab-failed';
}

/** Does the work and closes the lab, whatever comes of it; an error of the work's own says more than one of closing. */
export async function closing<T>(lab: Lab, work: () => Promise<T>): Promise<T> {
  let result: T;
  try {
    result = await work();
  } catch (error) {
    await lab.close().catch(() => undefined);
    throw error;
  }
  await lab.close();
  return result;
}

/** The end of the whole run before its time, by the first error that isn't a trial's own. */
interface Ending {
  /** Rejects with that error. */
  readonly begun: Promise<never>;
  /** Returns the error that the run ends by, which is `error` if there was none before. */
  begin(error: unknown): unknown;
  throwIfBegun(): void;
}

function ending(): Ending {
  const controller = new AbortController();
  const { signal } = controller;
  const begun = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });
  begun.catch(() => undefined); // Nobody may be waiting for it.
  return {
    begun,
    begin: (error) => {
      controller.abort(error); // Only the first time counts.
      return signal.reason as unknown;
    },
    throwIfBegun: () => {
      signal.throwIfAborted();
    },
  };
}

/** As `Promise.all`, but rejects only when all have ended. */
export async function allEnded<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}

type Limiter = <T>(task: () => Promise<T>) => Promise<T>;

/** Lets at most `limit` tasks run at a time, and starts them in the order they came. */
function limiter(limit: number): Limiter {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (task) => {
    if (running >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}
