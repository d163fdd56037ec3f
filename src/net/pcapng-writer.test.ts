import test from 'ava';
import fc from 'fast-check';
import { enhancedPacket, interfaceDescription, sectionHeader } from './pcapng-writer.ts';
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
      const reader = createPcapngReader();
      const read = [
        sectionHeader(),
        ...names.map((name, index) => interfaceDescription(name, 276 + index)),
        ...packets.map(({ index, timeNs, data }) => enhancedPacket(index, timeNs, 'in', data)),
      ].flatMap((block) => reader.push(block));
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
    const block = enhancedPacket(0, 0n, direction, new Uint8Array(5));
    return new DataView(block.buffer).getUint32(8 + 20 + 8 + 4, true);
  });
  t.deepEqual(flags, [1, 2]);
});
