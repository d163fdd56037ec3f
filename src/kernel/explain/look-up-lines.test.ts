import test from 'ava';
import { readLookUpLine } from './look-up-lines.ts';

/** Lines that were recorded on Linux 6.18: a datagram on its way out and in, and look-ups. */
const recorded = {
  went: 'went 1 12622124406349 4026535824 lo 40126422000045 100007fb6d81140 900359c0100007f 6c6c656821fe0e00 ffffffffffff0a6f 13426b0013426b 6000800000000 2f74656e00000000 65756575712f6f6c 5300302d78742f73',
  sent: 'look 1 12622124359329 12622108126265 4026542981 4026535824 254 0 0 1 0 0 0 17 0.0.0.0 39989 127.0.0.1 9 lo 0.0.0.0 7 3 0 198.51.100.10 127.0.0.1',
  unmatched:
    'look 1 12622634878746 12622378015229 4026542981 4026535824 254 -11 0 1 0 0 0 17 0.0.0.0 34557 10.0.0.1 9 - 0.0.0.0 0 0 0 0.0.0.0 0.0.0.0',
};

test('a packet that went out', (t) => {
  const read = readLookUpLine(recorded.went);
  t.like(read, { kind: 'went', cpu: 1, time: 12622124406349n, namespace: 4026535824, interface: 'lo' });
  t.like(read, {
    packet: { protocol: 'udp', source: '127.0.0.1', destination: '127.0.0.1', sourcePort: 39989, destinationPort: 9 },
  });
  t.like(readLookUpLine(recorded.went.replace('went', 'came')), { kind: 'came', interface: 'lo' });
});

test('a question of ARP that came in', (t) => {
  // 00:01 08:00 06 04 00:01, from 02:00:00:00:00:01 203.0.114.2 for 10.255.0.2, and zeros.
  const line = 'came 0 12622124406349 4026535824 far 100040600080100 cb010000000002 272 200ff0a 0 0 0 0 0 0';
  t.like(readLookUpLine(line), {
    kind: 'came',
    packet: { protocol: 'arp', source: '203.0.114.2', destination: '10.255.0.2', summary: 'ARP request' },
  });
  // Neither IPv4 nor ARP.
  t.like(readLookUpLine(line.replace('80100 ', '80200 ')), { packet: null });
});

test('a look-up that found a route', (t) => {
  t.deepEqual(readLookUpLine(recorded.sent), {
    ...{ kind: 'look', cpu: 1, time: 12622124359329n, arrival: 12622108126265n },
    ...{ receiver: 4026542981, caller: 4026535824, table: 254, error: 0, oif: 0, iif: 1, tos: 0, scope: 0, flags: 0 },
    ...{ protocol: 17, source: '0.0.0.0', sourcePort: 39989, destination: '127.0.0.1', destinationPort: 9 },
    ...{ device: 'lo', gateway: '0.0.0.0', mark: null },
  });
});

test('a look-up that found none', (t) => {
  t.like(readLookUpLine(recorded.unmatched), { error: -11, destination: '10.0.0.1', device: '-' });
});

test('a look-up for the packet that came in has its mark', (t) => {
  const line = (input: number, words: string): string =>
    `look 0 2 1 10 11 102 0 0 ${input} 0 0 0 0 192.168.2.100 0 198.51.100.10 0 ppp1 203.0.114.1 ${words}`;
  t.like(readLookUpLine(line(4, '2 4 0 192.168.2.100 198.51.100.10')), { mark: 2 });
  t.like(readLookUpLine(line(4, '2 4 3 192.168.2.100 198.51.100.10')), { mark: 2 });
  // With another TOS, as that of an error about it; of another packet, by another interface, and what looks as if it came in by loopback.
  t.like(readLookUpLine(line(4, '2 4 16 192.168.2.100 198.51.100.10')), { mark: null });
  t.like(readLookUpLine(line(4, '2 4 0 192.168.2.101 198.51.100.10')), { mark: null });
  t.like(readLookUpLine(line(4, '2 4 0 192.168.2.100 198.51.100.11')), { mark: null });
  t.like(readLookUpLine(line(4, '2 3 0 192.168.2.100 198.51.100.10')), { mark: null });
  t.like(readLookUpLine(line(1, '2 1 0 192.168.2.100 198.51.100.10')), { mark: null });
  // Of a packet that is gone, whatever is there now.
  t.like(readLookUpLine(line(4, '2 -1802201964 107 107.107.107.107 107.107.107.107')), { mark: null });
});

for (const line of [
  '',
  'watching',
  'tick 1 2',
  'Lost 12 events',
  `${recorded.went} 0`,
  recorded.went.replace(/ \S+$/, ''),
  recorded.sent.replace(/ \S+$/, ''),
  recorded.sent.replace('look', 'looks'),
]) {
  test(`'${line}' is none`, (t) => t.is(readLookUpLine(line), null));
}
