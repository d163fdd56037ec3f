// What the kernel's word on dropped packets, or in its absence the counter, makes of packets that went no further.
import test from 'ava';
import threeIsps from '../../lab/topologies/three-isps.ts';
import type { Crossing, Drop } from '../backend/crossing.ts';
import { droppedIn, sourceOf } from './dropped.ts';

const topology = threeIsps();
const packet: Crossing = {
  ...{ time: 12.5, host: 'server', interface: 'isp2', direction: 'in', protocol: 'udp' },
  ...{
    source: '198.51.100.10:40000',
    destination: '203.0.114.2:7',
    identity: 'udp id=9cf6 offset=0 14:0123456789abcdef',
    bytes: 42,
    summary: 'UDP 14 bytes',
  },
};
/** The kernel reports headers only, and what NAT has made of them by then. */
const drop: Drop = {
  ...{ host: 'server', interface: 'isp2', source: packet.source, destination: '10.255.0.1:7', summary: packet.summary },
  ...{ identity: 'udp id=9cf6 offset=0 14', reason: 'IP_RPFILTER', function: 'ip_rcv_finish_core' },
};
const known = (drops: readonly Drop[] | null, value: number, where = topology, dropsMissed = 0) =>
  droppedIn(where, { crossings: [], until: 100, filtered: { value, from: 100, to: 100 }, drops, dropsMissed });

test("the kernel's word is about one packet: as it came in by this interface of this host", (t) => {
  t.deepEqual(known([drop], 1)(packet), { cause: 'reverse-path', drop });
  for (const other of [
    { identity: packet.identity.replace('9cf6', '9cf7') },
    { source: '198.51.100.10:40001' },
    { host: 'isp2' },
    { interface: 'isp1' },
    { direction: 'out' },
  ] satisfies Partial<Crossing>[]) {
    t.is(known([drop], 1)({ ...packet, ...other }), undefined);
  }
});

test("the kernel's reasons have their causes, and those that have none say nothing", (t) => {
  t.is(known([{ ...drop, reason: 'IP_LOCAL_SOURCE' }], 0)(packet)?.cause, 'martian-source');
  t.is(known([{ ...drop, reason: 'NO_SOCKET' }], 0)(packet), undefined);
});

test('where the kernel speaks, nothing is inferred from its silence', (t) => {
  t.is(known([], 1)(packet), undefined);
  t.is(known([], 1)({ ...packet, interface: 'veth1' }), undefined);
});

test('where it does not, a packet into the server fell to the filter if that has dropped any', (t) => {
  t.deepEqual(known(null, 1)(packet), { cause: 'reverse-path', drop: null });
  t.is(known(null, 0)(packet), undefined);
  t.is(known(null, 1)({ ...packet, direction: 'out' }), undefined);
  t.is(known(null, 1)({ ...packet, host: 'isp2', interface: 'internet' }), undefined);
});

test("what comes back in over a link of the server's own is a martian, whatever the filter counts", (t) => {
  for (const value of [0, 1]) t.is(known(null, value)({ ...packet, interface: 'veth1' })?.cause, 'martian-source');
});

test('where it kept some of its words back, what it does not speak of is inferred, and nothing else', (t) => {
  const inferred = known([], 1, topology, 1);
  t.deepEqual(inferred(packet), { cause: 'reverse-path', drop: null });
  t.deepEqual(inferred({ ...packet, host: 'isp2', interface: 'server' }), { cause: 'source-filtered', drop: null });
  t.deepEqual(known([drop], 1, topology, 1)(packet), { cause: 'reverse-path', drop });
  t.is(known([{ ...drop, reason: 'NETFILTER_DROP' }], 1, topology, 1)(packet), undefined);
});

test('of ARP the kernel says nothing', (t) => {
  const question: Crossing = { ...packet, protocol: 'arp', interface: 'veth1', source: '10.255.0.1' };
  for (const drops of [null, [], [drop]]) {
    t.deepEqual(known(drops, 0)(question), { cause: 'martian-source', drop: null });
    t.is(known(drops, 1)({ ...question, interface: 'isp2' }), undefined);
  }
});

test('what comes to a source filter or a NAT that has to refuse it, was refused, if the kernel tells that netfilter dropped it', (t) => {
  const carrier = threeIsps({ cgnat: 'stateful' });
  const filter = { host: 'isp2', interface: 'server' } as const;
  const nat = {
    host: 'cgnat',
    interface: 'internet',
    source: '203.0.114.2:7',
    destination: '198.51.100.10:40000',
  } as const;
  const refused = [
    { at: filter, cause: 'source-filtered' },
    { at: nat, cause: 'no-mapping' },
  ] as const;
  for (const { at, cause } of refused) {
    const last: Crossing = { ...packet, ...at };
    const dropped: Drop = { ...drop, ...at, source: last.source, reason: 'NETFILTER_DROP', function: 'nft_do_chain' };
    t.deepEqual(known(null, 0, carrier)(last), { cause, drop: null });
    t.deepEqual(known([dropped], 0, carrier)(last), { cause, drop: dropped });
    t.is(known([], 0, carrier)(last), undefined);
    t.is(known([{ ...dropped, identity: 'udp id=9cf7 offset=0 14' }], 0, carrier)(last), undefined);
    t.is(known([dropped], 0, carrier)({ ...last, direction: 'out' }), undefined);
  }
  // What need not be refused there.
  for (const other of [
    { ...filter, source: '203.0.114.2:7' },
    { ...nat, destination: '198.51.100.1:40000' },
    { ...nat, interface: 'client' },
  ]) {
    const last: Crossing = { ...packet, ...other };
    t.is(known(null, 0, carrier)(last), undefined);
    t.is(
      known([{ ...drop, ...last, reason: 'NETFILTER_DROP', function: 'nft_do_chain' }], 0, carrier)(last),
      undefined,
    );
  }
});

test('people are told who says so', (t) => {
  t.is(sourceOf({ cause: 'reverse-path', drop }), " (the kernel's word: IP_RPFILTER, in ip_rcv_finish_core)");
  t.is(sourceOf({ cause: 'reverse-path', drop: null }), ' (inferred from captures and counters)');
});
