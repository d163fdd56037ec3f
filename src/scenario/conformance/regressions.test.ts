import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import crossroads from '../../../lab/topologies/crossroads.ts';
import { modelBackend } from '../../model/lab.ts';
import { carryOut } from './carry-out.ts';
import { lookedUpLast, regressionsOfLookUps } from './regressions-of-look-ups.ts';
import { regressionsOfErrors } from './regressions-of-errors.ts';
import { regressionsOfTcp } from './regressions-of-tcp.ts';
import { outcomesOf, regressions } from './regressions.ts';

const all = [...regressions, ...regressionsOfErrors, ...regressionsOfTcp];

const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

const model = modelBackend({ release: '6.18.44', turn });
const options = { profile: 'kernel', seed: 1, tunnels: {}, directory: join(tmpdir(), 'unused'), label: 'model' };

for (const { title, trial, kernel } of all) {
  test(title, async (t) => {
    const { records } = await carryOut(model, crossroads(), [trial], options);
    t.deepEqual(records.map(outcomesOf), [kernel]);
  });
}

for (const { title, trial, kernel } of regressionsOfLookUps) {
  test(title, async (t) => {
    const { records } = await carryOut(model, crossroads(), [trial], { ...options, lookUps: true });
    t.deepEqual(
      records.map((record) => lookedUpLast(trial, record)),
      [kernel],
    );
  });
}
