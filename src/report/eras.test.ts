import test from 'ava';
import { turnsBetween } from '../model/era.ts';
import { eraTable } from './eras.ts';
import { readTable } from './read-table.ts';

test('a row for each change: since when, what, from what to what, by which commit', (t) => {
  const turns = [
    { since: '4.4', title: 'choice among nexthops', from: 'in turn', to: 'by a hash', commit: '0e884c78ee19' },
    { since: '5.3', title: 'ip nexthop', from: 'unknown', to: 'known', commit: null },
  ];
  t.deepEqual(readTable(eraTable(turns, { color: false }), ' '), [
    ['since', 'what', 'before', 'from then on', 'commit'],
    ['4.4', 'choice among nexthops', 'in turn', 'by a hash', '0e884c78ee19'],
    ['5.3', 'ip nexthop', 'unknown', 'known', ''],
  ]);
});

test('everything that is known fits in, word by word', (t) => {
  const turns = turnsBetween();
  t.deepEqual(
    readTable(eraTable(turns, { color: false }), ' ').slice(1),
    turns.map(({ since, title, from, to, commit }) => [since, title, from, to, commit ?? '']),
  );
});
