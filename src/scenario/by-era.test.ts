import test from 'ava';
import { LabError } from '../net/error.ts';
import { byEra, inEra, isByEra, joinEras, mapEras } from './by-era.ts';
import { trialFor } from './scenario.ts';

const colours = byEra(
  'red',
  { since: '3.6', is: 'green', because: 'one change' },
  { since: '3.16.7', is: 'blue', because: 'another' },
);

test('what was changed last holds', (t) => {
  const found = ['2.6.32', '3.5.7', '3.6', '3.16', '3.16.7-ckt20', '6.18.44'].map((release) => inEra(colours, release));
  t.deepEqual(found, ['red', 'red', 'green', 'green', 'blue', 'blue']);
  t.is(inEra(byEra(1), '6.1'), 1);
});

test('changes that are not in order are a mistake', (t) => {
  const change = { since: '4.4', is: 2, because: '' };
  t.throws(() => byEra(1, change, { ...change, since: '3.6' }), { instanceOf: RangeError });
  t.throws(() => byEra(1, change, change), { instanceOf: RangeError });
  t.throws(() => byEra(1, { ...change, since: '2.4' }), { instanceOf: RangeError });
});

test('what is no release is refused', (t) => {
  t.throws(() => inEra(colours, 'six'), { instanceOf: LabError, code: 'invalid' });
});

test('each value may be made into another, and its release stays', (t) => {
  const lengths = mapEras(colours, ({ length }) => length);
  t.deepEqual(
    lengths.changes.map(({ since, is }) => [since, is]),
    [
      ['3.6', 5],
      ['3.16.7', 4],
    ],
  );
  t.is(lengths.before, 3);
});

test('of two statements together each change is one, and each release has what holds then', (t) => {
  const shapes = byEra(
    'round',
    { since: '2.6.33', is: 'flat', because: 'it was sat upon' },
    { since: '3.16.7', is: 'square', because: 'a third' },
  );
  const both = joinEras(colours, shapes, (colour, shape) => `${colour} and ${shape}`);
  t.is(both.before, 'red and round');
  t.deepEqual(both.changes, [
    { since: '2.6.33', is: 'red and flat', because: 'it was sat upon' },
    { since: '3.6', is: 'green and flat', because: 'one change' },
    { since: '3.16.7', is: 'blue and square', because: 'another; a third' },
  ]);
});

test("a trial's setting is that of the release, whether it is by era or not", (t) => {
  const trial = {
    ...{ candidate: 'c', variant: '', tunnels: {} },
    topology: { name: 't', title: '', hosts: [], links: [], server: { host: 's', uplinks: [] } },
  };
  t.is(trialFor({ ...trial, setting: colours }, '4.4').setting, 'blue');
  t.is(trialFor<string>({ ...trial, setting: 'plain' }, '4.4').setting, 'plain');
  t.false(isByEra<unknown>({ kind: 'other' }));
});
