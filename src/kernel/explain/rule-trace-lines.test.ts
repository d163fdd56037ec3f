import test from 'ava';
import { readBaseChains, readRuleTraces } from './rule-trace-lines.ts';

/** What nftables 1.0.6 prints. */
const listed = JSON.stringify({
  nftables: [
    { metainfo: { version: '1.0.6' } },
    ...[
      ['mangle', 'OUTPUT', 'output', 'route'],
      ['nat', 'OUTPUT', 'output', 'nat'],
      ['nat', 'PREROUTING', 'prerouting', 'nat'],
      ['mangle', 'FORWARD', 'forward', 'filter'],
      ['filter', 'INPUT', 'input', 'filter'],
    ].map(([table, name, hook, type]) => ({ chain: { family: 'ip', table, name, handle: 1, type, hook, prio: 0 } })),
    { chain: { family: 'ip', table: 'filter', name: 'CC', handle: 4 } },
  ],
});
const chains = readBaseChains(listed);

test('base chains have hooks and types; those that rules jump to have none', (t) => {
  t.is(chains.size, 5);
  t.deepEqual(chains.get('ip mangle OUTPUT'), { hook: 'output', type: 'route' });
  t.is(chains.get('ip filter CC'), undefined);
});

const header = (source: string, destination: string, rest: string): string =>
  `ip saddr ${source} ip daddr ${destination} ip dscp 0x00 ip ecn 0x0 ip ttl 64 ${rest}`;
const datagram = (port: number): string =>
  `packet: oif "lo" ${header('127.0.0.1', '127.0.0.1', `ip id 44995 ip length 34 udp sport 35001 udp dport ${port} udp length 14 @th,64,48 0x68656c6c6f0a `)}`;
const syn = (destination: string, port: number): string =>
  `packet: iif "ppp0" ether saddr 02:4d:48:00:05:00 ether daddr 02:4d:48:00:00:03 ${header('198.51.100.10', destination, `ip id 21544 ip length 60 tcp sport 40000 tcp dport ${port} tcp flags == 0x2 tcp window 64240 `)}`;

test('what a host sends: rules in their order, marks, and a destination that was translated', (t) => {
  const [trace, ...others] = readRuleTraces(
    [
      `trace id e5fd1bd4 ip multihome-lab-trace output ${datagram(9)}`,
      'trace id e5fd1bd4 ip multihome-lab-trace output rule meta nftrace set 1 (verdict continue)',
      'trace id e5fd1bd4 ip multihome-lab-trace output policy accept ',
      `trace id e5fd1bd4 ip mangle OUTPUT ${datagram(9)}`,
      'trace id e5fd1bd4 ip mangle OUTPUT rule udp dport 9 counter packets 0 bytes 0 meta mark set 0x1 (verdict continue)',
      'trace id e5fd1bd4 ip mangle OUTPUT policy accept meta mark 0x00000001 ',
      'trace id e5fd1bd4 ip nat OUTPUT rule udp dport 9 counter packets 0 bytes 0 dnat to 127.0.0.1:10 (verdict accept)',
      `trace id e5fd1bd4 ip filter OUTPUT ${datagram(10)}`,
    ],
    chains,
  );
  t.is(others.length, 0);
  t.like(trace, { from: 'output', source: '127.0.0.1:35001', destination: '127.0.0.1:9', id: 44995, length: 34 });
  t.deepEqual(trace?.last, { source: '127.0.0.1:35001', destination: '127.0.0.1:10' });
  t.deepEqual(
    trace?.steps
      .filter(({ text }) => text !== '')
      .map(({ hook, type, chain, text, verdict }) => [hook, type, chain, text, verdict]),
    [
      ['output', 'route', 'ip mangle OUTPUT', 'udp dport 9 meta mark set 0x1', 'continue'],
      ['output', 'nat', 'ip nat OUTPUT', 'udp dport 9 dnat to 127.0.0.1:10', 'accept'],
    ],
  );
  t.is(trace?.steps.findLast(({ mark }) => mark !== null)?.mark, '0x00000001');
});

test('a chain that is jumped to has the hook of the one before; a policy counts where it drops', (t) => {
  const [trace] = readRuleTraces(
    [
      `trace id 1 ip multihome-lab-trace prerouting ${syn('203.0.113.2', 22)}`,
      `trace id 1 ip filter INPUT ${syn('203.0.113.2', 22)}`,
      'trace id 1 ip filter INPUT rule meta l4proto 6 counter packets 0 bytes 0 jump CC (verdict jump CC)',
      'trace id 1 ip filter CC rule counter packets 0 bytes 0 return (verdict return)',
      'trace id 1 ip filter INPUT policy drop ',
    ],
    chains,
  );
  t.deepEqual(
    trace?.steps.map(({ hook, text, verdict }) => [hook, text, verdict]),
    [
      ['input', 'meta l4proto 6 jump CC', 'jump CC'],
      ['input', 'return', 'return'],
      ['input', 'policy drop', 'drop'],
    ],
  );
});

test('packets that are told in turns are kept apart; one that has an earlier one’s number is another', (t) => {
  const begin = (id: number, port: number) =>
    `trace id ${id} ip multihome-lab-trace prerouting ${syn('203.0.113.2', port)}`;
  const hit = (id: number, port: number) =>
    `trace id ${id} ip nat PREROUTING rule tcp dport ${port} dnat to 192.168.2.100:80 (verdict accept)`;
  const traces = readRuleTraces(
    [begin(1, 8080), begin(2, 8081), hit(1, 8080), hit(2, 8081), begin(1, 8082), hit(1, 8082)],
    chains,
  );
  t.deepEqual(
    traces.map(({ destination, steps }) => [destination, ...steps.map(({ text }) => text)]),
    [8080, 8081, 8082].map((port) => [`203.0.113.2:${port}`, `tcp dport ${port} dnat to 192.168.2.100:80`]),
  );
});

test('what nft says of itself is no trace', (t) => {
  t.deepEqual(readRuleTraces(['# new generation 5 by process 7 (nft)', 'add table ip x', ''], chains), []);
});
