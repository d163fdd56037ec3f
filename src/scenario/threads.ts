/** Trials on the model, carried through by several threads: each loads the scenarios for itself. */
import { Worker } from 'node:worker_threads';
import { LabError, type LabErrorCode } from '../net/error.ts';
import { isCompiled, moduleUrl } from './module.ts';
import type { CheckResult } from './result.ts';
import type { Carried, Plan, RunOptions } from './run.ts';
import type { Trial } from './scenario.ts';

/** What a thread has to know from the beginning. */
export interface ThreadSettings extends Pick<RunOptions, 'profile' | 'seed' | 'directory'> {
  /** The release that the model stands for. */
  readonly release: string;
}

/** A trial, for whoever has the same scenarios: the scenario's name, and the trial's place in it. */
export interface Asked {
  readonly scenario: string;
  readonly trial: number;
}

/** What came of it. */
export type Told =
  | { readonly checks: readonly CheckResult[] }
  /** A LabError's own words; an error of any other kind is the thread's, and ends it. */
  | { readonly code: LabErrorCode; readonly message: string; readonly hint: string };

/** Threads beside this one. */
export interface Threads {
  readonly count: number;
  /** Has a trial carried through by a thread that is free; by `here`, in this one, if none is. */
  carry(plan: Plan, trial: Trial, here: () => Promise<Carried>): Promise<Carried>;
  close(): Promise<void>;
}

/** How a thread begins: where we are not compiled, tsx has to be asked to in each. */
const itself = `import(${JSON.stringify(moduleUrl('src/scenario/thread'))})`;
const beginning = isCompiled
  ? itself
  : `import(${JSON.stringify(import.meta.resolve('tsx/esm/api'))}).then(({ register }) => {
  register();
  return ${itself};
})`;

/** @param count how many, beside this one */
export function startThreads(count: number, settings: ThreadSettings): Threads {
  const all = Array.from({ length: count }, () => new Worker(beginning, { eval: true, workerData: settings }));
  const free = [...all];
  return {
    count,
    carry: async ({ name, scenario }, trial, here) => {
      const thread = free.pop();
      if (!thread) return here();
      const told = await ask(thread, { scenario: name, trial: scenario.trials.indexOf(trial) });
      free.push(thread);
      if ('checks' in told) return told;
      throw new LabError(told.code, told.message, told.hint);
    },
    close: async () => {
      await Promise.all(all.map((thread) => thread.terminate()));
    },
  };
}

function ask(thread: Worker, asked: Asked): Promise<Told> {
  return new Promise((resolve, reject) => {
    const settle = (settled: () => void): void => {
      thread.off('message', answer).off('error', fail).off('exit', end);
      settled();
    };
    const answer = (told: Told): void => {
      settle(() => {
        resolve(told);
      });
    };
    const where = `trial ${asked.trial} of ${asked.scenario}`;
    const fail = (error: Error): void => {
      settle(() => {
        reject(new Error(`${where}: ${error.message}`, { cause: error }));
      });
    };
    const end = (): void => {
      fail(new Error('the thread that carried it through is gone'));
    };
    thread.on('message', answer).on('error', fail).on('exit', end);
    thread.postMessage(asked);
  });
}
