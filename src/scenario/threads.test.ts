import test from 'ava';
import { modelBackend } from '../model/lab.ts';
import { LabError } from '../net/error.ts';
import { turn } from './backends.ts';
import { loadCandidate, loadScenario } from './catalogue.ts';
import { runPlans, type Carried, type Plan } from './run.ts';
import { startThreads, type Threads } from './threads.ts';

const release = '3.16.0';
const settings = { profile: 'kernel', seed: 3, directory: '' };

async function planOf(name: string): Promise<Plan> {
  const scenario = await loadScenario(name);
  const trials = scenario.trials.map(async (trial) => ({ trial, candidate: await loadCandidate(trial.candidate) }));
  return { name, scenario, trials: await Promise.all(trials), isCatalogued: true };
}

async function checksOf(plan: Plan, jobs: number, threads?: Threads) {
  const options = { ...settings, backend: modelBackend({ release, turn }), jobs, builders: jobs };
  const { scenarios } = await runPlans([plan], {
    ...options,
    onProgress: () => undefined,
    ...(threads && { threads }),
  });
  return scenarios.flatMap(({ trials }) =>
    trials.map(({ candidate, checks, error }) => ({ candidate, checks, error })),
  );
}

const never = (): Promise<Carried> => Promise.reject(new Error('not by a thread'));

test.serial('trials that a thread carries through bring what they do here, in their order', async (t) => {
  const plan = await planOf('udp-veth-workaround');
  const threads = startThreads(1, { ...settings, release });
  const places: string[] = [];
  const watched: Threads = {
    ...threads,
    carry: (each, trial, here) => {
      let place = 'there';
      const told = threads.carry(each, trial, () => {
        place = 'here';
        return here();
      });
      places.push(place);
      return told;
    },
  };
  try {
    t.deepEqual(await checksOf(plan, 2, watched), await checksOf(plan, 1));
  } finally {
    await threads.close();
  }
  t.deepEqual(places.slice(0, 2), ['there', 'here']);
});

test.serial("a thread's LabError comes as one, and it goes on; any other is its end", async (t) => {
  const plan = await planOf('udp-veth-workaround');
  const { trial } = plan.trials[0]!;
  const threads = startThreads(1, { ...settings, release });
  try {
    const error = await t.throwsAsync(threads.carry({ ...plan, name: 'nothing' }, trial, never), {
      instanceOf: LabError,
      code: 'invalid',
    });
    t.regex(error.message, /nothing/);
    t.true((await threads.carry(plan, trial, never)).checks.length > 1);
    const stranger = { ...plan, scenario: { ...plan.scenario, trials: [] } };
    await t.throwsAsync(threads.carry(stranger, trial, never), { message: /has no trial -1$/ });
    await t.throwsAsync(threads.carry(plan, trial, never), { message: 'not by a thread' });
  } finally {
    await threads.close();
  }
});

test.serial('who waits for a thread that is ended is told', async (t) => {
  const plan = await planOf('udp-veth-workaround');
  const threads = startThreads(1, { ...settings, release });
  const waiting = threads.carry(plan, plan.trials[0]!.trial, never);
  await Promise.all([t.throwsAsync(waiting, { message: /is gone$/ }), threads.close()]);
});
