import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { decodePacket } from './packet.ts';
import { createPcapngReader, type CapturedPacket } from './pcapng.ts';

/**
 * Captures with dumpcap in a network namespace of the test's own: `wanted` packets, of the traffic that starts when dumpcap
 * says it is ready. Everything in the namespace dies with its first process.
 *
 * @returns the file
 */
async function capture(
  t: ExecutionContext,
  wanted: number,
  options: string,
  setup: string,
  traffic: string,
): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'pcapng-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const file = path.join(folder, 'capture.pcapng');
  const script = `
    ip link set lo up
    ${setup}
    # By the count it stops when it has written the last packet: with a signal it would lose those of the last 250 ms.
    timeout 30 dumpcap -q ${options} -c ${wanted} -w "$1" 2>&1 | {
      while read -r line; do echo "$line" >&2; case $line in File:*) break ;; esac; done
      { ${traffic}
      } >&2
      cat >&2
    }
    test -s "$1"`;
  const isolation = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  await execa('unshare', [...isolation, 'sh', '-euc', script, 'sh', file], { timeout: 60_000 });
  return file;
}

/** What tshark reads of a packet, one line each. */
const fields = [
  'frame.interface_id',
  'frame.interface_name',
  'frame.time_epoch',
  'frame.cap_len',
  'frame.len',
  'ip.src',
  'ip.dst',
  'ip.proto',
  'udp.srcport',
  'udp.dstport',
  'tcp.srcport',
  'tcp.dstport',
];

function line(packet: CapturedPacket): string {
  const decoded = decodePacket(packet.interface.linkType, packet.data);
  const ports = [decoded?.sourcePort ?? '', decoded?.destinationPort ?? ''];
  const none = ['', ''];
  const seconds = packet.timeNs / 1_000_000_000n;
  return [
    packet.interface.index,
    packet.interface.name,
    `${seconds}.${String(packet.timeNs % 1_000_000_000n).padStart(9, '0')}`,
    packet.data.length,
    packet.originalLength,
    decoded?.source ?? '',
    decoded?.destination ?? '',
    { udp: 17, tcp: 6, icmp: 1, arp: '', other: '' }[decoded?.protocol ?? 'other'],
    ...(decoded?.protocol === 'udp' ? ports : none),
    ...(decoded?.protocol === 'tcp' ? ports : none),
  ].join('\t');
}

/** Reads a capture in pieces of odd sizes, and compares it with what tshark reads. */
async function compare(t: ExecutionContext, file: string) {
  const bytes = await readFile(file);
  const reader = createPcapngReader();
  const packets: CapturedPacket[] = [];
  for (let at = 0, size = 1; at < bytes.length; at += size, size = (size * 7 + 3) % 1013) {
    packets.push(...reader.push(bytes.subarray(at, at + size)));
  }
  reader.end();

  // occurrence=f: the outer header's, of an ICMP error.
  const options = ['-n', '-r', file];
  const table = await execa('tshark', [
    ...options,
    '-T',
    'fields',
    '-E',
    'occurrence=f',
    ...fields.flatMap((field) => ['-e', field]),
  ]);
  t.deepEqual(packets.map(line), table.stdout.split('\n'));

  const { stdout } = await execa('tshark', [...options, '-T', 'json', '-x', '-j', 'frame'], { maxBuffer: 1e8 });
  const frames = JSON.parse(stdout) as readonly {
    _source: { layers: { frame_raw: readonly [string, ...unknown[]] } };
  }[];
  t.deepEqual(
    packets.map(({ data }) => Buffer.from(data).toString('hex')),
    frames.map(({ _source }) => _source.layers.frame_raw[0]),
  );
  return { packets, interfaces: reader.interfaces, statistics: reader.statistics };
}

const echoServer = (kind: 'udp4' | 'tcp4') => `socat -T 5 ${kind}-listen:5000,bind=127.0.0.1,fork exec:cat &`;

test('reads what dumpcap captured of ping, UDP and TCP on lo as tshark does', async (t) => {
  const file = await capture(
    t,
    40,
    '-i lo -s 65535',
    `${echoServer('udp4')} ${echoServer('tcp4')}
     socat -u /dev/null tcp4:127.0.0.1:5000,retry=200,interval=0.02`,
    `ping -q -c 5 -i 0.01 -s 200 127.0.0.1
     for text in one two three; do
       echo $text | socat -t 0.1 - udp4:127.0.0.1:5000
       echo $text | socat -t 0.1 - tcp4:127.0.0.1:5000
     done
     ping -q -c 20 -i 0.01 127.0.0.1`,
  );
  const { packets, interfaces, statistics } = await compare(t, file);
  t.is(packets.length, 40);
  t.like(interfaces[0]!, { name: 'lo', linkType: 1, snapLength: 65535, filter: null });
  const summaries = new Set(packets.map(({ data }) => decodePacket(1, data)?.summary));
  for (const expected of [
    'ICMP echo request',
    'ICMP echo reply',
    'UDP 4 bytes',
    'TCP SYN',
    'TCP SYN-ACK',
    'TCP 4 bytes',
  ]) {
    t.true(summaries.has(expected), expected);
  }
  t.is(statistics.length, 1);
  t.like(statistics[0]!, { interface: interfaces[0], interfaceDropped: 0 });
  t.true(statistics[0]!.received! >= 40);
});

test('reads several interfaces, each with its filter and some packets cut short, as tshark does', async (t) => {
  const setup = `
    ip link add left type veth peer name right
    ip link add second type veth peer name other
    for each in left right second other; do
      echo 1 >/proc/sys/net/ipv6/conf/$each/disable_ipv6
      ip link set $each up
    done
    ip address add 192.0.2.1/24 dev left
    ip address add 198.51.100.1/24 dev second
    ip neighbour add 192.0.2.2 lladdr 02:00:00:00:00:02 dev left
    ip neighbour add 198.51.100.2 lladdr 02:00:00:00:00:02 dev second`;
  const file = await capture(
    t,
    30,
    "-i left -f icmp -s 60 -i right -f 'udp port 5000' -i second",
    setup,
    `for i in 1 2 3 4 5 6 7 8 9 10; do
       ping -q -c 1 -W 0.01 -s 300 192.0.2.2 || true
       echo datagram $i | socat -u - udp4-sendto:192.0.2.2:5000
       echo datagram $i | socat -u - udp4-sendto:198.51.100.2:5000
       echo not seen | socat -u - udp4-sendto:192.0.2.2:5001
     done`,
  );
  const { packets, interfaces } = await compare(t, file);
  t.deepEqual(
    interfaces.map(({ name, filter }) => [name, filter]),
    [
      ['left', 'icmp'],
      ['right', 'udp port 5000'],
      ['second', null],
    ],
  );
  t.true(packets.some(({ data, originalLength }) => data.length === 60 && originalLength === 342));
  t.deepEqual([...new Set(packets.map((packet) => packet.interface.name))].sort(), ['left', 'right', 'second']);
});
