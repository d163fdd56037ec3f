import test from 'ava';
import homeGateway from '../../lab/topologies/home-gateway.ts';
import type { Crossing, Drop } from '../backend/crossing.ts';
import { droppedIn } from './dropped.ts';
import { recordFlow, type Flow } from './journey.ts';
import { judgeOutward, lineTaken, outage, type Outward } from './outward.ts';
import { answerTo, lineAddresses, pass, ways, waysBack } from './sample-home.ts';

const topology = homeGateway();
const far = '198.18.0.2:9';
const flow: Flow = { client: 'desktop', protocol: 'udp', sourcePort: 'any', server: '198.18.0.2', port: 9 };
const asked: Outward = {
  ...{
    service: 'new',
    uplink: 'ppp0',
    flow,
    from: 100,
    until: 200,
    route: 'ppp0',
    accepted: 'some',
    expected: 'works',
  },
};

let port = 5000;

/** A question from the home network, as far as it gets, with a line's address. */
function question(time: number, way: readonly string[], from = 1): readonly Crossing[] {
  port++;
  return pass({
    ...{ time, way, source: `192.168.2.100:${port}`, destination: far },
    nat: { source: `${lineAddresses[from - 1]!}:${port}` },
  });
}

/** @param drops what the kernel says; null: nothing */
function judge(
  packets: readonly (readonly Crossing[])[],
  of: Partial<Outward> = {},
  drops: readonly Drop[] | null = null,
) {
  const wanted = { ...asked, ...of };
  const evidence = { crossings: packets.flat(), until: 1000, filtered: { value: 0, from: 0, to: 0 }, drops };
  const record = recordFlow(topology, evidence, wanted.flow);
  const dropped = droppedIn(topology, evidence);
  return judgeOutward(topology, record, wanted, dropped);
}

test('a question that is answered works, by whatever line it goes', (t) => {
  for (const number of [1, 2]) {
    const asking = question(110, ways.toWorld(number), number);
    const cell = judge([asking, answerTo(asking, waysBack.toDesktop(number))]);
    t.like(cell, { found: 'works', ok: true });
    t.is(cell.journey.verdict.leftBy, `ppp${number - 1}`);
    t.regex(
      cell.detail,
      new RegExp(`left the server by ppp${number - 1} from ${lineAddresses[number - 1]!}:\\d+ and was answered$`),
    );
  }
});

test('what set out before its time, or after it, does not count', (t) => {
  for (const time of [99, 200]) {
    const asking = question(time, ways.toWorld(1));
    t.is(judge([asking, answerTo(asking, waysBack.toDesktop(1))]).found, 'dead-nexthop');
  }
});

test('what waited at a dead line, and went on when its time was over, was lost', (t) => {
  const asking = question(110, ways.toWorld(1));
  const late = asking.map((each, index) => ({ ...each, time: each.time + (index > 1 ? 90 : 0) }));
  t.is(judge([late, answerTo(late, waysBack.toDesktop(1))], { route: 'ppp0' }).found, 'dead-nexthop');
});

test('an answer that does not arrive is none', (t) => {
  const asking = question(110, ways.toWorld(1));
  t.is(judge([asking, answerTo(asking, waysBack.toInternet)]).found, 'request-lost');
});

test('a question that does not leave the server had no route, or a dead next hop: as the server says', (t) => {
  t.is(judge([question(110, ways.toServer)], { route: null }).found, 'no-route');
  t.is(judge([question(110, ways.toServer)], { route: 'ppp0' }).found, 'dead-nexthop');
  t.is(judge([], { route: null }).found, 'no-route', 'its own questions are not even packets');
});

test('a question that the line or the gateway passes no further had a dead next hop', (t) => {
  t.is(judge([question(110, ways.toIsp(1).slice(0, -1))]).found, 'dead-nexthop');
  t.is(judge([question(110, ways.toIsp(1))]).found, 'dead-nexthop');
});

test("a question that ends at an ISP with the other line's address left with a stale one", (t) => {
  const cell = judge([question(110, ways.toIsp(2))], { expected: 'stale-nat' });
  t.like(cell, { found: 'stale-nat', ok: true });
  const end = 'left the server by ppp1 from 203[.]0[.]113[.]2:\\d+ and was dropped by the source filter of isp2';
  t.regex(cell.detail, new RegExp(`${end} \\(inferred from captures and counters\\)$`));
});

test("where the kernel tells of drops, a stale address is one if it tells of that packet's", (t) => {
  const asking = question(110, ways.toIsp(2));
  const last = asking.at(-1)!;
  const drop: Drop = { ...last, reason: 'NETFILTER_DROP', function: 'nft_do_chain' };
  const cell = judge([asking], { expected: 'stale-nat' }, [drop]);
  t.like(cell, { found: 'stale-nat', ok: true });
  t.regex(cell.detail, /isp2 \(the kernel's word: NETFILTER_DROP, in nft_do_chain\)$/);
  t.is(judge([asking], {}, []).found, 'dead-nexthop');
  t.is(judge([asking], {}, [{ ...drop, reason: 'IP_RPFILTER' }]).found, 'dead-nexthop');
  t.is(judge([asking], {}, [{ ...drop, identity: 'udp id=1 offset=0 14' }]).found, 'dead-nexthop');
});

test('a question that is lost beyond the ISP is the matter of neither line', (t) => {
  const way = ways.toWorld(1).slice(0, -2);
  t.is(judge([question(110, way)]).found, 'request-lost');
});

test('of questions that were lost, the last decides that can have come to its end', (t) => {
  const early = question(110, ways.toServer);
  const late = question(150, ways.toIsp(2));
  const onItsWay = question(199.9, ways.toServer);
  t.is(judge([early, late, onItsWay]).found, 'stale-nat');
});

test('of a stream, data that were lost decide, and if none were, a confirmation', (t) => {
  const stream = { accepted: false } as const;
  const begun = question(50, ways.toWorld(1));
  const arrived = answerTo(begun, waysBack.toDesktop(1));
  const lost = pass({ time: 120, way: waysBack.toIsp(1), source: far, destination: begun.at(-1)!.source });
  const confirmed = question(130, ways.toServer);
  t.is(judge([begun, arrived, lost, confirmed], { ...stream, route: null }).found, 'reply-lost');
  const early = question(105, ways.toServer);
  t.is(judge([begun, arrived, early, lost], { ...stream, route: null }).found, 'reply-lost');
  t.is(judge([begun, arrived, confirmed], { ...stream, route: null }).found, 'no-route');
  t.is(judge([begun, arrived], { accepted: true }).found, 'works', "the client's own account");
});

test('an outage is the longest time without an answer', (t) => {
  const first = question(110, ways.toWorld(1));
  const lost = [question(120, ways.toServer), question(121, ways.toServer)];
  const last = question(130, ways.toWorld(2), 2);
  const packets = [first, answerTo(first, waysBack.toDesktop(1)), ...lost, last, answerTo(last, waysBack.toDesktop(2))];
  const record = recordFlow(topology, { crossings: packets.flat(), until: 1000 }, flow);
  const { lost: count, silence } = outage(record, flow, 100, 200);
  t.is(count, 2);
  t.is(Math.round(silence! * 10), 200);
  t.like(outage(record, flow, 115, 125), { lost: 2, silence: null });
  t.like(outage(record, flow, 100, 115), { lost: 0 });
  t.is(lineTaken(topology, record, asked), 'ppp1');
  t.is(lineTaken(topology, record, { ...asked, until: 115 }), 'ppp0');
  t.is(lineTaken(topology, record, { ...asked, from: 115, until: 125 }), null);
});
