import test from 'ava';
import { readDropLine, readReasons } from './drop-lines.ts';

/** Lines that were recorded on Linux 6.18: a SYN, a datagram, a ping; words behind a packet's end are what lay there. */
const recorded = {
  syn: 'drop 4026532598 ppp1 16 ip_rcv_finish_core 4070e83c000045 a6433c6bfec063e 5000a49c4d7200cb 1849ee4a ba67f0fa02a0 a080204b4050402 3edaad2 a030301 0 16866c0000000000',
  datagram:
    'drop 4026532598 ppp1 16 ip_rcv_finish_core 4097f133000045 a6433c696e3113e 700a59c4d7200cb 6f686365bc671f00 206d6f7266203120 3130342074726f70 1b1a1918170a3130 232221201f1e1d1c 2b2a292827262524 333231302f2e2d2c',
  ping: 'drop 4026532598 ppp1 16 ip_rcv_finish_core 409cd254000045 a6433c68102013e 28e00084d7200cb 6b01a0b90100a69c 5774e00000000 1312111000000000 1b1a191817161514 232221201f1e1d1c 2b2a292827262524 333231302f2e2d2c',
};

for (const [what, { line, packet }] of Object.entries({
  'a SYN': {
    line: recorded.syn,
    packet: {
      ...{ protocol: 'tcp', source: '198.51.100.10', sourcePort: 40100, destination: '203.0.114.77' },
      ...{ destinationPort: 80, summary: 'TCP SYN' },
    },
  },
  'a datagram': {
    line: recorded.datagram,
    packet: {
      ...{ protocol: 'udp', source: '198.51.100.10', sourcePort: 40101, destination: '203.0.114.77' },
      ...{ destinationPort: 7, summary: 'UDP 23 bytes' },
      payload: new TextEncoder().encode('echo 1 from port 40101\n'),
    },
  },
  'a ping': {
    line: recorded.ping,
    packet: {
      ...{ protocol: 'icmp', source: '198.51.100.10', destination: '203.0.114.77' },
      summary: 'ICMP echo request',
    },
  },
})) {
  test(`${what} that was dropped`, (t) => {
    const read = readDropLine(line);
    t.like(read, {
      namespace: 4026532598,
      interface: 'ppp1',
      reason: 16,
      function: 'ip_rcv_finish_core',
    });
    t.like(read, { packet });
  });
}

test('the identity of a packet that is longer than what is read has its whole length', (t) => {
  const read = readDropLine(recorded.ping);
  t.regex(read?.packet?.identity ?? '', /^icmp id=d29c offset=0 8\/0 0001 56:[\da-f]{16}$/);
});

test('a function that the compiler has split has one name', (t) => {
  const line = recorded.ping.replace('ip_rcv_finish_core', '__netif_receive_skb_core.constprop.0');
  t.like(readDropLine(line), { function: '__netif_receive_skb_core' });
});

test('a packet without its headers is a drop all the same', (t) => {
  for (const words of ['0 0 0 0 0 0 0 0 0 0', 'ffffffffffffffff 0 0 0 0 0 0 0 0 0']) {
    const line = recorded.syn.replace(/core .*/, `core ${words}`);
    t.like(readDropLine(line), { reason: 16, packet: null });
  }
});

for (const line of [
  '',
  'Attaching 3 probes...',
  'watching',
  'Lost 12 events',
  'tick 1 2198003582797',
  'drop 1 ppp1 16 f',
  recorded.syn.replace(/ \S+$/, ''),
  `x${recorded.syn}`,
  `${recorded.syn} 0`,
]) {
  test(`'${line}' is none`, (t) => t.is(readDropLine(line), null));
}

test('reasons have the names that the running kernel gives them', (t) => {
  const format = `field:enum skb_drop_reason reason;	offset:36;	size:4;	signed:0;

print fmt: "skbaddr=%p location=%pS reason: %s", REC->skbaddr, REC->location, __print_symbolic(REC->reason, { 2, "NOT_SPECIFIED" }, { 3, "NO_SOCKET" }, { 16, "IP_RPFILTER" })
`;
  t.deepEqual(
    [...readReasons(format)],
    [
      [2, 'NOT_SPECIFIED'],
      [3, 'NO_SOCKET'],
      [16, 'IP_RPFILTER'],
    ],
  );
  t.is(readReasons('').size, 0);
});
