import { asRoot, openedFor } from '../../kernel/testing.ts';
import { readConntrack } from './read-conntrack.ts';
import { readTc } from './read-tc.ts';
import { refusal, wordsOf } from './sample-words.ts';
import { readSysctl } from './sysctl.ts';
import type { Word } from './word.ts';

/** Lines that the tool and its reader both take, and lines that both refuse. */
interface Tool {
  readonly read: (words: readonly Word[]) => unknown;
  /** The exit statuses by which the tool says that it was told nonsense. */
  readonly refusing: readonly number[];
  readonly taken: readonly string[];
  readonly refused: readonly string[];
}

const filter = 'tc filter add dev up0 parent 1: protocol ip prio 1';
const tools: readonly Tool[] = [
  {
    read: (words) => readSysctl(words, null),
    refusing: [1],
    taken: [
      'sysctl net.ipv4.ip_forward',
      'sysctl -n net/ipv4/ip_forward',
      'sysctl -qw net.ipv4.conf.eth0/100.rp_filter=2 net.ipv4.ip_forward=1',
      "sysctl -w ' net/ipv4/conf/eth0.100/rp_filter = 1'",
      'sysctl --ignore --write net.ipv4.nosuch=1',
      'sysctl net.ipv4.ip_forward=0 -N',
    ],
    refused: [
      'sysctl',
      'sysctl -w net.ipv4.ip_forward',
      'sysctl -w net.ipv4.ip_forward = 1',
      'sysctl /proc/sys/net/ipv4/ip_forward',
    ],
  },
  {
    read: readConntrack,
    refusing: [2],
    taken: [
      'conntrack -D -p udp --sport 1000 --orig-port-dst 53',
      'conntrack --del --proto=17 -s10.0.0.0/8 -q 203.0.113.2',
      'conntrack -D conntrack -m 0x1/0x3 -n -g 10.0.0.1',
      'conntrack -L -f ipv4 -p tcp --reply-port-src 80',
      'conntrack --flush',
      'conntrack -C',
    ],
    refused: [
      'conntrack -D -F',
      'conntrack -F -p udp',
      'conntrack -D --sport 53',
      'conntrack -D -s',
      'conntrack -D -s there',
      'conntrack -D -s 10.0.0.1/33',
      'conntrack -D -p ucp',
      'conntrack -D --sprot 5',
    ],
  },
  {
    read: readTc,
    refusing: [1, 255],
    taken: [
      'tc qdisc add dev up0 root tbf rate 8mbit burst 32kb latency 50ms',
      'tc qdisc replace dev up0 root tbf rate 1.5Mibit buffer 10k/8 limit 20000',
      'tc q del dev up0 root',
      'tc qdisc add dev up0 root handle 1: htb default 20',
      'tc class add dev up0 parent 1: classid 1:1 htb rate 500kbit ceil 1mbps burst 2k',
      'tc class add dev up0 parent 1:1 classid 1:20 htb rate 100kbit prio 2',
      `${filter} u32 match ip dport 53 0xffff match ip src 10.0.0.0/8 flowid 1:20`,
      `${filter} handle 6 fw classid 1:20`,
      'tc qdisc show',
    ],
    refused: [
      'tc qdisc add dev up0 root tbf rate 8mbit burst 32kb',
      'tc qdisc add dev up0 root tbf rate 8mbis burst 32kb limit 1',
      'tc qdisc add dev up0 root tbf rate 8mbit burst 32kb latency soon',
      'tc class add dev up0 parent 1: classid 1:5 htb ceil 1mbit',
      'tc qdisc add dev up0 root handle x: htb',
      'tc qdics',
    ],
  },
];

asRoot('sysctl, conntrack and tc take what their readers take, and refuse what they refuse', async (t) => {
  const sandbox = await openedFor(t);
  await sandbox.run('building', null, ['sh', '-euc', 'ip link add eth0.100 type veth peer name up0']);
  for (const { read, refusing, taken, refused } of tools) {
    for (const line of [...taken, ...refused]) {
      const words = wordsOf(line);
      const { exitCode, stderr } = await sandbox.attempt(
        null,
        words.map(({ text }) => text),
      );
      // conntrack's 1: nothing was found.
      const mine = refusing.includes(exitCode ?? -1);
      t.is(mine, refused.includes(line), `${line}: ${exitCode} ${stderr}`);
      t.is(refusal(() => read(words))[0] !== '', mine, line);
    }
  }
});
