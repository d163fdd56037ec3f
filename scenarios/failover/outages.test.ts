import test from 'ava';
import type { Crossing } from '../../src/backend/crossing.ts';
import type { FlowRecord } from '../../src/scenario/journey.ts';
import { answerTo, lineAddresses, pass, ways, waysBack } from '../../src/scenario/sample-home.ts';
import type { Pair } from './expectation.ts';
import { asked, askers } from './gateway.ts';
import { outages } from './outages.ts';

const place = { address: '198.18.0.1', line: 0, uplink: 'ppp0' };
const question = asked(askers.desktop, [place], 'udp', 7);

/** A question that sets out at this time, and what comes of it. */
function questionAt(time: number): readonly Crossing[] {
  return pass({
    ...{ time, way: ways.toWorld(1), source: '192.168.2.100:50000', destination: '198.18.0.1:7' },
    nat: { source: `${lineAddresses[0]!}:50000` },
  });
}

/** What is told of a fault at 10 s after which asking went on from 10.1 to 20 s, by when these were asked and answered. */
function told(toEnd: boolean, expected: Pair, unanswered: readonly number[], answered: readonly number[]) {
  const requests = [...unanswered, ...answered].sort((one, other) => one - other).map((time) => questionAt(time));
  const replies = requests
    .filter((request) => answered.includes(request[0]!.time))
    .map((request) => ({ request, reply: answerTo(request, waysBack.toDesktop(1)) }));
  const record: FlowRecord = { requests, replies, lostLoops: [] };
  const phase = { from: 10.1, until: 20, settled: new Map([[question, [20]]]) };
  const watched = [{ asked: question, name: 'the flow', expected }];
  return outages(toEnd, () => record, 'from the fault', 10, phase, watched).map(({ found, ok }) => ({ found, ok }));
}

const works: Pair = ['works', 'works'];
const dead: Pair = ['dead-nexthop', 'works'];

test('an outage lasts until an answer comes, and is counted from the fault', (t) => {
  t.deepEqual(told(true, works, [10.02, 10.5], [12]), [
    { found: 'answered again; the longest silence was 2024 ms, with 2 packets unanswered', ok: true },
  ]);
  t.deepEqual(told(true, dead, [10.5], [12]), [
    { found: 'answered again; the longest silence was 1924 ms, with 1 packets unanswered', ok: false },
  ]);
});

test('what was on its way as the fault came does not end it', (t) => {
  t.deepEqual(told(true, works, [10.2, 15], [10.01]), [{ found: 'not answered: 2 packets', ok: false }]);
  t.deepEqual(told(true, dead, [10.2, 15], [10.01]), [{ found: 'not answered: 2 packets', ok: true }]);
});

test('an outage that does not end is left to the cell, where nothing else is known', (t) => {
  t.deepEqual(told(false, works, [10.2, 15], []), []);
  t.is(told(false, works, [10.2], [15]).length, 1);
});

test('of what is left to chance nothing is told', (t) => {
  t.deepEqual(told(true, ['any', 'works'], [10.2], [15]), []);
  t.deepEqual(told(true, ['works or dead-nexthop', 'works'], [10.2], [15]), []);
});
