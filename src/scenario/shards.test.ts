import { tmpdir } from 'node:os';
import test from 'ava';
import { makePlans } from '../cli/plans.ts';
import { modelBackend } from '../model/lab.ts';
import type { RunResult, RunShard } from './result.ts';
import { runPlans, type Plan } from './run.ts';
import { trialName } from './scenario.ts';
import { assertAgree, inOrder, mergeRuns, planShard, type Part } from './shards.ts';

const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

const onModel = (plans: readonly Plan[]): Promise<RunResult> =>
  runPlans(plans, {
    ...{ backend: modelBackend({ release: '6.18.44', turn }), profile: 'kernel', seed: 3, jobs: 4, builders: 1 },
    directory: tmpdir(),
    onProgress: () => undefined,
  });

/** A run without what no two runs have in common. */
function timeless(run: RunResult): unknown {
  return JSON.parse(
    JSON.stringify(run, (key, value: unknown) => (['milliseconds', 'startedAt'].includes(key) ? null : value)),
  );
}

const plans = await makePlans(['multihome-udp', 'rp-filter', 'udp-veth-workaround'], []);
const names = (dealt: readonly Plan[]): readonly string[] =>
  dealt.flatMap(({ name, trials }) => trials.map(({ trial }) => `${name}: ${trialName(trial)}`));
const slots = (of: number): readonly number[] => Array.from({ length: of }, (_, slot) => slot + 1);

test('each trial is in one shard, and shards are as large as each other, of every scenario', (t) => {
  const all = names(plans);
  t.true(all.length > 20);
  for (const of of [1, 2, 3, 5, 7, all.length]) {
    const shards = slots(of).map((index) => planShard(plans, { index, of }));
    t.deepEqual(shards.flatMap((each) => names(each.plans)).sort(), [...all].sort());
    for (const plan of plans) {
      const sizes = shards.map((each) => each.plans.find(({ name }) => name === plan.name)?.trials.length ?? 0);
      t.true(Math.max(...sizes) - Math.min(...sizes) <= 1, `${of} shards of ${plan.name}: ${sizes.join(' ')}`);
    }
    for (const { plans: dealt, shard } of shards) {
      t.true(dealt.every(({ trials }) => trials.length > 0));
      t.deepEqual(
        shard.whole.flatMap(({ scenario, trials }) => trials.map((trial) => `${scenario}: ${trial}`)),
        all,
      );
    }
  }
});

test('more shards than trials are refused', (t) => {
  const of = names(plans).length + 1;
  const error = t.throws(() => planShard(plans, { index: 1, of }), { code: 'invalid' });
  t.is(error.message, `--shard: ${of - 1} trials can't be shared out to ${of}`);
});

test('the shards of a run on the model, merged in any order, are the run in one piece but for times', async (t) => {
  const wanted = plans.filter(({ name }) => name !== 'rp-filter');
  const whole = await onModel(wanted);
  const parts = await Promise.all(
    [3, 1, 2].map(async (index) => {
      const { plans: dealt, shard } = planShard(wanted, { index, of: 3 });
      return { file: `${index}.json`, shard, result: await onModel(dealt) };
    }),
  );
  const merged = mergeRuns(parts);
  t.deepEqual(timeless(merged), timeless(whole));
  t.true(merged.scenarios.flatMap(({ trials }) => trials).length > 10);
  const sum = (each: readonly { readonly milliseconds: number }[]): number =>
    each.reduce((total, { milliseconds }) => total + milliseconds, 0);
  t.is(merged.milliseconds, sum([parts[1]!.result, parts[2]!.result, parts[0]!.result]));
  for (const { trials, milliseconds } of merged.scenarios) t.is(milliseconds, sum(trials));
  t.is(merged.startedAt, parts.map(({ result }) => result.startedAt).sort()[0]!);
});

const whole = [
  { scenario: 'one', trials: ['a', 'b (behind NAT)'] },
  { scenario: 'two', trials: ['a'] },
];

/** A shard of that, with trials as `one: b (behind NAT)`. */
function part(index: number, of: number, trials: readonly string[], changes: Partial<RunResult> = {}) {
  const scenarios = [...new Set(trials.map((trial) => trial.replace(/:.*/, '')))].map((name) => ({
    ...{ name, title: name, services: [], milliseconds: 1 },
    trials: trials.flatMap((trial) => {
      const [, own = '', candidate = '', variant = ''] = /^(\w+): (\w+)(?: \((.+)\))?$/.exec(trial)!;
      return own === name ? [{ candidate, variant, checks: [], milliseconds: 1 }] : [];
    }),
  }));
  const facts = {
    backend: 'kernel',
    kernel: '6.18.44',
    profile: 'kernel',
    seed: 3,
    startedAt: '2026',
    milliseconds: 1,
  };
  const result = { ...facts, scenarios, ...changes } as RunResult;
  const shard: RunShard = { index, of, whole };
  return { file: `${index}.json`, shard, result };
}

const first = part(1, 2, ['one: a', 'two: a']);
const second = part(2, 2, ['one: b (behind NAT)']);

test('what the tests below spoil is whole', (t) => {
  t.deepEqual(
    mergeRuns([second, first]).scenarios.map(({ name, trials }) => [name, trials.map(trialName)]),
    [
      ['one', ['a', 'b (behind NAT)']],
      ['two', ['a']],
    ],
  );
});

const spoilt: readonly (readonly [string, readonly Part<RunResult, RunShard>[], string])[] = [
  ['nothing', [], 'nothing to merge'],
  ['a shard that is missing', [second], 'shard 1/2 is missing'],
  ['shards that are missing', [part(2, 3, [])], 'shards 1/3, 3/3 are missing'],
  [
    'a shard twice',
    [first, second, { ...first, file: 'again.json' }],
    'shard 1/2 is there more than once: 1.json and again.json',
  ],
  ['shards of another division', [first, part(2, 3, [])], '2.json is shard 2/3, but 1.json is shard 1/2'],
  ['a shard beyond the last', [first, second, part(3, 2, [])], '3.json: there is no shard 3/2'],
  ...Object.entries({ backend: 'model', kernel: '5.10.1', profile: 'systemd', seed: 4 } as const).map(
    ([name, value]) =>
      [
        `another ${name}`,
        [first, part(2, 2, ['one: b (behind NAT)'], { [name]: value })],
        `not shards of one whole: 2.json has ${name} ${value}, but 1.json ${first.result[name as 'seed']}`,
      ] as const,
  ),
  [
    'other trials',
    [first, { ...second, shard: { ...second.shard, whole: whole.slice(0, 1) } }],
    'not shards of one whole: 2.json is of other trials than 1.json',
  ],
  [
    'a trial that a shard lacks',
    [first, part(2, 2, [])],
    '2.json: one, b (behind NAT): not where it should be among the trials',
  ],
  [
    'a trial that a shard should not have',
    [first, part(2, 2, ['one: b (behind NAT)', 'two: c'])],
    "2.json: c: not one of the run's trials",
  ],
];
for (const [name, parts, message] of spoilt) {
  test(`refused: ${name}`, (t) => {
    const error = t.throws(() => mergeRuns(parts), { code: 'invalid' });
    t.is(error.message, message);
  });
}

test('parts of anything are put in order, and have to agree', (t) => {
  const of = (index: number, seed: number): Part<{ readonly seed: number }> => ({
    ...{ file: `${index}`, shard: { index, of: 3 }, result: { seed } },
  });
  t.deepEqual(
    inOrder([of(3, 1), of(1, 1), of(2, 1)]).map(({ file }) => file),
    ['1', '2', '3'],
  );
  t.notThrows(() => assertAgree([of(1, 1), of(2, 1)], ({ seed }) => ({ seed })));
  t.throws(() => assertAgree([of(1, 1), of(2, 1), of(3, 2)], ({ seed }) => ({ seed })), {
    message: 'not shards of one whole: 3 has seed 2, but 1 1',
  });
});
