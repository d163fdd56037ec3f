import test from 'ava';
import fc from 'fast-check';
import { LabError } from './error.ts';
import { createPcapngReader, type CapturedPacket } from './pcapng.ts';

type Bytes = readonly number[];
const number = (size: number, value: bigint | number, little: boolean): Bytes => {
  const bytes = Array.from({ length: size }, (_, at) =>
    Number((BigInt.asUintN(64, BigInt(value)) >> BigInt(8 * at)) & 0xffn),
  );
  return little ? bytes : bytes.reverse();
};
const padded = (bytes: Bytes): Bytes => [...bytes, ...Array<number>((4 - (bytes.length % 4)) % 4).fill(0)];
const ascii = (text: string): Bytes => [...new TextEncoder().encode(text)];

/** Writes the blocks of one byte order. */
function writer(little: boolean) {
  const u16 = (value: number) => number(2, value, little);
  const u32 = (value: number) => number(4, value, little);
  const u64 = (value: bigint) => number(8, value, little);
  const option = (code: number, value: Bytes): Bytes => [...u16(code), ...u16(value.length), ...padded(value)];
  const block = (type: number, ...body: Bytes[]): Bytes => {
    const bytes = padded(body.flat());
    return [...u32(type), ...u32(bytes.length + 12), ...bytes, ...u32(bytes.length + 12)];
  };
  return {
    u32,
    u64,
    option,
    block,
    section: (major = 1) => block(0x0a0d0d0a, u32(0x1a2b3c4d), u16(major), u16(0), u64(-1n)),
    interface: (linkType: number, ...options: Bytes[]) => block(1, u16(linkType), u16(0), u32(262144), ...options),
    packet: (index: number, ticks: bigint, data: Bytes, original = data.length) =>
      block(
        6,
        u32(index),
        u32(Number(ticks >> 32n)),
        u32(Number(ticks & 0xffffffffn)),
        u32(data.length),
        u32(original),
        padded(data),
      ),
    statistics: (index: number, ...options: Bytes[]) => block(5, u32(index), u32(0), u32(0), ...options),
  };
}
const le = writer(true);
const be = writer(false);

function read(...parts: Bytes[]) {
  const reader = createPcapngReader();
  const packets = reader.push(Uint8Array.from(parts.flat()));
  reader.end();
  return { packets, interfaces: reader.interfaces, statistics: reader.statistics };
}

for (const [order, write] of [
  ['little', le],
  ['big', be],
] as const) {
  test(`reads interfaces, packets and statistics of a ${order}-endian section`, (t) => {
    const { packets, interfaces, statistics } = read(
      write.section(),
      write.interface(
        1,
        write.option(2, ascii('eth0')),
        write.option(9, [9]),
        write.option(11, [0, ...ascii('udp')]),
        write.option(0, []),
      ),
      write.interface(101),
      write.packet(0, 1_700_000_000_123_456_789n, [1, 2, 3, 4, 5], 60),
      write.packet(1, 1_700_000_000_123_456n, []),
      write.statistics(
        0,
        write.option(4, write.u64(9n)),
        write.option(5, write.u64(0n)),
        write.option(7, write.u64(1n << 33n)),
      ),
      write.statistics(1),
    );
    const [first, second] = interfaces;
    t.deepEqual(first, { section: 0, index: 0, name: 'eth0', linkType: 1, snapLength: 262144, filter: 'udp' });
    t.deepEqual(second, { section: 0, index: 1, name: '', linkType: 101, snapLength: 262144, filter: null });
    t.deepEqual(packets, [
      { interface: first!, timeNs: 1_700_000_000_123_456_789n, data: Uint8Array.of(1, 2, 3, 4, 5), originalLength: 60 },
      { interface: second!, timeNs: 1_700_000_000_123_456_000n, data: new Uint8Array(), originalLength: 0 },
    ]);
    t.deepEqual(statistics, [
      { interface: first!, received: 9, interfaceDropped: 0, systemDropped: 2 ** 33 },
      { interface: second!, received: null, interfaceDropped: null, systemDropped: null },
    ]);
  });
}

// if_tsresol, if_tsoffset, ticks, nanoseconds
for (const [resolution, seconds, ticks, expected] of [
  [6, 0n, 1_000_001n, 1_000_001_000n],
  [0, 0n, 7n, 7_000_000_000n],
  [12, 0n, 1_999n, 1n],
  [0x80 | 10, 0n, 1024n + 512n, 1_500_000_000n],
  [0x80, 0n, 3n, 3_000_000_000n],
  [9, 100n, 5n, 100_000_000_005n],
  [9, -2n, 5_000_000_000n, 3_000_000_000n],
] as const) {
  test(`a time of ${ticks} at resolution ${resolution} and offset ${seconds} s is ${expected} ns`, (t) => {
    for (const write of [le, be]) {
      const options = [write.option(9, [resolution]), write.option(14, write.u64(seconds))];
      t.is(
        read(write.section(), write.interface(1, ...options), write.packet(0, ticks, [])).packets[0]!.timeNs,
        expected,
      );
    }
  });
}

test('a second section starts anew, in its own byte order and with its own interfaces', (t) => {
  const named = (write: typeof le, name: string) => write.interface(1, write.option(2, ascii(name)));
  const { packets } = read(
    le.section(),
    named(le, 'a'),
    le.packet(0, 1n, [1]),
    be.section(),
    named(be, 'b'),
    be.packet(0, 2n, [2]),
  );
  t.deepEqual(
    packets.map((packet) => [packet.interface.section, packet.interface.index, packet.interface.name, packet.data[0]]),
    [
      [0, 0, 'a', 1],
      [1, 0, 'b', 2],
    ],
  );
  t.throws(() => read(le.section(), named(le, 'a'), le.section(), le.packet(0, 1n, [])), {
    message: /has not been described/,
  });
});

test('skips blocks that it does not know, and takes a filter in bytecode for no text', (t) => {
  const { packets, interfaces } = read(
    le.section(),
    le.block(0x0bad, [1, 2, 3]),
    le.interface(1, le.option(11, [1, 2, 3, 4])),
    le.block(4),
    le.packet(0, 0n, [7]),
  );
  t.is(interfaces[0]!.filter, null);
  t.deepEqual([...packets[0]!.data], [7]);
});

test('the newest statistics of an interface count', (t) => {
  const counted = (value: bigint) => le.statistics(0, le.option(4, le.u64(value)));
  t.deepEqual(
    read(le.section(), le.interface(1), counted(1n), counted(5n)).statistics.map(({ received }) => received),
    [5],
  );
});

const start = [...le.section(), ...le.interface(1)];
const bad: Record<string, readonly [bytes: Bytes, at: number, message: RegExp]> = {
  'something else than pcapng': [[0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0], 0, /does not begin with a section header/],
  'a section header without magic': [[0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0, 1, 2, 3, 4], 0, /no byte-order magic/],
  'another major version': [le.section(2), 0, /version 1, got 2/],
  'a length of 0': [[...start, ...le.u32(6), ...le.u32(0)], start.length, /cannot be 0 bytes long/],
  'a length that is no multiple of four': [[...start, ...le.u32(6), ...le.u32(33)], start.length, /cannot be 33 bytes/],
  'a length beyond reason': [[...start, ...le.u32(6), ...le.u32(0x7ffffffc)], start.length, /cannot be 2147483644/],
  'two lengths that differ': [
    [...start, ...le.u32(4), ...le.u32(12), ...le.u32(16)],
    start.length,
    /as 12 before and 16 after/,
  ],
  'a packet longer than its block': [
    [...start, ...le.block(6, le.u32(0), le.u32(0), le.u32(0), le.u32(99), le.u32(99))],
    start.length,
    /no room for a packet of 99 bytes/,
  ],
  'a packet block without a header': [[...start, ...le.block(6, le.u32(0))], start.length, /too short/],
  'an interface nobody described': [
    [...start, ...le.packet(1, 0n, [])],
    start.length,
    /interface 1 has not been described/,
  ],
  'an option longer than its block': [
    [...le.section(), ...le.interface(1, [2, 0, 9, 0, 0, 0, 0, 0])],
    28,
    /option 2 is longer/,
  ],
  'a simple packet block': [[...start, ...le.block(3, le.u32(0))], start.length, /simple packet blocks/],
  'an obsolete packet block': [[...start, ...le.block(2, le.u32(0))], start.length, /obsolete packet block/],
};
for (const [what, [bytes, at, message]] of Object.entries(bad)) {
  test(`refuses ${what}, naming byte ${at}, and reads no further`, (t) => {
    const reader = createPcapngReader();
    const error = t.throws(() => reader.push(Uint8Array.from(bytes)), { instanceOf: LabError, message });
    t.is(error.code, 'lab-failed');
    t.regex(error.message, new RegExp(`at byte ${at}:`));
    t.is(
      t.throws(() => reader.push(new Uint8Array())),
      error,
    );
    t.is(
      t.throws(() => reader.end()),
      error,
    );
  });
}

test('an end anywhere but between blocks is an error that names the byte where the block began', (t) => {
  const blocks = [le.section(), le.interface(1), le.packet(0, 0n, [1, 2, 3])];
  const whole = Uint8Array.from(blocks.flat());
  const boundaries = blocks.map((_, index) => blocks.slice(0, index).flat().length);
  for (let length = 1; length <= whole.length; length++) {
    const reader = createPcapngReader();
    reader.push(whole.subarray(0, length));
    if (length === whole.length || boundaries.includes(length)) t.notThrows(() => reader.end());
    else {
      const begun = boundaries.findLast((boundary) => boundary < length)!;
      t.throws(() => reader.end(), {
        instanceOf: LabError,
        message: new RegExp(`at byte ${begun}: the stream stops inside`),
      });
    }
  }
  t.throws(() => createPcapngReader().end(), { instanceOf: LabError, message: /is empty/ });
});

test('any split of a stream gives the same packets, also when the caller reuses its chunk', (t) => {
  const packet = fc.tuple(
    fc.constantFrom(0, 1),
    fc.bigInt(0n, (1n << 64n) - 1n),
    fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 80 }),
  );
  const section = fc.tuple(fc.boolean(), fc.array(packet, { maxLength: 8 })).map(([little, packets]) => {
    const write = writer(little);
    return [
      write.section(),
      write.interface(1),
      write.interface(101, write.option(9, [9])),
      ...packets.map((each) => write.packet(...each)),
    ].flat();
  });
  const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 });
  fc.assert(
    fc.property(fc.array(section, { minLength: 1, maxLength: 3 }), sizes, (sections, chunkSizes) => {
      const reader = createPcapngReader();
      const packets: CapturedPacket[] = [];
      const stream = sections.flat();
      const chunk = new Uint8Array(50);
      for (let at = 0, turn = 0; at < stream.length; turn++) {
        const piece = stream.slice(at, at + chunkSizes[turn % chunkSizes.length]!);
        chunk.set(piece);
        packets.push(...reader.push(chunk.subarray(0, piece.length)));
        chunk.fill(0xaa);
        at += piece.length;
      }
      reader.end();
      t.deepEqual(packets, [...read(stream).packets]);
    }),
  );
});

test('packets stay as they were while the reader goes on', (t) => {
  const sizes = Array.from({ length: 1000 }, (_, index) => (index * 37) % 2000);
  const blocks = sizes.flatMap((size, index) => le.packet(0, BigInt(index), Array<number>(size).fill(index % 251)));
  const stream = Uint8Array.from([...start, ...blocks]);
  const reader = createPcapngReader();
  const packets: CapturedPacket[] = [];
  for (let at = 0; at < stream.length; at += 5000) packets.push(...reader.push(stream.subarray(at, at + 5000)));
  reader.end();
  t.true(stream.length > 500_000); // several times the reader's buffer
  t.deepEqual(
    packets.map(({ data }) => data.length),
    sizes,
  );
  t.true(packets.every(({ data }, index) => data.every((byte) => byte === index % 251)));
});

test('takes time in proportion to the bytes, however small the chunks and large the blocks', (t) => {
  t.timeout(20_000);
  // 4 MB in one block and 1 MB in a thousand, nine bytes at a time: half a million pushes. A reader that copied what it holds
  // at each of them would move a terabyte.
  const large = Uint8Array.from(le.block(0x0bad, Array<number>(4_000_000).fill(0)));
  const small = Uint8Array.from(
    Array.from({ length: 1000 }, () => le.packet(0, 0n, Array<number>(1000).fill(1))).flat(),
  );
  const reader = createPcapngReader();
  reader.push(Uint8Array.from(start));
  let packets = 0;
  for (const part of [large, small]) {
    for (let at = 0; at < part.length; at += 9) packets += reader.push(part.subarray(at, at + 9)).length;
  }
  packets += reader.push(small).length; // and the other extreme
  reader.end();
  t.is(packets, 2000);
});
