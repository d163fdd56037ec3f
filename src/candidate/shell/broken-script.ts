/** Scripts that were broken at random, for the tests. */
import fc from 'fast-check';
import { generatedScript } from './generated-script.ts';

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

/** A text with up to three places that were broken. */
export const broken = (text: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(text, fc.array(change, { minLength: 1, maxLength: 3 })).map(([one, all]) => mutated(one, all));

/** @param scripts that are right */
export const brokenScript = (scripts: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof(
    broken(fc.constantFrom(...scripts)),
    broken(generatedScript),
    fc.array(fragment, { maxLength: 60 }).map((fragments) => fragments.join('')),
  );
