import test from 'ava';
import type { Drop } from '../../backend/crossing.ts';
import type { Shot } from '../../backend/volley.ts';
import { comparable, differencesInDrops } from './drops.ts';

const shot: Shot = {
  ...{ host: 'internet', protocol: 'udp', source: '198.18.1.2', destination: '203.0.113.2', port: 7, sourcePort: 1100 },
};
const drop = (source: string, reason: string, parts: Partial<Drop> = {}): Drop => ({
  ...{ host: 'server', interface: 'up1', source, destination: '203.0.113.2:7', summary: 'UDP 14 bytes' },
  ...{ identity: '', reason, function: 'ip_rcv_finish_core', ...parts },
});
const trial = {
  seed: 1,
  phases: [
    { steps: [], shots: [] },
    { steps: [], shots: [shot] },
  ],
};
const line = (reason: string): string => `server up1 dropped 198.18.1.2:1100 > 203.0.113.2:7 UDP 14 bytes: ${reason}`;

test('a packet that one dropped and the other did not, or for another reason, or once more', (t) => {
  const filtered = drop('198.18.1.2:1100', 'IP_RPFILTER');
  const of = (kernel: readonly Drop[], model: readonly Drop[]) => differencesInDrops(trial, kernel, model);
  t.deepEqual(of([filtered], [filtered]), []);
  t.deepEqual(of([filtered], []), [{ phase: 1, shot, kernel: [line('IP_RPFILTER')], model: [] }]);
  t.deepEqual(of([filtered], [drop('198.18.1.2:1100', 'IP_LOCAL_SOURCE')]), [
    { phase: 1, shot, kernel: [line('IP_RPFILTER')], model: [line('IP_LOCAL_SOURCE')] },
  ]);
  t.is(of([filtered], [filtered, filtered]).length, 1);
});

test('what is not of the trial is no difference', (t) => {
  t.deepEqual(differencesInDrops(trial, [drop('198.18.1.4:1100', 'IP_RPFILTER')], []), []);
});

test('compared is what has an address of its own, and is not of a connection', (t) => {
  const [own, common] = [drop('198.18.1.2:1100', 'IP_RPFILTER'), drop('203.0.113.1:7', 'IP_RPFILTER')];
  const connection = drop('198.18.1.2:1100', 'IP_RPFILTER', { summary: 'TCP SYN' });
  t.deepEqual(comparable([own, common, connection]), [own]);
});
