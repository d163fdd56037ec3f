import test from 'ava';
import homeGateway from '../../lab/topologies/home-gateway.ts';
import type { Crossing } from '../backend/crossing.ts';
import { recordFlow, type Flow } from './journey.ts';
import { judgeOutward, lineTaken, recovery, type Outward } from './outward.ts';

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

let identity = 0;
/** A packet's crossings, each `host interface`, out and in by turns; the server gives it the address `nat` when it leaves. */
function packet(
  time: number,
  way: string,
  source: string,
  destination: string,
  nat: Partial<Crossing> = {},
): readonly Crossing[] {
  const same = { protocol: 'udp', identity: `packet ${++identity}`, summary: 'UDP 1 byte' } as const;
  let ends = { source, destination };
  return way.split(', ').map((place, index): Crossing => {
    const [host = '', name = ''] = place.split(' ');
    const direction = index % 2 === 0 ? 'out' : 'in';
    if (host === 'server' && direction === 'out') ends = { ...ends, ...nat };
    return { ...same, ...ends, time: time + index / 1000, host, interface: name, direction };
  });
}

const inside = 'desktop eth0, server eth2';
const line = (number: number): string => `server ppp${number - 1}, isp${number} server`;
const beyond = (number: number): string => `isp${number} internet, internet isp${number}, internet world, world eth0`;
const addresses = ['203.0.113.2', '203.0.114.77'];

/** A question from the home network, as far as it gets, by a line, from a line's address. */
function question(time: number, way: string, by = 1, from = by): readonly Crossing[] {
  const port = 5000 + identity;
  const source = `${addresses[from - 1]!}:${port}`;
  return packet(time, way, `192.168.2.100:${port}`, far, { source });
}

/** The answer to a question that arrived, as far as it gets. */
function answer(asking: readonly Crossing[], way: string): readonly Crossing[] {
  const [first, last] = [asking[0]!, asking.at(-1)!];
  return packet(last.time + 0.01, way, last.destination, last.source, { destination: first.source });
}

const whole = (number: number): string => [inside, line(number), beyond(number)].join(', ');
const home = (number: number): string =>
  `world eth0, internet world, internet isp${number}, isp${number} internet, isp${number} server, server ppp${number - 1}, server eth2, desktop eth0`;

function judge(packets: readonly (readonly Crossing[])[], of: Partial<Outward> = {}) {
  const wanted = { ...asked, ...of };
  const record = recordFlow(topology, { crossings: packets.flat(), until: 1000 }, wanted.flow);
  return judgeOutward(topology, record, wanted);
}

test('a question that is answered works, by whatever line it goes', (t) => {
  for (const number of [1, 2]) {
    const asking = question(110, whole(number), number);
    const cell = judge([asking, answer(asking, home(number))]);
    t.like(cell, { found: 'works', ok: true });
    t.is(cell.journey.verdict.leftBy, `ppp${number - 1}`);
    t.regex(
      cell.detail,
      new RegExp(`left the server by ppp${number - 1} from ${addresses[number - 1]!}:\\d+ and was answered$`),
    );
  }
});

test('what set out before its time, or after it, does not count', (t) => {
  for (const time of [99, 200]) {
    const asking = question(time, whole(1));
    t.is(judge([asking, answer(asking, home(1))]).found, 'dead-nexthop');
  }
});

test('what waited at a dead line, and went on when its time was over, was lost', (t) => {
  const asking = question(110, whole(1));
  const late = asking.map((each, index) => ({ ...each, time: each.time + (index > 1 ? 90 : 0) }));
  t.is(judge([late, answer(late, home(1))], { route: 'ppp0' }).found, 'dead-nexthop');
});

test('an answer that does not arrive is none', (t) => {
  const asking = question(110, whole(1));
  t.is(judge([asking, answer(asking, 'world eth0, internet world')]).found, 'request-lost');
});

test('a question that does not leave the server had no route, or a dead next hop: as the server says', (t) => {
  t.is(judge([question(110, inside)], { route: null }).found, 'no-route');
  t.is(judge([question(110, inside)], { route: 'ppp0' }).found, 'dead-nexthop');
  t.is(judge([], { route: null }).found, 'no-route', 'its own questions are not even packets');
});

test('a question that the line or the gateway passes no further had a dead next hop', (t) => {
  t.is(judge([question(110, `${inside}, server ppp0`)]).found, 'dead-nexthop');
  t.is(judge([question(110, `${inside}, ${line(1)}`)]).found, 'dead-nexthop');
});

test("a question that ends at an ISP with the other line's address left with a stale one", (t) => {
  const cell = judge([question(110, `${inside}, ${line(2)}`, 2, 1)], { expected: 'stale-nat' });
  t.like(cell, { found: 'stale-nat', ok: true });
  t.regex(cell.detail, /left the server by ppp1 from 203\.0\.113\.2:\d+ and got no further than isp2$/);
});

test('a question that is lost beyond the ISP is the matter of neither line', (t) => {
  const way = whole(1).split(', ').slice(0, -2).join(', ');
  t.is(judge([question(110, way)]).found, 'request-lost');
});

test('of questions that were lost, the last decides that can have come to its end', (t) => {
  const early = question(110, inside);
  const late = question(150, `${inside}, ${line(2)}`, 2, 1);
  const onItsWay = question(199.9, inside);
  t.is(judge([early, late, onItsWay]).found, 'stale-nat');
});

test('of a stream, the first packet that was lost decides, whichever way it went', (t) => {
  const stream = { accepted: false } as const;
  const begun = question(50, whole(1));
  const arrived = answer(begun, home(1));
  const lost = packet(120, 'world eth0, internet world, internet isp1, isp1 internet', far, begun.at(-1)!.source);
  const confirmed = question(130, inside);
  t.is(judge([begun, arrived, lost, confirmed], { ...stream, route: null }).found, 'reply-lost');
  t.is(judge([begun, arrived, confirmed], { ...stream, route: null }).found, 'no-route');
  t.is(judge([begun, arrived], { accepted: true }).found, 'works', "the client's own account");
});

test('an outage ends with the first answer to what was asked since', (t) => {
  const first = question(110, whole(1));
  const lost = [question(120, inside), question(121, inside)];
  const last = question(130, whole(2), 2);
  const packets = [first, answer(first, home(1)), ...lost, last, answer(last, home(2))];
  const record = recordFlow(topology, { crossings: packets.flat(), until: 1000 }, flow);
  const { lost: count, answeredAt } = recovery(record, flow, 100, 200);
  t.is(count, 2);
  t.true(answeredAt! > 130 && answeredAt! < 130.1);
  t.like(recovery(record, flow, 115, 125), { lost: 2, answeredAt: null });
  t.like(recovery(record, flow, 100, 115), { lost: 0 });
  t.is(lineTaken(topology, record, asked), 'ppp1');
  t.is(lineTaken(topology, record, { ...asked, until: 115 }), 'ppp0');
  t.is(lineTaken(topology, record, { ...asked, from: 115, until: 125 }), null);
});
