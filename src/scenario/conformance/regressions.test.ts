import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import crossroads from '../../../lab/topologies/crossroads.ts';
import { modelBackend } from '../../model/lab.ts';
import { carryOut } from './carry-out.ts';
import { regressionsOfErrors } from './regressions-of-errors.ts';
import { regressionsOfTcp } from './regressions-of-tcp.ts';
import { outcomesOf, regressions } from './regressions.ts';

const all = [...regressions, ...regressionsOfErrors, ...regressionsOfTcp];

const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

for (const { title, trial, kernel } of all) {
  test(title, async (t) => {
    const options = { profile: 'kernel', seed: 1, tunnels: {}, directory: join(tmpdir(), 'unused'), label: 'model' };
    const { records } = await carryOut(modelBackend({ release: '6.18.44', turn }), crossroads(), [trial], options);
    t.deepEqual(records.map(outcomesOf), [kernel]);
  });
}
