import test from 'ava';
import { LabError } from '../../net/error.ts';
import { readConntrack } from './read-conntrack.ts';
import { readTc } from './read-tc.ts';
import { dottedName, readSysctl } from './sysctl.ts';

/** Words separated by single spaces, or by two for a word with one. */
const wordsOf = (line: string) =>
  [...line.matchAll(/'[^']*'|[^ ]+/g)].map(({ 0: text, index }) => ({
    text: text.replaceAll("'", ''),
    at: { file: 'up.sh', line: 1, column: index + 1 },
  }));

function refusal(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof LabError && error.code === 'invalid') return error.message;
    throw error;
  }
  return '';
}

const sysctl = (line: string, text?: string) => {
  const input = text === undefined ? null : { text, at: { file: 'up.sh', line: 5, column: 1 } };
  return readSysctl(wordsOf(line), input);
};
const written = (path: string, value: string) => {
  return { path, value, print: 'name and value', ignoreUnknown: false, action: 'write' } as const;
};

test('sysctl writes by name and by path, where the first separator counts', (t) => {
  for (const name of ['net.ipv4.conf.eth0/100.rp_filter', 'net/ipv4/conf/eth0.100/rp_filter']) {
    const [placed] = sysctl(`sysctl -w ${name}=2`);
    t.deepEqual(placed!.command, written('net/ipv4/conf/eth0.100/rp_filter', '2'));
  }
  t.is(dottedName('net/ipv4/conf/eth0.100/rp_filter'), 'net.ipv4.conf.eth0/100.rp_filter');
});

test('sysctl says what it is asked to say', (t) => {
  t.like(sysctl('sysctl -qw net.ipv4.ip_forward=1')[0], { command: { action: 'write', print: 'nothing' } });
  t.like(sysctl('sysctl net.ipv4.ip_forward -n')[0], { command: { action: 'read', print: 'value' } });
  t.like(sysctl('sysctl --ignore net.ipv4.ip_forward')[0], { command: { ignoreUnknown: true } });
  t.is(sysctl('sysctl net.ipv4.ip_forward=1 net.ipv4.tcp_ecn').length, 2);
});

test('sysctl reads assignments, one a line', (t) => {
  const placed = sysctl('sysctl -p -', '# a comment\n; another\n\n net.ipv4.ip_forward = 1\n-net.ipv4.ports = 1 2\n');
  t.deepEqual(placed[0], {
    command: written('net/ipv4/ip_forward', '1'),
    at: { file: 'up.sh', line: 8, column: 2 },
  });
  t.like(placed[1], { command: { path: 'net/ipv4/ports', value: '1 2', ignoreUnknown: true } });
  t.is(placed.length, 2);
});

test('sysctl refuses', (t) => {
  t.is(
    refusal(() => sysctl('sysctl')),
    'up.sh:1:1: sysctl needs the name of a variable',
  );
  t.is(
    refusal(() => sysctl('sysctl -w net.ipv4.ip_forward')),
    'up.sh:1:11: expected NAME=VALUE, got "net.ipv4.ip_forward"',
  );
  t.is(
    refusal(() => sysctl('sysctl -w a.b = 1')),
    'up.sh:1:11: expected NAME=VALUE, got "a.b"',
  );
  t.is(
    refusal(() => sysctl('sysctl -a')),
    "up.sh:1:8: sysctl's option -a is not modelled",
  );
  t.is(
    refusal(() => sysctl('sysctl -p')),
    'up.sh:1:8: the file /etc/sysctl.conf is not modelled',
  );
  t.is(
    refusal(() => sysctl('sysctl -p x.conf')),
    'up.sh:1:11: the file x.conf is not modelled',
  );
  t.is(
    refusal(() => sysctl('sysctl -w net.ipv4.conf.*.rp_filter=0')),
    'up.sh:1:11: a pattern of names (net.ipv4.conf.*.rp_filter) is not modelled',
  );
  t.is(
    refusal(() => sysctl('sysctl /proc/sys/net')),
    'up.sh:1:8: expected the name of a variable, got "/proc/sys/net"',
  );
  t.is(
    refusal(() => sysctl('sysctl -p -', 'a.b\n')),
    'up.sh:5:1: expected NAME=VALUE, got "a.b"',
  );
});

const conntrack = (line: string) => readConntrack(wordsOf(line));
const nothing = {
  ...{ protocol: null, originalSource: null, originalDestination: null, replySource: null, replyDestination: null },
  ...{ sourcePort: null, destinationPort: null, replySourcePort: null, replyDestinationPort: null },
  ...{ mark: null, sourceNat: null, destinationNat: null },
};

test('conntrack deletes what is described', (t) => {
  t.deepEqual(conntrack('conntrack -D -p udp --dport 1194 -s 10.0.0.0/8 -q203.0.113.2 -m 0x1/0x3 -n'), {
    action: 'delete',
    filter: {
      ...nothing,
      ...{ protocol: 17, destinationPort: 1194, originalSource: { address: 0x0a000000, length: 8 } },
      ...{
        replyDestination: { address: 0xcb007102, length: 32 },
        mark: { value: 1, mask: 3 },
        sourceNat: { to: null },
      },
    },
  });
  t.deepEqual(conntrack('conntrack --del --proto=17 --dst-nat 10.0.0.1'), {
    action: 'delete',
    filter: { ...nothing, protocol: 17, destinationNat: { to: 0x0a000001 } },
  });
  t.deepEqual(conntrack('conntrack -F'), { action: 'flush' });
  t.deepEqual(conntrack('conntrack -L conntrack -f ipv4'), { action: 'list', filter: nothing });
  t.deepEqual(conntrack('conntrack -D'), { action: 'delete', filter: nothing });
});

test('conntrack refuses', (t) => {
  const refused = (line: string) => refusal(() => conntrack(`conntrack ${line}`));
  t.is(refused('-p udp'), 'up.sh:1:1: conntrack needs to be told what to do: -D, -F, -L or -C');
  t.is(refused('-D -F'), 'up.sh:1:14: -D is said already: conntrack does one thing at a time');
  t.is(refused('-F -p udp'), 'up.sh:1:14: -F takes no -p');
  t.is(refused('-D --dport 53 -p udp'), 'up.sh:1:22: conntrack takes ports after -p alone');
  t.is(refused('-D -s'), 'up.sh:1:14: "-s" needs something after it');
  t.is(refused('-D -s 10.0'), 'up.sh:1:17: expected an IPv4 address such as 203.0.113.2, got "10.0"');
  t.is(refused('-D -p ucp'), 'up.sh:1:17: expected a protocol, got "ucp"');
  t.is(refused('-D expect'), 'up.sh:1:14: the table expect is not modelled');
  t.is(refused('-D -u ASSURED'), 'up.sh:1:14: -u is not modelled');
  t.is(refused('-D --repl 10.0.0.1'), 'up.sh:1:14: --repl may be more than one option');
  t.is(refused('-D --sprot 5'), 'up.sh:1:14: "--sprot" is not an option of conntrack');
});

const tc = (line: string) => readTc(wordsOf(line));

test('tc says how a link is shaped', (t) => {
  const shape = { rate: null, delay: null, loss: null };
  t.deepEqual(tc('tc qdisc add dev isp1 root tbf rate 8mbit burst 32kb latency 50ms'), {
    action: 'shape',
    device: 'isp1',
    shape: { ...shape, rate: 8e6 },
  });
  t.deepEqual(tc('tc q r dev isp1 root handle 1: netem delay 20ms loss random 5% rate 1mbps'), {
    action: 'shape',
    device: 'isp1',
    shape: { rate: 8e6, delay: 0.02, loss: 0.05 },
  });
  t.deepEqual(tc('tc qdisc del dev isp1 root'), { action: 'unshape', device: 'isp1' });
  t.deepEqual(tc('tc qdisc add dev isp1 root handle 1: htb default 20'), { action: 'no-bearing', device: 'isp1' });
  t.deepEqual(tc('tc class add dev isp1 parent 1: classid 1:20 htb rate 500kbit ceil 1Mbit'), {
    action: 'class',
    device: 'isp1',
    class: { id: '1:20', parent: '1:', rate: 5e5, ceiling: 1e6 },
  });
  const filter =
    'tc filter add dev isp1 parent 1: protocol ip prio 1 u32 match ip dport 53 0xffff match ip src 10.0.0.0/8';
  t.deepEqual(tc(`${filter} flowid 1:20`), { action: 'no-bearing', device: 'isp1' });
  t.deepEqual(tc('tc filter add dev isp1 parent 1: handle 6 fw classid 1:20'), {
    action: 'no-bearing',
    device: 'isp1',
  });
  t.deepEqual(tc('tc qdisc add dev isp1 parent 1:20 fq_codel limit 100 noecn'), {
    action: 'no-bearing',
    device: 'isp1',
  });
  t.deepEqual(tc('tc qdisc'), { action: 'show', device: null });
});

test('tc refuses what could send packets elsewhere, and what tc refuses', (t) => {
  const refused = (line: string) => refusal(() => tc(`tc ${line}`));
  const filter = 'filter add dev a parent 1: u32 match u32 0 0';
  t.is(refused(`${filter} action mirred egress redirect dev b`), "up.sh:1:49: a filter's action is not modelled");
  t.is(refused(`${filter} flowid 1:1 action drop`), "up.sh:1:60: a filter's action is not modelled");
  t.is(
    refused('filter add dev a parent 1: u32 match ip dport 53 0xffff'),
    'up.sh:1:11: tc filter needs a kind, u32 or fw, and flowid HANDLE',
  );
  t.is(refused('qdisc add dev a ingress'), 'up.sh:1:20: ingress is not modelled');
  t.is(refused('qdisc add dev a root teql0'), 'up.sh:1:25: the qdisc teql0 is not modelled');
  t.is(refused('qdisc add dev a root tbf rate 8mbit'), 'up.sh:1:25: tbf needs rate, burst, and latency or limit');
  t.is(
    refused('qdisc add dev a root tbf rate 8mbis burst 1 limit 1'),
    'up.sh:1:34: expected a rate such as 8mbit, got "8mbis"',
  );
  t.is(refused('qdisc add dev a root netem delay 1ms 2ms'), "up.sh:1:41: netem's 2ms is not modelled");
  t.is(refused('qdisc add root fq'), 'up.sh:1:10: tc qdisc needs a device: dev NAME');
  t.is(refused('actions add'), 'up.sh:1:4: "actions" is not an object of tc');
  t.is(refused('-s qdisc'), "up.sh:1:4: tc's option -s is not modelled");
});
