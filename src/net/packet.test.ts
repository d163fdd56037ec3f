import test from 'ava';
import fc from 'fast-check';
import { LabError } from './error.ts';
import { decodeCooked, decodePacket } from './packet.ts';

type Bytes = readonly number[];
const u16 = (value: number): Bytes => [(value >> 8) & 0xff, value & 0xff];
const u32 = (value: number): Bytes => [...u16(value >>> 16), ...u16(value)];
const ascii = (text: string): Bytes => [...new TextEncoder().encode(text)];

/** What routers and NATs change on a packet's way. */
interface Rewritten {
  readonly source: number;
  readonly destination: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly ttl: number;
  readonly checksum: number;
  readonly macs: number;
}
const plain: Rewritten = {
  source: 0xc0000201,
  destination: 0xcb007102,
  sourcePort: 40000,
  destinationPort: 5000,
  ttl: 64,
  checksum: 0,
  macs: 1,
};
const mac = (last: number): Bytes => [2, 0, 0, 0, 0, last];
const ethernet = (type: number, { macs } = plain): Bytes => [...mac(macs), ...mac(macs + 1), ...u16(type)];

interface Header {
  readonly id?: number;
  readonly flagsAndOffset?: number;
  readonly options?: Bytes;
  readonly totalLength?: number;
}
function ipv4(protocol: number, body: Bytes, r = plain, header: Header = {}): Bytes {
  const { id = 0x1234, flagsAndOffset = 0, options = [], totalLength = 20 + options.length + body.length } = header;
  const version = 0x45 + options.length / 4;
  const fixed = [
    version,
    0,
    ...u16(totalLength),
    ...u16(id),
    ...u16(flagsAndOffset),
    r.ttl,
    protocol,
    ...u16(r.checksum),
  ];
  return [...fixed, ...u32(r.source), ...u32(r.destination), ...options, ...body];
}
const udp = (payload: Bytes, r = plain): Bytes => [
  ...u16(r.sourcePort),
  ...u16(r.destinationPort),
  ...u16(8 + payload.length),
  ...u16(r.checksum),
  ...payload,
];

interface Segment {
  readonly sequence?: number;
  readonly acknowledgement?: number;
  readonly window?: number;
  readonly options?: Bytes;
}
function tcp(flags: number, payload: Bytes, r = plain, segment: Segment = {}): Bytes {
  const { sequence = 1000, acknowledgement = 2000, window = 512, options = [] } = segment;
  const ports = [...u16(r.sourcePort), ...u16(r.destinationPort)];
  const length = (5 + options.length / 4) << 4;
  const rest = [length, flags, ...u16(window), ...u16(r.checksum), ...u16(0), ...options, ...payload];
  return [...ports, ...u32(sequence), ...u32(acknowledgement), ...rest];
}
const icmp = (type: number, code: number, rest: Bytes, payload: Bytes, r = plain): Bytes => [
  type,
  code,
  ...u16(r.checksum),
  ...rest,
  ...payload,
];
const echo = (type: 0 | 8, sequence: number, payload: Bytes, r = plain): Bytes =>
  icmp(type, 0, [...u16(r.sourcePort), ...u16(sequence)], payload, r);

const raw = (bytes: Bytes) => decodePacket(101, Uint8Array.from(bytes))!;
const onWire = (bytes: Bytes, r = plain) => decodePacket(1, Uint8Array.from([...ethernet(0x0800, r), ...bytes]))!;

test('reads a UDP datagram in an Ethernet frame, without the padding', (t) => {
  const packet = onWire([...ipv4(17, udp(ascii('ping'))), ...Array<number>(14).fill(0x55)]);
  t.like(packet, {
    protocol: 'udp',
    source: '192.0.2.1',
    destination: '203.0.113.2',
    sourcePort: 40000,
    destinationPort: 5000,
    ethernet: { source: '02:00:00:00:00:02', destination: '02:00:00:00:00:01' },
    payload: Uint8Array.from(ascii('ping')),
    length: 32,
    summary: 'UDP 4 bytes',
  });
  t.is(packet.identity, raw(ipv4(17, udp(ascii('ping')))).identity);
});

test('Ethernet padding changes neither payload nor identity, whatever the protocol', (t) => {
  for (const bytes of [ipv4(6, tcp(0x10, [])), ipv4(6, tcp(0x18, [1])), ipv4(1, echo(8, 1, [1])), ipv4(47, [1])]) {
    const wanted = { ...raw(bytes), ethernet: onWire(bytes).ethernet };
    t.deepEqual(onWire([...bytes, 0, 0, 0, 0, 0, 0]), wanted);
  }
});

for (const linkType of [12, 101, 228]) {
  test(`reads raw IP of link type ${linkType}`, (t) => {
    t.like(decodePacket(linkType, Uint8Array.from(ipv4(17, udp([1])))), { ethernet: null, summary: 'UDP 1 byte' });
  });
}

/** LINKTYPE_LINUX_SLL2: EtherType, two bytes reserved, interface, ARPHRD_, kind of packet, the sender's link address. */
const cooked = (type: number, body: Bytes, { index = 7, kind = 0 } = {}): Uint8Array =>
  Uint8Array.from([...u16(type), 0, 0, ...u32(index), 0, 1, kind, 6, ...mac(2), 0, 0, ...body]);

test('reads what was captured on any: the packet, by which interface it came, and which way', (t) => {
  const bytes = ipv4(17, udp(ascii('ping')));
  t.deepEqual(decodePacket(276, cooked(0x0800, [...bytes, 0, 0])), raw(bytes));
  t.is(decodePacket(276, cooked(0x86dd, [0x60, 0])), null);
  const directions = [0, 1, 2, 3, 4].map((kind) => decodeCooked(cooked(0x0800, bytes, { kind })).outgoing);
  t.deepEqual(directions, [false, false, false, false, true]);
  const read = decodeCooked(cooked(0x88b5, [], { index: 70000 }));
  t.deepEqual(read, { etherType: 0x88b5, interfaceIndex: 70000, outgoing: false });
  for (let length = 0; length < 20; length++) {
    t.throws(() => decodeCooked(cooked(0x0800, bytes).subarray(0, length)), { instanceOf: LabError });
  }
});

test('skips VLAN tags', (t) => {
  for (const tags of [[], [0x81, 0, 0, 5], [0x88, 0xa8, 0, 7, 0x81, 0, 0, 5]]) {
    const frame = (type: number, body: Bytes) =>
      Uint8Array.from([...mac(1), ...mac(2), ...tags, ...u16(type), ...body]);
    t.is(decodePacket(1, frame(0x0800, ipv4(17, udp([1, 2]))))?.summary, 'UDP 2 bytes');
    t.is(decodePacket(1, frame(0x88b5, [])), null);
  }
});

test('has nothing to say about IPv6, 802.3 and marker frames, and refuses other link types', (t) => {
  for (const type of [0x86dd, 0x0026, 0x88b5])
    t.is(decodePacket(1, Uint8Array.from([...ethernet(type), 0x60, 0])), null);
  t.is(decodePacket(101, Uint8Array.of(0x60)), null);
  t.throws(() => decodePacket(113, new Uint8Array(64)), { instanceOf: LabError, message: /link type 113/ });
});

test('reads ARP for IPv4 as another protocol', (t) => {
  const arp = (operation: number, hardware = 6): Uint8Array =>
    Uint8Array.from([
      ...ethernet(0x0806),
      ...[0, 1, 8, 0, hardware, 4],
      ...u16(operation),
      ...[...mac(2), ...u32(plain.source), ...mac(0), ...u32(plain.destination)],
    ]);
  t.like(decodePacket(1, arp(1)), {
    protocol: 'arp',
    source: '192.0.2.1',
    destination: '203.0.113.2',
    sourcePort: null,
    length: 28,
    summary: 'ARP request',
  });
  t.is(decodePacket(1, arp(2))?.summary, 'ARP reply');
  t.is(decodePacket(1, arp(1, 8)), null);
});

for (const [flags, length, summary] of [
  [0x02, 0, 'TCP SYN'],
  [0x12, 0, 'TCP SYN-ACK'],
  [0x10, 0, 'TCP ACK'],
  [0x18, 21, 'TCP 21 bytes'],
  [0x11, 0, 'TCP FIN-ACK'],
  [0x19, 3, 'TCP FIN 3 bytes'],
  [0x04, 0, 'TCP RST'],
  [0x14, 0, 'TCP RST-ACK'],
] as const) {
  test(`calls TCP flags ${flags} with ${length} bytes '${summary}'`, (t) => {
    const segment = tcp(flags, Array<number>(length).fill(7), plain, { options: [1, 1, 1, 0] });
    const packet = raw(ipv4(6, segment, plain, { options: [1, 1, 1, 0] }));
    t.like(packet, { protocol: 'tcp', sourcePort: 40000, destinationPort: 5000, summary });
    t.is(packet.payload.length, length);
  });
}

for (const [type, code, summary] of [
  [3, 0, 'ICMP network unreachable'],
  [3, 3, 'ICMP port unreachable'],
  [3, 7, 'ICMP destination unreachable'],
  [11, 0, 'ICMP time exceeded'],
  [0, 0, 'ICMP echo reply'],
  [8, 0, 'ICMP echo request'],
  [42, 1, 'ICMP type 42 code 1'],
] as const) {
  test(`calls ICMP ${type}/${code} '${summary}'`, (t) => {
    const packet = raw(ipv4(1, icmp(type, code, u32(0), ipv4(17, udp([])))));
    t.like(packet, { protocol: 'icmp', sourcePort: null, destinationPort: null, summary });
  });
}

test('reads other protocols and fragments without ports', (t) => {
  t.like(raw(ipv4(47, [1, 2, 3])), { protocol: 'other', sourcePort: null, summary: 'IP protocol 47, 3 bytes' });
  const later = raw(ipv4(17, udp([1, 2]), plain, { flagsAndOffset: 0x2000 | 185 }));
  t.like(later, { protocol: 'udp', sourcePort: null, summary: 'UDP fragment at 1480, 10 bytes' });
  const long = [...u16(1), ...u16(2), ...u16(3000), ...u16(0), 9, 9];
  t.like(raw(ipv4(17, long, plain, { flagsAndOffset: 0x2000 })), { sourcePort: 1, summary: 'UDP 2 bytes' });
});

test('takes an IP length of 0 for all that was captured', (t) => {
  t.is(raw(ipv4(6, tcp(0x10, [1, 2, 3]), plain, { totalLength: 0 })).summary, 'TCP 3 bytes');
});

test('a packet cut inside its headers is an error, one cut behind them is not', (t) => {
  const headers: readonly (readonly [Bytes, number])[] = [
    [ipv4(17, udp([1, 2])), 28],
    [ipv4(6, tcp(0x10, [1], plain, { options: u32(0) }), plain, { options: u32(0) }), 48],
    [ipv4(1, echo(8, 1, [1])), 28],
    [ipv4(1, icmp(3, 3, u32(0), ipv4(17, udp([])))), 48],
  ];
  for (const [bytes, needed] of headers) {
    for (let length = 0; length <= bytes.length; length++) {
      const cut = Uint8Array.from([...ethernet(0x0800), ...bytes.slice(0, length)]);
      if (length >= needed) t.notThrows(() => decodePacket(1, cut), `${length} of ${bytes.length}`);
      else t.is(t.throws(() => decodePacket(1, cut), { instanceOf: LabError }).code, 'lab-failed');
    }
  }
  for (let length = 0; length < 14; length++)
    t.throws(() => decodePacket(1, new Uint8Array(length)), { instanceOf: LabError });
  t.is(raw(ipv4(17, udp([1, 2, 3, 4])).slice(0, 30)).summary, 'UDP 4 bytes');
});

test('an IP header that contradicts itself is an error', (t) => {
  const [, ...rest] = ipv4(17, udp([]));
  for (const version of [0x65, 0x44]) t.throws(() => onWire([version, ...rest]), { message: /no valid IPv4 header/ });
  t.throws(() => raw(ipv4(17, udp([]), plain, { totalLength: 19 })), { message: /no valid IPv4 header/ });
  t.throws(
    () =>
      raw(
        ipv4(
          6,
          tcp(0x02, []).map((byte, at) => (at === 12 ? 0x40 : byte)),
        ),
      ),
    { message: /no valid TCP/ },
  );
});

const word = fc.integer({ min: 0, max: 0xffff });
const long = fc.integer({ min: 0, max: 0xffffffff });
const rewritten: fc.Arbitrary<Rewritten> = fc.record({
  source: long,
  destination: long,
  sourcePort: word,
  destinationPort: word,
  ttl: fc.integer({ min: 1, max: 255 }),
  checksum: word,
  macs: fc.integer({ min: 0, max: 254 }),
});
const payload = fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 40 });

/** A packet as a function of what may be rewritten: the same packet at any place of its way. */
type Travelling = (r: Rewritten) => Bytes;
const inIp =
  (id: number, protocol: number, body: Travelling): Travelling =>
  (r) =>
    ipv4(protocol, body(r), r, { id });
const packets: fc.Arbitrary<Travelling> = fc.oneof(
  fc.tuple(word, payload).map(([id, data]) => inIp(id, 17, (r) => udp(data, r))),
  fc
    .tuple(word, payload, fc.integer({ min: 0, max: 63 }), long, long, word)
    .map(([id, data, flags, sequence, acknowledgement, window]) =>
      inIp(id, 6, (r) => tcp(flags, data, r, { sequence, acknowledgement, window })),
    ),
  fc
    .tuple(word, payload, fc.constantFrom(0 as const, 8 as const), word)
    .map(([id, data, type, sequence]) => inIp(id, 1, (r) => echo(type, sequence, data, r))),
  fc
    .tuple(word, word, payload, fc.constantFrom(3, 11))
    .map(([id, embedded, data, type]) =>
      inIp(id, 1, (r) => icmp(type, 1, u32(0), inIp(embedded, 17, (inner) => udp(data, inner))(r), r)),
    ),
  fc.tuple(word, payload).map(([id, data]) => inIp(id, 47, () => data)),
);

test('rewriting addresses, ports, ICMP identifier, TTL and checksums never changes the identity', (t) => {
  fc.assert(
    fc.property(packets, rewritten, rewritten, (travelling, before, after) => {
      const there = raw(travelling(before));
      t.is(onWire(travelling(after), after).identity, there.identity);
      t.is(onWire(travelling(after), after).summary, there.summary);
    }),
    { numRuns: 500 },
  );
});

test('another payload, IP identification or fragment offset makes another identity', (t) => {
  const content = fc.record({ id: word, flagsAndOffset: fc.integer({ min: 0, max: 0x1fff }), data: payload });
  fc.assert(
    fc.property(content, content, fc.constantFrom(17, 6, 1, 50), (a, b, protocol) => {
      const body = (data: Bytes): Bytes =>
        new Map([
          [17, udp(data)],
          [6, tcp(0x18, data)],
          [1, echo(8, 1, data)],
        ]).get(protocol) ?? data;
      const identity = ({ id, flagsAndOffset, data }: typeof a) =>
        raw(ipv4(protocol, body(data), plain, { id, flagsAndOffset })).identity;
      for (const other of [
        { ...a, id: b.id },
        { ...a, data: b.data },
        { ...a, flagsAndOffset: b.flagsAndOffset },
      ]) {
        t.is(identity(other) === identity(a), JSON.stringify(other) === JSON.stringify(a));
      }
    }),
  );
});

test('a change of TCP sequence, acknowledgement, flags or window makes another identity', (t) => {
  const identity = (flags: number, segment: Segment) => raw(ipv4(6, tcp(flags, [1], plain, segment))).identity;
  const same = identity(0x18, {});
  const others = [
    identity(0x18, { sequence: 1 }),
    identity(0x18, { acknowledgement: 1 }),
    identity(0x18, { window: 1 }),
    identity(0x19, {}),
  ];
  t.is(new Set([same, ...others]).size, 5);
});

test('ICMP identities differ by type, code, sequence, and the packet that an error is about', (t) => {
  const about = (id: number, protocol: number) => ipv4(protocol, udp([]), plain, { id });
  const identities = [
    ...[echo(8, 1, [1]), echo(0, 1, [1]), echo(8, 2, [1]), icmp(42, 0, u32(1), []), icmp(42, 0, u32(2), [])],
    ...[icmp(3, 3, u32(0), about(1, 17)), icmp(3, 1, u32(0), about(1, 17)), icmp(11, 0, u32(0), about(1, 17))],
    ...[icmp(3, 3, u32(0), about(2, 17)), icmp(3, 3, u32(0), about(1, 6))],
  ].map((body) => raw(ipv4(1, body)).identity);
  t.is(new Set(identities).size, identities.length);
});
