import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import crossroads from '../../../lab/topologies/crossroads.ts';
import { asRoot } from '../../kernel/testing.ts';
import { bothBackends } from '../backends.ts';
import { carryOut } from './carry-out.ts';
import { lookedUpLast, regressionsOfLookUps } from './regressions-of-look-ups.ts';
import { regressionsOfErrors } from './regressions-of-errors.ts';
import { regressionsOfTcp } from './regressions-of-tcp.ts';
import { outcomesOf, regressions } from './regressions.ts';

const all = [...regressions, ...regressionsOfErrors, ...regressionsOfTcp];

asRoot('the kernel does what regressions say that it does', async (t) => {
  const [kernel] = await bothBackends({ tunnels: false });
  const directory = await mkdtemp(join(tmpdir(), 'regressions-test-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const options = { profile: 'kernel', seed: 1, tunnels: {}, directory, label: 'kernel', lookUps: true };
  const trials = [...all, ...regressionsOfLookUps].map(({ trial }) => trial);
  const { records } = await carryOut(kernel, crossroads(), trials, options);
  t.is(records.length, trials.length);
  for (const [index, { title, kernel: outcomes }] of all.entries()) {
    t.deepEqual(outcomesOf(records[index] ?? []), outcomes, title);
  }
  for (const [index, { title, trial, kernel: lookUps }] of regressionsOfLookUps.entries()) {
    t.deepEqual(lookedUpLast(trial, records[all.length + index] ?? []), lookUps, title);
  }
});
