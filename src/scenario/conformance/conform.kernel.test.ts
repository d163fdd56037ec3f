import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import crossroads from '../../../lab/topologies/crossroads.ts';
import { asRoot } from '../../kernel/testing.ts';
import { disagreementText } from '../../report/conformance.ts';
import { bothBackends } from '../backends.ts';
import { conform } from './conform.ts';

const count = Number(process.env['CONFORMANCE_COUNT'] ?? 500);
const seed = Number(process.env['CONFORMANCE_SEED'] ?? randomInt(2 ** 31 - 1));

asRoot(`kernel and model agree on ${count} random journeys, seed ${seed}`, async (t) => {
  t.timeout(600_000);
  const [kernel, model] = await bothBackends({ tunnels: false });
  const directory = await mkdtemp(join(tmpdir(), 'conformance-test-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const options = {
    topology: crossroads(),
    kernel,
    model,
    count,
    seed,
    jobs: 2,
    shard: { index: 1, of: 1 },
    directory,
  };
  const found = await conform({ ...options, attempts: 60, progress: () => undefined });
  t.log(
    `${found.journeys} journeys in ${found.trials} trials, of which ${found.unsteady.length} differed once, and not again`,
  );
  t.log([...found.tried].map(([mechanism, times]) => `${mechanism} ${times}`).join(', '));
  t.true(found.journeys >= count);
  if (process.env['CI'] === 'true') t.true((found.lookUps ?? 0) > count, `${found.lookUps} look-ups were seen`);
  t.deepEqual(
    found.disagreements.map((each) => disagreementText(seed, each)),
    [],
  );
});
