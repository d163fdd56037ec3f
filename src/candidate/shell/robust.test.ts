/** Whatever the script: an outcome, or a LabError. The long run, on the model's own machine, is `npm run robust`. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import test from 'ava';
import fc from 'fast-check';
import { LabError } from '../../net/error.ts';
import { brokenScript } from './broken-script.ts';
import { evaluate, recordingMachine } from './testing.ts';

const lines = 10_000;
const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);

const folder = path.join(import.meta.dirname, '../../../lab/candidates');
const candidates = readdirSync(folder).map((name) => readFileSync(path.join(folder, name, 'up.sh'), 'utf8'));

test(`${lines} lines of broken scripts, seed ${seed}`, async (t) => {
  t.timeout(600_000);
  const environment = { IF1: 'isp1', GW1: '203.0.113.1', IP1: '203.0.113.2', NET1: '203.0.113.0/24' };
  const ends = { outcome: 0, refused: 0 };
  let read = 0;
  for (let round = 0; read < lines; round++) {
    await setImmediate(); // ava hears that it has more time.
    for (const source of fc.sample(brokenScript(candidates), { numRuns: 100, seed: seed + round })) {
      read += source.split('\n').length;
      // Every program is there, so that not even a name that was broken ends a script.
      const commands = Object.assign(new Set<string>(), { has: () => true });
      const machine = { ...recordingMachine([], { '/proc/sys/net/ipv4/ip_forward': '0\n' }), commands };
      try {
        evaluate(source, { file: 'up.sh', environment, machine, steps: 2000 });
        ends.outcome++;
      } catch (error) {
        if (!(error instanceof LabError)) t.fail(`${String(error)}: ${JSON.stringify(source)}`);
        else t.regex(error.message, /^up\.sh:[1-9][0-9]*:[1-9][0-9]*: ./, source);
        ends.refused++;
      }
    }
  }
  t.log(`${ends.outcome} came to an end, ${ends.refused} were refused`);
  t.true(ends.outcome > 0 && ends.refused > 0);
});
