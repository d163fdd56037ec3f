import test from 'ava';
import { parseIPv4 } from '../net/address.ts';
import { createPacketRows } from './packet-rows.ts';
import { protocols, tcpFlags, type Packet } from './packet.ts';

function packet(parts: Partial<Packet>): Packet {
  return {
    ...{ source: parseIPv4('203.0.113.2'), destination: parseIPv4('198.51.100.10'), protocol: protocols.udp },
    ...{ tos: 0, ttl: 64, sourcePort: 1194, destinationPort: 0, icmp: null, tcp: null, payload: { length: 14 } },
    ...{ socketHash: null, identity: 7, ...parts },
  };
}

test('what went in as numbers comes out as words, of whatever protocol', (t) => {
  const rows = createPacketRows();
  const ends = { source: '203.0.113.2', destination: '198.51.100.10' };
  const ports = { source: '203.0.113.2:1194', destination: '198.51.100.10:0' };
  const icmp = { ...{ type: 8, code: 0, identifier: 5, sequence: 3, key: 9 }, about: null };
  const error = { ...icmp, type: 3, code: 1, sequence: 0, key: 0 };
  const tcp = { flags: tcpFlags.syn | tcpFlags.ack, sequence: 2 ** 32 - 1, acknowledgement: 1 };
  const arp = { protocol: 'arp', source: parseIPv4('255.255.255.255'), destination: 0, identity: 2 ** 40 } as const;
  const cases = [
    [packet({}), { ...ports, protocol: 'udp', identity: '7', bytes: 42, summary: 'UDP 14 bytes', echo: null }],
    [
      packet({ protocol: protocols.tcp, tcp, payload: { length: 0 } }),
      { ...ports, protocol: 'tcp', identity: '7', bytes: 40, summary: 'TCP SYN-ACK', echo: null },
    ],
    [
      packet({ protocol: protocols.icmp, icmp, sourcePort: 0 }),
      { ...ends, protocol: 'icmp', identity: '7', bytes: 42, summary: 'ICMP echo request', echo: '9 3' },
    ],
    [
      packet({ protocol: protocols.icmp, icmp: error, sourcePort: 0 }),
      { ...ends, protocol: 'icmp', identity: '7', bytes: 42, summary: 'ICMP host unreachable', echo: null },
    ],
    ...(['request', 'reply'] as const).map(
      (kind) =>
        [
          { ...arp, kind },
          {
            ...{ source: '255.255.255.255', destination: '0.0.0.0', protocol: 'arp', identity: '1099511627776' },
            ...{ bytes: 28, summary: `ARP ${kind}`, echo: null },
          },
        ] as const,
    ),
  ] as const;
  const added = cases.map(([each]) => rows.add(each));
  t.deepEqual(
    added.map((row) => rows.words(row ?? NaN)),
    cases.map(([, words]) => words),
  );
});

test('what has no port is told from port 0, and a protocol that nobody looks at is left out', (t) => {
  const rows = createPacketRows();
  const nobodys = { source: 0, sourcePort: 0, destination: 0 };
  t.is(rows.add(packet({ protocol: 47 })), null);
  t.is(rows.words(rows.add(packet(nobodys)) ?? NaN).source, '0.0.0.0:0');
  t.is(rows.words(rows.add(packet({ ...nobodys, protocol: protocols.icmp })) ?? NaN).source, '0.0.0.0');
});

test('a thousand packets are each what they were', (t) => {
  const rows = createPacketRows();
  const identities = Array.from({ length: 1000 }, (_, identity) => identity);
  const added = identities.map((identity) => rows.add(packet({ identity, sourcePort: identity })));
  t.deepEqual(
    added.map((row) => rows.words(row ?? NaN)).map(({ identity, source }) => `${identity} ${source}`),
    identities.map((identity) => `${identity} 203.0.113.2:${identity}`),
  );
  t.throws(() => rows.words(1000), { message: 'no packet in row 1000' });
});
