import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import crossroads from '../../../lab/topologies/crossroads.ts';
import { modelBackend } from '../../model/lab.ts';
import { conform, type ConformanceOptions } from './conform.ts';

const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

/** Two eras of the model, one in the kernel's place. */
const between = (one: string, other: string, parts: Partial<ConformanceOptions> = {}): ConformanceOptions => ({
  ...{ topology: crossroads(), count: 150, seed: 5, jobs: 1, attempts: 1, shard: { index: 1, of: 1 } },
  kernel: modelBackend({ release: one, turn }),
  model: modelBackend({ release: other, turn }),
  directory: join(tmpdir(), 'unused'),
  progress: () => undefined,
  ...parts,
});

test('what does the same agrees, and as many journeys are compared as were asked for', async (t) => {
  const heard: number[] = [];
  const found = await conform(between('6.18.44', '6.18.44', { progress: (journeys) => heard.push(journeys) }));
  t.deepEqual(found.disagreements, []);
  t.true(found.journeys >= 150 && found.journeys < 200, `${found.journeys}`);
  t.is(heard.at(-1), found.journeys);
  t.true(found.travelled > found.journeys * 0.8, `${found.travelled}`);
  t.true((found.tried.get('multipath route') ?? 0) > 5);
  t.true((found.decisions.get('nexthop') ?? 0) > 20);
});

test('where Linux has changed, trials that show it are found, and made smaller', async (t) => {
  t.timeout(120_000);
  const once = between('6.18.44', '6.12', { count: 20, attempts: 1 });
  const [asFound, smaller] = [await conform(once), await conform({ ...once, attempts: 40 })];
  t.true(asFound.disagreements.length > 0);
  t.is(smaller.disagreements.length, asFound.disagreements.length);
  for (const [place, { differences, again, trial }] of smaller.disagreements.entries()) {
    t.true(again);
    t.true(differences.length > 0);
    for (const { kernel, model } of differences) t.notDeepEqual(kernel, model);
    if (place < 3) {
      t.true(JSON.stringify(trial).length < JSON.stringify(asFound.disagreements[place]?.trial).length);
    }
  }
});

test('shards share the trials among them', async (t) => {
  const whole = await conform(between('6.18.44', '6.18.44'));
  const parts = await Promise.all(
    [1, 2, 3].map((index) => conform(between('6.18.44', '6.18.44', { shard: { index, of: 3 } }))),
  );
  t.is(
    parts.reduce((sum, { trials }) => sum + trials, 0),
    whole.trials,
  );
  t.is(
    parts.reduce((sum, { journeys }) => sum + journeys, 0),
    whole.journeys,
  );
});
