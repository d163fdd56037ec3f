/** `npm run robust [-- LINES [SEED]]`: has the model read lines of scripts that were made at random, a million unless said otherwise. */
import { randomInt } from 'node:crypto';
import { readAll } from './robust/read-all.ts';

const [lines = 1_000_000, seed = randomInt(2 ** 31 - 1)] = process.argv.slice(2).map(Number);
if (!(Number.isInteger(lines) && lines > 0 && Number.isInteger(seed))) {
  process.stderr.write('expected a number of lines, and maybe a seed: npm run robust -- 1000000 7\n');
  process.exitCode = 2;
} else {
  console.log(`seed ${seed}`);
  let told = 0;
  const found = await readAll(lines, seed, (read) => {
    if (Math.floor(read / 100_000) > told) console.log(`${++told}00,000 lines`);
  });
  const ends = `${found.succeeded} pieces succeeded, ${found.failed} failed, ${found.refused} were refused`;
  console.log(`${found.lines} lines: ${ends}`);
  if (found.broke !== null) {
    console.log(found.broke);
    process.exitCode = 1;
  }
}
