import test from 'ava';
import fc from 'fast-check';
import { createPcapngWriter } from './pcapng-writer.ts';
import { createPcapngReader } from './pcapng.ts';

test('what is written is read again: names, link types, times to the nanosecond, bytes of any number', (t) => {
  const names = ['ppp0', 'eth2', 'ü'];
  const packet = fc.record({
    index: fc.nat(names.length - 1),
    timeNs: fc.bigInt(0n, 2n ** 63n - 1n),
    data: fc.uint8Array({ maxLength: 70 }),
  });
  fc.assert(
    fc.property(fc.array(packet), (packets) => {
      const [reader, writer] = [createPcapngReader(), createPcapngWriter()];
      t.deepEqual(
        names.map((name, index) => writer.describe(name, 276 + index)),
        [...names.keys()],
      );
      const read = packets.flatMap(({ index, timeNs, data }, number) => {
        writer.packet(index, timeNs, 'in', data);
        return number % 3 === 0 ? reader.push(writer.take()) : [];
      });
      read.push(...reader.push(writer.take()));
      reader.end();
      t.deepEqual(
        reader.interfaces.map(({ name, linkType }) => [name, linkType]),
        names.map((name, index) => [name, 276 + index]),
      );
      t.deepEqual(
        read.map(({ interface: { index }, timeNs, data }) => ({ index, timeNs, data })),
        packets,
      );
      t.true(read.every(({ data, originalLength }) => data.length === originalLength));
    }),
  );
});

test('a packet has its direction in epb_flags', (t) => {
  const flags = (['in', 'out'] as const).map((direction) => {
    const writer = createPcapngWriter();
    writer.take();
    writer.packet(0, 0n, direction, new Uint8Array(5));
    const block = writer.take();
    return new DataView(block.buffer, block.byteOffset).getUint32(8 + 20 + 8 + 4, true);
  });
  t.deepEqual(flags, [1, 2]);
});

test('what was taken stays as it was, and is taken once; a packet may be larger than anything before', (t) => {
  const writer = createPcapngWriter();
  const first = writer.take();
  const kept = Uint8Array.from(first);
  writer.packet(0, 0n, 'in', new Uint8Array(200_000).fill(7));
  const second = writer.take();
  t.deepEqual(first, kept);
  t.is(second.length, 12 + 20 + 200_000 + 12);
  t.is(writer.take().length, 0);
});
