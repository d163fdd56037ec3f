import test from 'ava';
import fc from 'fast-check';
import { LabError } from '../net/error.ts';
import { wholeNumber } from './number.ts';

const read = wholeNumber('--jobs', 1, 1000);

test('reads whole numbers within the bounds, and the bounds', (t) => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 1000 }), (value) => t.is(read(String(value)), value)));
  t.is(read('007'), 7);
});

for (const text of [
  ...['0', '1001', '4294967296', '99999999999999999999', '-1', '+1', '1.0', '1e2', '0x10', '1_000', '1,000'],
  ...['', ' ', ' 1', '1 ', '1\n', 'one', 'NaN', 'Infinity', '١', '１', 'null'],
]) {
  test(`refuses ${JSON.stringify(text)}`, (t) => {
    const error = t.throws(() => read(text), { instanceOf: LabError });
    t.is(error.code, 'invalid');
    t.is(error.message, `--jobs: expected a whole number from 1 to 1000, got '${text}'`);
  });
}

test('a seed may have all of 32 bits', (t) => {
  const seed = wholeNumber('--seed', 1, 0xffffffff);
  t.is(seed('4294967295'), 4294967295);
  t.throws(() => seed('4294967296'), { message: /from 1 to 4294967295, got '4294967296'/ });
});
