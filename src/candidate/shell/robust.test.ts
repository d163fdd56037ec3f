/** Whatever the script: an outcome, or a LabError. `SCRIPT_LINES=1000000 npx ava src/candidate/shell/robust.test.ts` is the long run. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import test from 'ava';
import fc from 'fast-check';
import { LabError } from '../../net/error.ts';

import { generatedScript } from './generated-script.ts';
import { evaluate, recordingMachine } from './testing.ts';

const lines = Number(process.env['SCRIPT_LINES'] ?? 40_000);
const seed = Number(process.env['SEED'] ?? 1);

const folder = path.join(import.meta.dirname, '../../../lab/candidates');
const candidates = readdirSync(folder).map((name) => readFileSync(path.join(folder, name, 'up.sh'), 'utf8'));

/** What breaks shell text best. */
const fragment = fc.oneof(
  fc.constantFrom(...'\'"`$\\(){}[]<>|&;#!*?~=:+-/%^@,.\n\t 019ax'.split(/(?:)/u)),
  fc.constantFrom(
    '$(',
    '$((',
    '${',
    '<<E\n',
    '<<-',
    '\nE\n',
    ';;',
    '&&',
    '||',
    '>&',
    '2>',
    '>>',
    '\\\n',
    '"$@"',
    '$*',
    '=(',
  ),
  fc.constantFrom(
    ' if ',
    ' then ',
    ' fi',
    ' for x in ',
    ' do ',
    ' done',
    ' while ',
    'case x in ',
    ' esac',
    ' f() {',
    ' }',
    ' eval ',
    ' shift ',
  ),
  fc.string({ minLength: 1, maxLength: 3, unit: 'binary' }),
);

/** A place in a text as a fraction, how much is taken away there, and what is put in its place. */
const change = fc.tuple(
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.nat({ max: 4 }),
  fc.option(fragment, { nil: '' }),
);

function mutated(source: string, changes: readonly (readonly [number, number, string])[]): string {
  return changes.reduce((text, [place, taken, put]) => {
    const at = Math.floor(place * text.length);
    return text.slice(0, at) + put + text.slice(at + taken);
  }, source);
}

const script = fc.oneof(
  fc
    .tuple(fc.constantFrom(...candidates), fc.array(change, { minLength: 1, maxLength: 3 }))
    .map(([one, all]) => mutated(one, all)),
  fc.tuple(generatedScript, fc.array(change, { minLength: 1, maxLength: 3 })).map(([one, all]) => mutated(one, all)),
  fc.array(fragment, { maxLength: 60 }).map((fragments) => fragments.join('')),
);

test(`${lines} lines of broken scripts, seed ${seed}`, async (t) => {
  t.timeout(3_600_000);
  const environment = { IF1: 'isp1', GW1: '203.0.113.1', IP1: '203.0.113.2', NET1: '203.0.113.0/24' };
  const ends = { outcome: 0, refused: 0 };
  let read = 0;
  for (let round = 0; read < lines; round++) {
    await setImmediate(); // ava hears that it has more time.
    for (const source of fc.sample(script, { numRuns: 500, seed: seed + round })) {
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
