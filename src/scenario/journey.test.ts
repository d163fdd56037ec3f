import test from 'ava';
import fc from 'fast-check';
import threeIsps from '../../lab/topologies/three-isps.ts';
import type { Crossing } from '../backend/crossing.ts';
import { recordFlow, type Flow } from './journey.ts';
import { recorded, walk } from './sample-walk.ts';

const plain = threeIsps();
const translated = threeIsps({ cgnat: 'stateful' });
const client = '198.51.100.10:40000';
const server = '203.0.114.2:1194';
const call = { source: client, destination: server };
const answer = { source: server, destination: client, identity: '22:2' };
const there = 'client cgnat internet isp2 server';
const back = 'server isp2 internet cgnat client';
const flow: Flow = { client: 'client', protocol: 'udp', sourcePort: 40000, server: '203.0.114.2', port: 1194 };
const record = (
  crossings: readonly Crossing[],
  { topology = plain, until = 1000, of = flow }: { topology?: typeof plain; until?: number; of?: Flow } = {},
) => {
  const { lostLoops, ...record } = recordFlow(topology, { crossings, until }, of);
  if (lostLoops.length > 0) throw new Error('a loop where there is none');
  return record;
};

test('a request and its reply are followed from hop to hop', (t) => {
  const [request, reply] = [walk(there, call), walk(back, { ...answer, time: 10 })];
  t.deepEqual(record(recorded(request, reply)), { requests: [request], replies: [{ request, reply }] });
  t.deepEqual(
    request.map((each) => `${each.host}:${each.interface} ${each.direction}`),
    [
      'client:cgnat out',
      'cgnat:client in',
      'cgnat:internet out',
      'internet:cgnat in',
      'internet:isp2 out',
      'isp2:internet in',
      'isp2:server out',
      'server:isp2 in',
    ],
  );
});

test('a reply is followed by whatever line and from whatever address it leaves', (t) => {
  const request = walk(there, call);
  for (const source of [server, '203.0.113.2:1194', '10.8.0.1:1194']) {
    const reply = walk('server isp1 internet cgnat client', { ...answer, source, time: 10 });
    t.deepEqual(record(recorded(request, reply)).replies, [{ request, reply }]);
  }
});

for (const [what, way] of [
  ['in a host', 'server isp1'],
  ['on a link', 'server isp1 internet>cgnat'],
  ['on the first link', 'server>isp1'],
] as const) {
  test(`a reply that is lost ${what} is followed to there`, (t) => {
    const [request, reply] = [walk(there, call), walk(way, { ...answer, time: 10 })];
    t.deepEqual(record(recorded(request, reply)).replies, [{ request, reply }]);
  });
}

test('with any source port, the packets of all the sockets of a client are one flow', (t) => {
  const second = '198.51.100.10:51515';
  const one = walk(there, call);
  const [other, reply] = [
    walk(there, { ...call, source: second, time: 20, identity: '14:3' }),
    walk(back, { ...answer, destination: second, time: 30 }),
  ];
  const crossings = recorded(one, other, reply);
  t.deepEqual(record(crossings), { requests: [one], replies: [] });
  t.deepEqual(record(crossings, { of: { ...flow, sourcePort: 'any' } }), {
    requests: [one, other],
    replies: [{ request: other, reply }],
  });
});

test('who replies is whoever has the address that was called, the server or not', (t) => {
  const outward = { source: '203.0.114.2:40000', destination: '198.51.100.10:53' };
  const request = walk('server isp2 internet cgnat client', outward);
  const reply = walk('client cgnat internet isp2 server', {
    source: outward.destination,
    destination: outward.source,
    identity: '22:2',
    time: 10,
  });
  const of: Flow = { client: 'server', protocol: 'udp', sourcePort: 40000, server: '198.51.100.10', port: 53 };
  t.deepEqual(record(recorded(request, reply), { of }), { requests: [request], replies: [{ request, reply }] });
});

test('a request that is lost has no reply', (t) => {
  const request = walk('client cgnat internet isp2', call);
  const reply = walk(back, { ...answer, time: 10 }); // to somebody else's request
  t.deepEqual(record(recorded(request, reply)), { requests: [request], replies: [] });
});

test('nothing recorded, nothing found', (t) => {
  t.deepEqual(record([]), { requests: [], replies: [] });
});

test("a NAT's translation of source and destination is followed, whatever port it chooses", (t) => {
  for (const port of [40000, 1024]) {
    const outside = `198.51.100.10:${port}`;
    const request = walk(there, { ...call, source: '100.64.0.10:40000', nat: { cgnat: { source: outside } } });
    const reply = walk(back, {
      ...answer,
      destination: outside,
      nat: { cgnat: { destination: '100.64.0.10:40000' } },
      time: 10,
    });
    t.is(request.at(-1)?.source, outside);
    t.is(reply.at(-1)?.destination, '100.64.0.10:40000');
    const found = record(recorded(request, reply), { topology: translated });
    t.deepEqual(found, { requests: [request], replies: [{ request, reply }] });
  }
});

test('only a NAT changes addresses', (t) => {
  const changed = walk(there, { ...call, nat: { internet: { source: '198.51.100.99:40000' } } });
  t.is(record(changed).requests[0]?.at(-1)?.host, 'internet');
  t.is(record(changed, { topology: translated }).requests[0]?.at(-1)?.host, 'internet');
});

test('a NAT translates sources on the way out only, destinations on the way in only', (t) => {
  const inwards = walk(there, { ...call, nat: { cgnat: { destination: '203.0.113.2:1194' } } });
  t.is(record(inwards, { topology: translated }).requests[0]?.at(-1)?.host, 'cgnat');
  const request = walk(there, call);
  const reply = walk(back, { ...answer, nat: { cgnat: { source: '203.0.113.2:1194' } }, time: 10 });
  t.is(record(recorded(request, reply), { topology: translated }).replies[0]?.reply.at(-1)?.host, 'cgnat');
});

test('a packet sent again with the same bytes is another packet', (t) => {
  const requests = [0, 2, 30].map((time) => walk(there, { ...call, time }));
  const replies = [10, 12, 40].map((time) => walk(back, { ...answer, time }));
  t.deepEqual(record(recorded(...requests, ...replies)), {
    requests,
    replies: replies.map((reply, index) => ({ request: requests[index === 2 ? 2 : 1]!, reply })),
  });
});

test('of two that were sent and one that arrived, one arrived', (t) => {
  for (const lost of [0, 20]) {
    const crossings = recorded(
      walk('client cgnat internet', { ...call, time: lost }),
      walk(there, { ...call, time: 20 - lost }),
    );
    const { requests } = record(crossings);
    t.deepEqual(requests.map((path) => path.at(-1)?.host).sort(), ['internet', 'server']);
    t.deepEqual(recorded(...requests), crossings);
  }
});

test('an echo carries the same bytes back: the request ends where the reply begins', (t) => {
  const [request, reply] = [walk(there, call), walk(back, { ...answer, identity: '14:1', time: 10 })];
  t.deepEqual(record(recorded(request, reply)), { requests: [request], replies: [{ request, reply }] });
});

test('a packet that goes in circles is followed until it dies', (t) => {
  const request = walk('client cgnat internet isp2 internet isp2 internet', call);
  t.deepEqual(record(request).requests, [request]);
});

test('two flows with the same bytes at the same time keep their ways apart', (t) => {
  const other = { source: '198.51.100.10:40100', destination: '203.0.113.2:1194' };
  const one = walk(there, call);
  const two = walk('client cgnat internet isp1 server', other);
  const sameServer = walk(there, { ...other, destination: server });
  const ofOther = { ...flow, sourcePort: 40100 };
  // The other's packet was recorded first on every interface.
  t.deepEqual(record(recorded(two, one)).requests, [one]);
  t.deepEqual(record(recorded(sameServer, one)).requests, [one]);
  t.deepEqual(record(recorded(one, two), { of: { ...ofOther, server: '203.0.113.2' } }).requests, [two]);
  t.deepEqual(record(recorded(one, sameServer), { of: ofOther }).requests, [sameServer]);
});

test('two flows with the same bytes at the same time keep their ways apart behind a NAT', (t) => {
  const inside = { source: '100.64.0.10:40000', destination: server, nat: { cgnat: { source: client } } };
  const elsewhere = { ...inside, destination: '203.0.113.2:1194' };
  const fromOtherPort = {
    source: '100.64.0.10:40100',
    destination: server,
    nat: { cgnat: { source: '198.51.100.10:40100' } },
  };
  const one = walk(there, inside);
  for (const two of [walk('client cgnat internet isp1 server', elsewhere), walk(there, fromOtherPort)]) {
    t.deepEqual(record(recorded(two, one), { topology: translated }).requests, [one]);
  }
});

test('a packet that was lost does not go on as another one with the same bytes', (t) => {
  for (const [topology, way] of [
    [plain, 'client cgnat internet'],
    [translated, 'client cgnat internet'],
    [plain, 'client cgnat>internet'],
    [plain, 'client>cgnat'],
  ] as const) {
    const lost = walk(way, call);
    for (const destination of ['203.0.113.2:1194', server]) {
      const isp = destination === server ? 'isp2' : 'isp1';
      const other = walk(`client cgnat internet ${isp} server`, { source: '198.51.100.10:40100', destination });
      t.deepEqual(record(recorded(lost, other), { topology }).requests, [lost]);
    }
  }
});

test('what sets out when the recording ends, or later, does not count; what is under way does', (t) => {
  const [early, late] = [walk(there, call), walk(there, { ...call, identity: '14:3', time: 20 })];
  const [reply, lateReply] = [
    walk(back, { ...answer, time: 10 }),
    walk(back, { ...answer, identity: '22:4', time: 30 }),
  ];
  const crossings = recorded(early, late, reply, lateReply);
  const both = { requests: [early, late], replies: [{ request: early, reply }] };
  t.deepEqual(record(crossings, { until: 30 }), both);
  t.deepEqual(record(crossings, { until: 20.5 }), both);
  t.deepEqual(record(crossings, { until: 20 }), { requests: [early], replies: [{ request: early, reply }] });
  t.deepEqual(record(crossings, { until: 10 }), { requests: [early], replies: [] });
});

test('a TCP handshake and a banner', (t) => {
  const tcp = { protocol: 'tcp' } as const;
  const [request, reply] = [
    { ...call, ...tcp },
    { ...answer, ...tcp },
  ];
  const syn = walk(there, { ...request, identity: 'syn', summary: 'TCP SYN', time: 0 });
  const synAck = walk(back, { ...reply, identity: 'syn-ack', summary: 'TCP SYN-ACK', time: 4 });
  const ack = walk(there, { ...request, identity: 'ack', summary: 'TCP ACK', time: 8 });
  const banner = walk(back, { ...reply, identity: 'banner', summary: 'TCP 21 bytes', time: 12 });
  const udp = walk(there, { ...call, identity: 'udp' });
  t.deepEqual(record(recorded(syn, synAck, ack, banner, udp), { of: { ...flow, protocol: 'tcp' } }), {
    requests: [syn, ack],
    replies: [
      { request: syn, reply: synAck },
      { request: ack, reply: banner },
    ],
  });
});

test('a packet that was lost does not go on as what passed before it', (t) => {
  const before = walk(back, { ...answer, time: 0 }); // no reply: nothing had come
  const request = walk(there, { ...call, time: 20 });
  const reply = walk('server isp2 internet', { ...answer, time: 30 });
  t.deepEqual(record(recorded(before, request, reply)).replies, [{ request, reply }]);
});

test('what comes to a host that does not forward, goes no further', (t) => {
  const request = walk(there, call);
  const reply = walk('server isp2 internet cgnat client cgnat', { ...answer, time: 10 });
  t.deepEqual(record(recorded(request, reply)).replies, [{ request, reply: reply.slice(0, 8) }]);
});

test('packets of other flows are none of this one', (t) => {
  const request = walk(there, call);
  const others = recorded(
    walk(there, { ...call, source: '198.51.100.10:4000', identity: 'another source port' }),
    walk(there, { ...call, source: '198.51.100.10:140000', identity: 'one that ends like ours' }),
    walk(there, { ...call, destination: '203.0.114.2:11194', identity: 'another service' }),
    walk('client cgnat internet isp1 server', { ...call, destination: '203.0.113.2:1194', identity: 'another uplink' }),
    walk(there, { ...call, destination: '203.0.114.2:53', identity: 'a name is asked for' }),
    walk(back, { ...answer, source: '203.0.114.2:53', time: 10 }),
    walk(back, { ...answer, source: '203.0.114.2:11194', time: 10 }),
    walk(back, { ...answer, destination: '198.51.100.10:40001', time: 10 }),
    walk('isp2 internet cgnat client', { ...answer, source: '203.0.114.1:1194', time: 10 }),
    walk(back, { ...answer, protocol: 'tcp', time: 10 }),
  );
  t.deepEqual(record(recorded(others, request)), { requests: [request], replies: [] });
});

test('a reply may come by a port that was never called, which NAT has given it', (t) => {
  const [request, reply] = [walk(there, call), walk(back, { ...answer, source: '203.0.114.2:44679', time: 10 })];
  t.deepEqual(record(recorded(request, reply)).replies, [{ request, reply }]);
});

test('what the server sent before the request came is no reply to it', (t) => {
  const [request, before] = [walk(there, { ...call, time: 10 }), walk(back, answer)];
  t.deepEqual(record(recorded(request, before)).replies, []);
});

test('any number of packets, identical or not, are followed in full and none twice', (t) => {
  const sending = fc.record({ time: fc.nat({ max: 200 }), identity: fc.constantFrom('a', 'b', 'c') });
  fc.assert(
    fc.property(fc.array(sending, { maxLength: 12 }), fc.boolean(), (sendings, nat) => {
      const asSeen = nat ? { source: '100.64.0.10:40000', nat: { cgnat: { source: client } } } : {};
      const packets = sendings.map((each) => walk(there, { ...call, ...asSeen, ...each }));
      const crossings = recorded(...packets);
      const { requests } = record(crossings, { topology: nat ? translated : plain });
      t.is(requests.length, packets.length);
      t.true(requests.every((path) => path.length === 8));
      t.is(new Set(requests.flat()).size, crossings.length);
    }),
  );
});

const inside = (time: number, interfaceName: string, direction: 'in' | 'out', packet: Partial<Crossing>): Crossing => ({
  time,
  host: 'server',
  interface: interfaceName,
  direction,
  source: server,
  destination: client,
  protocol: 'udp',
  identity: 'loop',
  bytes: 42,
  summary: 'UDP 14 bytes',
  ...packet,
});

test('a reply that makes a detour over a link of the candidate is one reply, and its NAT on the way is followed', (t) => {
  const request = walk(there, call);
  const detour = [inside(10, 'veth0', 'out', {}), inside(11, 'veth1', 'in', {})];
  for (const source of [server, '203.0.114.2:164']) {
    const home = walk(back, { ...answer, identity: 'loop', source, time: 12 });
    t.deepEqual(record(recorded(request, [...detour, ...home])), {
      requests: [request],
      replies: [{ request, reply: [...detour, ...home] }],
    });
  }
});

test('what the server sends itself and does not take is a lost loop; what is answered or goes on is none', (t) => {
  const request = walk(there, call);
  const question = { protocol: 'arp', source: '10.255.0.1', destination: '10.255.0.2' } as const;
  const asked = [inside(10, 'veth0', 'out', question), inside(11, 'veth1', 'in', question)];
  const loops = (...crossings: readonly Crossing[]) =>
    recordFlow(plain, { crossings: recorded(request, crossings), until: 1000 }, flow).lostLoops;
  t.deepEqual(loops(...asked), [asked]);
  const again = asked.map((crossing) => ({ ...crossing, time: crossing.time + 2 }));
  t.deepEqual(loops(...asked, ...again), [asked, [again[0]!, again[1]!]], 'ARP asks again, in the same words');
  const reply = { protocol: 'arp', source: '10.255.0.2', destination: '10.255.0.1', identity: 'answer' } as const;
  t.deepEqual(loops(...asked, inside(12, 'veth1', 'out', reply), inside(13, 'veth0', 'in', reply)), []);
  const lost = [inside(10, 'veth0', 'out', {}), inside(11, 'veth1', 'in', {})];
  t.deepEqual(loops(...lost), [lost]);
  t.deepEqual(loops(...lost, inside(12, 'isp2', 'out', {})), []);
  t.deepEqual(loops(inside(10, 'veth0', 'out', question)), [], 'it never came back in');
  const before = asked.map((crossing) => ({ ...crossing, time: crossing.time - 10 }));
  t.deepEqual(loops(...before), [], 'it was not for this request');
});
