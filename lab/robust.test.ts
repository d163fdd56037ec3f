import { randomInt } from 'node:crypto';
import test from 'ava';
import { readAll } from './robust/read-all.ts';

test('whatever a script says, the model does it or refuses it with its place', async (t) => {
  t.timeout(120_000);
  const seed = randomInt(2 ** 31 - 1);
  const found = await readAll(1500, seed, () => undefined);
  t.log(`seed ${seed}: ${found.lines} lines`);
  t.is(found.broke, null);
  for (const end of ['succeeded', 'failed', 'refused'] as const) t.true(found[end] > 10, `${found[end]} ${end}`);
});
