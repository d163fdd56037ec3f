import test from 'ava';
import threeIsps, { type ThreeIspsOptions } from '../../lab/topologies/three-isps.ts';
import type { Crossing } from '../backend/crossing.ts';
import type { Request } from '../backend/service.ts';
import { LabError } from '../net/error.ts';
import type { Link, Topology } from '../topology/topology.ts';
import { judgeCell } from './cell.ts';
import { droppedIn } from './dropped.ts';
import { recordFlow, type Flow } from './journey.ts';
import type { Verdict } from './result.ts';
import { nothingDropped, recorded, walk } from './sample-walk.ts';
import { describeJourney, judgeFlow } from './verdict.ts';

const client = '198.51.100.10:40000';
const server = '203.0.114.2:1194';
const flow: Flow = { client: 'client', protocol: 'udp', sourcePort: 40000, server: '203.0.114.2', port: 1194 };
const call = { source: client, destination: server };
const answer = { source: server, destination: client, identity: '22:2', time: 10 };
const strange = { ...answer, source: '203.0.113.2:1194' };
const request = walk('client cgnat internet isp2 server', call);
const byIsp1 = 'server isp1 internet cgnat client';
const byIsp2 = 'server isp2 internet cgnat client';

function judge(
  packets: readonly (readonly Crossing[])[],
  accepted: boolean,
  network: ThreeIspsOptions = {},
  topology = threeIsps(network),
) {
  const evidence = { crossings: recorded(...packets), until: 1000, ...nothingDropped };
  const dropped = droppedIn(topology, evidence);
  const journey = judgeFlow(topology, 'client', recordFlow(topology, evidence, flow), accepted, dropped);
  return { journey, verdict: journey.verdict, sentence: describeJourney(topology, journey, dropped) };
}

interface Case {
  readonly packets: readonly (readonly Crossing[])[];
  readonly accepted: boolean;
  readonly network?: ThreeIspsOptions;
  readonly verdict: Verdict;
  readonly sentence: string;
}

const judged = test.macro((t, { packets, accepted, network, verdict, sentence }: Case) => {
  const found = judge(packets, accepted, network);
  t.deepEqual(found.verdict, verdict);
  t.is(found.sentence, sentence);
});

const right: Verdict = {
  answered: true,
  accepted: true,
  arrivedBy: 'isp2',
  leftBy: 'isp2',
  sourceMatches: true,
  cause: null,
};
const unanswered: Verdict = {
  answered: false,
  accepted: false,
  arrivedBy: 'isp2',
  leftBy: null,
  sourceMatches: false,
  cause: 'no-reply',
};
const cameIn = 'the request to 203.0.114.2:1194 came in by isp2';

test('the right reply', judged, {
  packets: [request, walk(byIsp2, answer)],
  accepted: true,
  verdict: right,
  sentence: `${cameIn}; the reply left by isp2 from 203.0.114.2:1194 and reached client, which accepted it`,
});

test('the right reply, which the client rejects', judged, {
  packets: [request, walk(byIsp2, answer)],
  accepted: false,
  verdict: { ...right, accepted: false, cause: 'client-rejected' },
  sentence: `${cameIn}; the reply left by isp2 from 203.0.114.2:1194 and reached client, which did not accept it`,
});

test('the right reply by another line', judged, {
  packets: [request, walk(byIsp1, answer)],
  accepted: true,
  network: { unfiltered: ['isp1'] },
  verdict: { ...right, leftBy: 'isp1', cause: 'reply-interface' },
  sentence: `${cameIn}; the reply left by isp1 from 203.0.114.2:1194 and reached client, which accepted it`,
});

test('the right reply by another line, which the client rejects', judged, {
  packets: [request, walk(byIsp1, answer)],
  accepted: false,
  network: { unfiltered: ['isp1'] },
  verdict: { ...right, accepted: false, leftBy: 'isp1', cause: 'reply-interface' },
  sentence: `${cameIn}; the reply left by isp1 from 203.0.114.2:1194 and reached client, which did not accept it`,
});

test('a reply by another line, whose ISP filters it', judged, {
  packets: [request, walk('server isp1', answer)],
  accepted: false,
  verdict: { ...right, accepted: false, leftBy: 'isp1', cause: 'source-filtered' },
  sentence: `${cameIn}; the reply left by isp1 from 203.0.114.2:1194 and was dropped by the source filter of isp1 (inferred from captures and counters)`,
});

test('a reply that ends in an ISP that does not filter', judged, {
  packets: [request, walk('server isp1', answer)],
  accepted: false,
  network: { unfiltered: ['isp1'] },
  verdict: { ...right, accepted: false, leftBy: 'isp1', cause: 'reply-lost' },
  sentence: `${cameIn}; the reply left by isp1 from 203.0.114.2:1194 and got no further than isp1`,
});

test('a reply that ends in an ISP whose filter lets it pass', judged, {
  packets: [request, walk('server isp2', answer)],
  accepted: false,
  verdict: { ...right, accepted: false, cause: 'reply-lost' },
  sentence: `${cameIn}; the reply left by isp2 from 203.0.114.2:1194 and got no further than isp2`,
});

test('a reply that ends on a link', judged, {
  packets: [request, walk('server isp2 internet>cgnat', answer)],
  accepted: false,
  verdict: { ...right, accepted: false, cause: 'reply-lost' },
  sentence: `${cameIn}; the reply left by isp2 from 203.0.114.2:1194 and was lost between internet and cgnat`,
});

test("another address's reply, which the client rejects", judged, {
  packets: [request, walk(byIsp1, strange)],
  accepted: false,
  verdict: { ...right, accepted: false, leftBy: 'isp1', sourceMatches: false, cause: 'reply-source' },
  sentence: `${cameIn}; the reply left by isp1 from 203.0.113.2:1194 and reached client, which did not accept it`,
});

test("another address's reply, which the client accepts by --float", judged, {
  packets: [request, walk(byIsp1, strange)],
  accepted: true,
  verdict: { ...right, leftBy: 'isp1', sourceMatches: false, cause: 'reply-interface' },
  sentence: `${cameIn}; the reply left by isp1 from 203.0.113.2:1194 and reached client, which accepted it`,
});

test("another address's reply by the right line, which the client accepts by --float", judged, {
  packets: [request, walk(byIsp2, strange)],
  accepted: true,
  network: { unfiltered: ['isp2'] },
  verdict: { ...right, sourceMatches: false, cause: 'reply-source' },
  sentence: `${cameIn}; the reply left by isp2 from 203.0.113.2:1194 and reached client, which accepted it`,
});

const behindNat = {
  source: '100.64.0.10:40000',
  destination: server,
  nat: { cgnat: { source: client } },
};
const toNat = { ...answer, nat: { cgnat: { destination: '100.64.0.10:40000' } } };
const requestBehindNat = walk('client cgnat internet isp2 server', behindNat);

test('the right reply through a NAT', judged, {
  packets: [requestBehindNat, walk(byIsp2, toNat)],
  accepted: true,
  network: { cgnat: 'stateful' },
  verdict: right,
  sentence: `${cameIn}; the reply left by isp2 from 203.0.114.2:1194 and reached client, which accepted it`,
});

test("another address's reply, for which a NAT has no mapping", judged, {
  packets: [requestBehindNat, walk('server isp1 internet cgnat', strange)],
  accepted: false,
  network: { cgnat: 'stateful' },
  verdict: { ...right, accepted: false, leftBy: 'isp1', sourceMatches: false, cause: 'reply-source' },
  sentence:
    `${cameIn}; the reply left by isp1 from 203.0.113.2:1194 ` +
    'and was dropped by the NAT of cgnat, which had no mapping for it (inferred from captures and counters)',
});

test('the right reply, for which a NAT has no mapping any more', judged, {
  packets: [requestBehindNat, walk('server isp2 internet cgnat', answer)],
  accepted: false,
  network: { cgnat: 'stateful' },
  verdict: { ...right, accepted: false, cause: 'no-mapping' },
  sentence:
    `${cameIn}; the reply left by isp2 from 203.0.114.2:1194 ` +
    'and was dropped by the NAT of cgnat, which had no mapping for it (inferred from captures and counters)',
});

test("a reply to the NAT's host, not to the address it translates to", judged, {
  packets: [
    walk('client cgnat internet isp2 server', { ...behindNat, nat: { cgnat: { source: '192.0.2.14:40000' } } }),
    walk('server isp2 internet cgnat', { ...answer, destination: '192.0.2.14:40000' }),
  ],
  accepted: false,
  network: { cgnat: 'stateful' },
  verdict: { ...right, accepted: false, cause: 'reply-lost' },
  sentence: `${cameIn}; the reply left by isp2 from 203.0.114.2:1194 and reached cgnat`,
});

test('a reply that ends in a router where a NAT might have been', judged, {
  packets: [request, walk('server isp2 internet cgnat', answer)],
  accepted: false,
  verdict: { ...right, accepted: false, cause: 'reply-lost' },
  sentence: `${cameIn}; the reply left by isp2 from 203.0.114.2:1194 and got no further than cgnat`,
});

test('no reply', judged, {
  packets: [request],
  accepted: false,
  verdict: unanswered,
  sentence: `${cameIn}; no reply left the server`,
});

test('no reply to a request of which only the second sending arrived', judged, {
  packets: [
    walk('client cgnat', call),
    walk('client cgnat internet isp2 server', { ...call, identity: '14:9', time: 5 }),
  ],
  accepted: false,
  verdict: unanswered,
  sentence: `${cameIn}; no reply left the server`,
});

test('a request that arrived stands for those that did not', (t) => {
  const arrived = walk('client cgnat internet isp2 server', { ...call, identity: '14:9', time: 5 });
  t.deepEqual(judge([walk('client cgnat', call), arrived], false).journey.request, arrived);
});

const lost: Verdict = { ...unanswered, arrivedBy: null, cause: 'request-lost' };

test('a request that ends in a router', judged, {
  packets: [walk('client cgnat internet', call)],
  accepted: false,
  verdict: lost,
  sentence: 'the request to 203.0.114.2:1194 got no further than internet',
});

test('a request that ends on a link', judged, {
  packets: [walk('client cgnat internet isp2>server', call)],
  accepted: false,
  verdict: lost,
  sentence: 'the request to 203.0.114.2:1194 was lost between isp2 and server',
});

test('a request that ends in the NAT that was to translate it', judged, {
  packets: [walk('client cgnat', behindNat)],
  accepted: false,
  network: { cgnat: 'stateful' },
  verdict: lost,
  sentence: 'the request to 203.0.114.2:1194 got no further than cgnat',
});

test('no request', judged, {
  packets: [],
  accepted: false,
  verdict: lost,
  sentence: 'no request left the client',
});

test('the first reply that went wrong decides', (t) => {
  const good = walk(byIsp2, answer);
  const filtered = walk('server isp1', { ...answer, identity: '22:3', time: 20 });
  const stranger = walk('server isp3 internet cgnat client', {
    ...answer,
    source: '203.0.115.2:1194',
    identity: '22:4',
    time: 30,
  });
  const { journey } = judge([request, good, filtered, stranger], false);
  t.deepEqual(journey.reply, filtered);
  t.deepEqual(journey.request, request);
  t.is(journey.verdict.cause, 'source-filtered');
});

test('of replies that are all right, the first stands for them', (t) => {
  const replies = [10, 20].map((time) => walk(byIsp2, { ...answer, identity: `22:${time}`, time }));
  t.deepEqual(judge([request, ...replies], true).journey.reply, replies[0]);
  t.deepEqual(judge([request, ...replies], false).journey.reply, replies[0]);
});

// A UDP socket that is connected, or OpenVPN without --float: the stranger is turned away, the next one let in.
test('a client that was answered rightly in the end had not accepted the stranger before', (t) => {
  const { verdict, sentence } = judge([request, walk(byIsp1, strange), walk(byIsp2, { ...answer, time: 20 })], true);
  t.is(verdict.cause, 'reply-source');
  t.false(verdict.accepted);
  t.regex(sentence, /203\.0\.113\.2:1194 and reached client, which did not accept it$/);
});

test('a client that was answered in the end had not accepted what never reached it', (t) => {
  const { verdict, sentence } = judge(
    [request, walk('server isp1', answer), walk(byIsp2, { ...answer, time: 20 })],
    true,
  );
  t.is(verdict.cause, 'source-filtered');
  t.false(verdict.accepted);
  t.regex(sentence, /dropped by the source filter of isp1 \(inferred from captures and counters\)$/);
});

test('a client that was answered by what nobody saw: the evidence contradicts itself', (t) => {
  for (const packets of [[], [request], [request, walk('server isp2', answer)]]) {
    const error = t.throws(() => judge(packets, true), { instanceOf: LabError });
    t.is(error.code, 'lab-failed');
    const called = packets.length > 0 ? '203.0.114.2:1194' : 'the server';
    t.is(error.message, `client had an answer from ${called}, and no reply was recorded that reached it`);
    t.not(error.hint, '');
  }
});

// A cell of the matrix, by the calls of several clients

const ask = (sourcePort: number, accepted: boolean) => ({
  request: { kind: 'udp-echo', server: '203.0.114.2', port: 1194, sourcePort, count: 1 } satisfies Request,
  answer: { accepted, said: [], bytes: null },
});
const ofPort = (port: number, by: string, source = server) => [
  ...walk('client cgnat internet isp2 server', { ...call, source: `198.51.100.10:${port}`, identity: `${port}` }),
  ...walk(by, { ...answer, source, destination: `198.51.100.10:${port}`, identity: `${port}r` }),
];
const cell = (crossings: readonly Crossing[], second: boolean, expected: 'works' | 'reply-source') =>
  judgeCell(
    threeIsps(),
    { crossings, until: 1000, ...nothingDropped },
    {
      service: 'udp-echo',
      uplink: 'isp2',
      client: 'client',
      calls: [ask(40000, true), ask(40001, second)],
      expected,
    },
  );

test('a cell works if every call does', (t) => {
  const crossings = recorded(ofPort(40000, byIsp2), ofPort(40001, byIsp2));
  const { journey, ...rest } = cell(crossings, true, 'works');
  t.deepEqual(rest, {
    kind: 'cell',
    service: 'udp-echo',
    uplink: 'isp2',
    expected: 'works',
    found: 'works',
    ok: true,
    detail: `${cameIn}; the reply left by isp2 from 203.0.114.2:1194 and reached client, which accepted it`,
  });
  t.is(journey.request[0]?.source, '198.51.100.10:40000');
  t.false(cell(crossings, true, 'reply-source').ok);
});

test('the first call that fails decides a cell', (t) => {
  const crossings = recorded(ofPort(40000, byIsp2), ofPort(40001, byIsp1, '203.0.113.2:1194'));
  const found = cell(crossings, false, 'reply-source');
  t.is(found.found, 'reply-source');
  t.true(found.ok);
  t.is(found.journey.request[0]?.source, '198.51.100.10:40001');
  t.false(cell(crossings, false, 'works').ok);
});

test('a cell of which nothing was asked is a mistake in the scenario', (t) => {
  const asked = { service: 'ssh', uplink: 'isp1', client: 'client', calls: [], expected: 'works' } as const;
  t.throws(() => judgeCell(threeIsps(), { crossings: [], until: 0, ...nothingDropped }, asked), {
    message: 'ssh at isp1: nothing was asked',
  });
});

const detour = (['out', 'in'] as const).map((direction, index): Crossing => ({
  ...answer,
  time: 10 + index,
  host: 'server',
  interface: `veth${index}`,
  direction,
  protocol: 'udp',
  bytes: 42,
  summary: 'UDP 14 bytes',
}));

test('a reply that makes a detour inside the server leaves where it leaves for good', judged, {
  packets: [request, [...detour, ...walk(byIsp2, { ...answer, time: 12 })]],
  accepted: true,
  verdict: right,
  sentence: `${cameIn}; the reply left by isp2 from 203.0.114.2:1194 and reached client, which accepted it`,
});

test('a detour on which the port is changed', judged, {
  packets: [request, [...detour, ...walk(byIsp2, { ...answer, source: '203.0.114.2:164', time: 12 })]],
  accepted: false,
  verdict: { ...right, accepted: false, sourceMatches: false, cause: 'reply-source' },
  sentence: `${cameIn}; the reply left by isp2 from 203.0.114.2:164 and reached client, which did not accept it`,
});

test('a reply that the server sends itself and then drops is a martian', judged, {
  packets: [request, detour],
  accepted: false,
  verdict: { ...right, accepted: false, leftBy: 'veth0', cause: 'martian-source' },
  sentence:
    `${cameIn}; what the server then sent itself by veth0 (UDP 14 bytes from 203.0.114.2:1194) ` +
    'came back in by veth1 and was dropped there (inferred from captures and counters)',
});

test('so is the question of ARP before it', judged, {
  packets: [
    request,
    detour.map((crossing): Crossing => ({
      ...crossing,
      protocol: 'arp',
      source: '10.255.0.1',
      destination: '10.255.0.2',
      summary: 'ARP request',
    })),
  ],
  accepted: false,
  verdict: { ...unanswered, cause: 'martian-source' },
  sentence:
    `${cameIn}; what the server then sent itself by veth0 (ARP request from 10.255.0.1) ` +
    'came back in by veth1 and was dropped there (inferred from captures and counters)',
});

/** three-isps with a line from isp2 to the internet that loses this share of its packets. */
function losing(loss: number): Topology {
  const topology = threeIsps();
  const isLine = ({ ends }: Link): boolean =>
    ends.every(({ host, interface: name }) => [host, name].sort().join() === 'internet,isp2');
  const links = topology.links.map((link) => (isLine(link) ? { ...link, impairment: { delay: 0, loss } } : link));
  return { ...topology, links };
}

test('what a line loses by chance decides only if there is nothing else', (t) => {
  const lost = walk('server isp2>internet', { ...answer, identity: '22:1', time: 10 });
  const came = walk(byIsp2, { ...answer, identity: '22:2', time: 20 });
  const elsewhere = walk('server isp2 internet>cgnat', { ...answer, identity: '22:3', time: 30 });
  const causeOf = (packets: readonly (readonly Crossing[])[], accepted: boolean, loss: number) =>
    judge([request, ...packets], accepted, {}, losing(loss)).verdict.cause;
  t.is(causeOf([lost, came], true, 0.01), null);
  t.is(causeOf([lost, came], false, 0.01), 'client-rejected');
  t.is(causeOf([lost], false, 0.01), 'reply-lost');
  t.is(causeOf([lost, came, elsewhere], true, 0.01), 'reply-lost');
  t.is(causeOf([lost, came], true, 0), 'reply-lost');
});
