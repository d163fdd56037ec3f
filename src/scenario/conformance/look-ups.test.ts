import test from 'ava';
import type { TableLookUp } from '../../backend/look-up.ts';
import type { Shot } from '../../backend/volley.ts';
import type { TrialRecord } from './carry-out.ts';
import { countOf, differencesInLookUps, joined, lookUpsBetween, type LookUp } from './look-ups.ts';

const shot: Shot = {
  ...{ host: 'internet', protocol: 'udp', source: '198.18.1.2', destination: '203.0.113.2', port: 7, sourcePort: 1100 },
};
const lookUp = (parts: Partial<TableLookUp>): TableLookUp => ({
  ...{ thread: '', table: 255, source: '203.0.113.2', destination: '198.18.1.2', protocol: 17, sourcePort: 7 },
  ...{ destinationPort: 1100, input: 'lo', output: null, tos: 0, scope: 0, mark: 0, error: 'EAGAIN', device: null },
  ...{ gateway: null, ...parts },
});
const local = lookUp({});
const main = lookUp({ table: 254, error: 0, device: 'up1', gateway: '203.0.113.1' });
const line = (words: string): string => `203.0.113.2:7 > 198.18.1.2:1100 proto 17 iif lo tos 0 scope 0 mark 0 ${words}`;

const differences = (kernel: readonly LookUp[], model: readonly LookUp[], protocol: Shot['protocol'] = 'udp') => {
  const record = (lookUps: readonly LookUp[]): TrialRecord => [{ steps: [], crossings: [[]], lookUps: [lookUps] }];
  const trial = { seed: 1, phases: [{ steps: [], shots: [{ ...shot, protocol }] }] };
  return differencesInLookUps(trial, record(kernel), record(model)).map(({ kernel: one, model: other }) => [
    one,
    other,
  ]);
};

test('what is asked of one table after another is one look-up, until the first is asked again', (t) => {
  t.deepEqual(joined([local, main, local, main]), [
    [local, main],
    [local, main],
  ]);
  const suppressed = [local, main, { ...main, table: 102 }, main];
  t.deepEqual(joined(suppressed), [suppressed]);
});

test('what another thread asks meanwhile, or for another packet, stands for itself', (t) => {
  const [elsewhere, other] = [lookUp({ thread: '1 0 server' }), lookUp({ source: '203.0.114.2' })];
  t.deepEqual(joined([local, elsewhere, other, main]), [[local, main], [elsewhere], [other]]);
});

test('tables in another order, other answers, and one look-up more are differences', (t) => {
  const whole = [local, main];
  const byTable = lookUp({ table: 102 });
  t.deepEqual(differences([whole], [whole]), []);
  t.deepEqual(differences([[local, byTable, main]], [[local, main, byTable]]), [
    [
      [line('table 255: EAGAIN'), line('table 102: EAGAIN'), line('table 254: dev up1 via 203.0.113.1')],
      [line('table 255: EAGAIN'), line('table 254: dev up1 via 203.0.113.1'), line('table 102: EAGAIN')],
    ],
  ]);
  for (const parts of [
    ...[{ device: 'up2' }, { gateway: '203.0.113.9' }, { error: 'EACCES' }, { mark: 1 }, { tos: 16 }, { input: 'up1' }],
    ...[{ output: 'up1' }, { source: '203.0.114.2' }, { protocol: 0 }, { destinationPort: 9 }, { scope: 253 }],
  ] as const) {
    t.is(differences([[local, main]], [[local, { ...main, ...parts }]]).length, 1, JSON.stringify(parts));
  }
  t.is(differences([whole, whole], [whole]).length, 1);
  t.is(differences([whole], []).length, 1);
});

test('a mark that the kernel does not tell, and a gateway where there is none, are no difference', (t) => {
  t.deepEqual(differences([[{ ...local, mark: null }]], [[{ ...local, mark: 3 }]]), []);
  const direct = { ...main, gateway: null };
  t.deepEqual(differences([[main]], [[direct]]), []);
  t.is(differences([[direct]], [[main]]).length, 1);
});

test('how often a connection looks up is no difference, but what it looks up', (t) => {
  const [one, other] = [[local, main], [{ ...local, output: 'up2' }]];
  t.deepEqual(differences([one, other, one], [other, one], 'tcp'), []);
  t.is(differences([one], [one, other], 'tcp').length, 1);
  t.is(differences([one, other], [one], 'tcp').length, 1);
});

test('look-ups are those between two marks, and without a mark there is no evidence', (t) => {
  const mark = (number: number): TableLookUp => lookUp({ destination: `127.1.0.${number}` });
  const all = [mark(0), local, mark(1), main, mark(2), local, mark(3)];
  t.deepEqual(lookUpsBetween(all, 2, 3).slice(1), [local]);
  const error = t.throws(() => lookUpsBetween(all.slice(0, -1), 2, 3), { code: 'lab-failed' });
  t.regex(error.message, /mark 3 is missing/);
});

test('what the kernel does not tell is not counted as nothing', (t) => {
  t.is(countOf({ steps: [], crossings: [], lookUps: null }), null);
  t.is(countOf({ steps: [], crossings: [], lookUps: [[[local, main]], [[local]]] }), 3);
});
