// Answers that come from behind the server, and those that are told apart by an echo.
import test from 'ava';
import homeGateway from '../../lab/topologies/home-gateway.ts';
import type { Crossing, Evidence, Protocol } from '../backend/crossing.ts';
import { droppedIn } from './dropped.ts';
import { recordFlow, type Flow } from './journey.ts';
import { nothingDropped } from './sample-walk.ts';
import { describeJourney, judgeFlow } from './verdict.ts';

const topology = homeGateway();
const [caller, called, inner] = ['198.51.100.10:40000', '203.0.113.2:8080', '192.168.2.100:80'];

/** A packet by the interfaces it crosses, `host:interface`, out and in by turns; `nat` is what it is from the server on. */
function packet(
  way: string,
  time: number,
  { identity, protocol = 'tcp', source, destination, nat = {}, echo }: Sample,
): readonly Crossing[] {
  let translated = false;
  return way.split(' ').map((place, index): Crossing => {
    const [host = '', name = ''] = place.split(':');
    const direction = index % 2 === 0 ? 'out' : 'in';
    translated ||= host === 'server' && direction === 'out' && index > 0;
    const ends = { source, destination, ...(translated && nat) };
    const base = { time: time + index / 100, host, interface: name, direction, ...ends } as const;
    return { ...base, protocol, identity, bytes: 42, summary: '', ...(echo !== undefined && { echo }) };
  });
}

interface Sample {
  readonly identity: string;
  readonly source: string;
  readonly destination: string;
  readonly protocol?: Protocol;
  readonly nat?: { readonly source?: string; readonly destination?: string };
  readonly echo?: string;
}

const toServer = 'client:eth0 internet:client internet:isp1 isp1:internet isp1:server server:ppp0';
const toDesktop = `${toServer} server:eth2 desktop:eth0`;
const request = { source: caller, destination: called, nat: { destination: inner } };
const reply = { source: inner, destination: caller, nat: { source: called } };
const syn = packet(toDesktop, 0, { ...request, identity: 'syn' });
const home = 'isp1:server isp1:internet internet:isp1 internet:client client:eth0';
const synAck = packet(`desktop:eth0 server:eth2 server:ppp0 ${home}`, 1, { ...reply, identity: 'syn-ack' });
const filtered = packet('desktop:eth0 server:eth2 server:ppp1 isp2:server', 1, { ...reply, identity: 'syn-ack' });
const astray = packet(`${toServer} server:ppp0 isp1:server`, 2, { ...request, identity: 'data' });

const flow: Flow = {
  ...{ client: 'client', protocol: 'tcp', sourcePort: 40000, server: '203.0.113.2', port: 8080 },
  behind: 'desktop',
};

type Told = Pick<Evidence, 'filtered' | 'drops'>;

function judge(packets: readonly (readonly Crossing[])[], accepted: boolean, of: Flow = flow, told?: Told) {
  return judgeFor('client', packets, accepted, of, told);
}

function judgeFor(
  client: string,
  packets: readonly (readonly Crossing[])[],
  accepted: boolean,
  of: Flow,
  told: Told = nothingDropped,
) {
  const evidence = { crossings: packets.flat(), until: 1000, ...told };
  const record = recordFlow(topology, evidence, of);
  const dropped = droppedIn(topology, evidence);
  const journey = judgeFlow(topology, client, record, accepted, dropped);
  return { record, journey, cause: journey.verdict.cause, sentence: describeJourney(topology, journey, dropped) };
}

test('a forwarded request and its reply are followed to the host behind the server and back', (t) => {
  const { record, journey } = judge([syn, synAck], true);
  t.deepEqual(record, { requests: [syn], replies: [{ request: syn, reply: synAck }], lostLoops: [] });
  const ppp0 = { arrivedBy: 'ppp0', leftBy: 'ppp0' };
  t.deepEqual(journey.verdict, { answered: true, accepted: true, ...ppp0, sourceMatches: true, cause: null });
});

test('a forwarded reply by the wrong line is filtered', (t) => {
  const { cause, sentence } = judge([syn, filtered], false);
  t.is(cause, 'source-filtered');
  t.is(
    sentence,
    'the request to 203.0.113.2:8080 came in by ppp0; the reply left by ppp1 from 203.0.113.2:8080 and was dropped by the source filter of isp2 (inferred from captures and counters)',
  );
});

test('a request that is sent back out has gone astray, though its beginning was answered', (t) => {
  for (const packets of [[syn, synAck, astray], [astray]]) {
    const { cause, journey, sentence } = judge(packets, false);
    t.is(cause, 'request-astray');
    t.is(journey.verdict.arrivedBy, 'ppp0');
    t.deepEqual(journey.request, astray);
    t.is(
      sentence,
      'a packet of the request to 203.0.113.2:8080 came in by ppp0, was sent out again by ppp0 with the destination 192.168.2.100:80, and was dropped by the source filter of isp1 (inferred from captures and counters)',
    );
  }
  t.is(judge([syn, filtered, astray], false).cause, 'source-filtered', 'what went wrong first');
  t.is(judge([syn, synAck, astray], true).cause, null, 'a client that was served is served');
});

test('a request that ends in the server has no reply, nor has one whose reply does', (t) => {
  const short = packet(toServer, 0, { ...request, identity: 'syn' });
  t.is(judge([short], false).cause, 'no-reply');
  const kept = packet('desktop:eth0 server:eth2', 1, { ...reply, identity: 'syn-ack' });
  t.is(judge([syn, kept], false).cause, 'no-reply');
});

test('a request or a reply that the reverse-path filter dropped', (t) => {
  const counted = { filtered: { value: 1, from: 1000, to: 1000 }, drops: null };
  const short = packet(toServer, 0, { ...request, identity: 'syn' });
  const inward = judge([short], false, flow, counted);
  t.is(inward.cause, 'reverse-path');
  t.is(
    inward.sentence,
    'the request to 203.0.113.2:8080 came in by ppp0 and was dropped by the reverse-path filter of server (inferred from captures and counters)',
  );
  t.is(judge([syn], false, flow, counted).cause, 'no-reply', 'it went on to the desktop');
  t.is(judge([syn, synAck], true, flow, counted).cause, null);

  const mail = { source: '203.0.113.2:40000', destination: '198.51.100.70:25' };
  const out = packet('server:ppp0 isp1:server isp1:internet internet:isp1 internet:mail mail:eth0', 0, {
    ...{ ...mail, identity: 'syn' },
  });
  const back = packet('mail:eth0 internet:mail internet:isp1 isp1:internet isp1:server server:ppp0', 1, {
    ...{ source: mail.destination, destination: mail.source, identity: 'syn-ack' },
  });
  const own: Flow = { client: 'server', protocol: 'tcp', sourcePort: 40000, server: '198.51.100.70', port: 25 };
  const judgeOwn = (accepted: boolean, told?: Told) => judgeFor('server', [out, back], accepted, own, told);
  const outward = judgeOwn(false, counted);
  t.is(outward.cause, 'reverse-path');
  t.is(
    outward.sentence,
    'the request to 198.51.100.70:25 came in by eth0; the reply left by eth0 from 198.51.100.70:25 and was dropped by the reverse-path filter of server (inferred from captures and counters)',
  );
  t.is(judgeOwn(true, counted).cause, null, 'a client that was served is served');
  t.is(judgeOwn(false).cause, 'client-rejected');

  const proved = { ...counted, drops: [{ ...back.at(-1)!, reason: 'IP_RPFILTER', function: 'f' }] };
  t.regex(judgeOwn(false, proved).sentence, /server \(the kernel's word: IP_RPFILTER, in f\)$/);
  t.throws(() => judgeOwn(true, proved), { message: /no reply was recorded that reached it/ });
});

test('an echo belongs to the request that it repeats', (t) => {
  const icmp = { protocol: 'icmp', source: '198.51.100.10', destination: '203.0.113.2' } as const;
  const [one, other] = ['1 a', '1 b'];
  const ping = packet(toServer, 0, { ...icmp, identity: '8 a', echo: one });
  const back = { protocol: 'icmp', source: '203.0.113.2', destination: '198.51.100.10' } as const;
  const own = packet(`server:ppp0 ${home}`, 2, { ...back, identity: '0 a', echo: one });
  const stranger = packet(`server:ppp1 isp2:server`, 1, {
    ...back,
    source: '203.0.114.77',
    identity: '0 b',
    echo: other,
  });
  const complaint = packet(`server:ppp0 ${home}`, 1, { ...back, identity: '3' });
  const call: Flow = { client: 'client', protocol: 'icmp', sourcePort: 7, server: '203.0.113.2', port: 0 };
  const { record, cause } = judge([ping, stranger, complaint, own], true, call);
  t.deepEqual(record.replies, [{ request: ping, reply: own }]);
  t.is(cause, null);
});
