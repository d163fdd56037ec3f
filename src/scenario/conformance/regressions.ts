import type { Shot } from '../../backend/volley.ts';
import type { TrialRecord } from './carry-out.ts';
import type { Phase, Step, Trial } from './trial.ts';

/** What random trials once showed the model to do otherwise than the kernel. */
export interface Regression {
  /** What the kernel does. */
  readonly title: string;
  readonly trial: Trial;
  /** What becomes of it on the kernel, phase by phase. */
  readonly kernel: readonly Outcome[];
}

export interface Outcome {
  /** The exit status of each script. */
  readonly statuses: readonly number[];
  /** For each shot, what crosses the interfaces. */
  readonly crossings: readonly (readonly string[])[];
}

/** A record in the words of a regression. */
export const outcomesOf = (record: TrialRecord): readonly Outcome[] =>
  record.map(({ steps, crossings }) => ({ statuses: steps.map(({ status }) => status), crossings }));

const server = (script: string): Step => ({ host: 'server', script, tries: [] });
export const datagram = (host: string, source: string, destination: string, port = 7): Shot => ({
  ...{ host, protocol: 'udp', source, destination, port, sourcePort: 20_000 },
});
export const phase = (script: string, ...shots: readonly Shot[]): Phase => ({ steps: [server(script)], shots });
export const trial = (...phases: readonly Phase[]): Trial => ({ seed: 1, phases });

const up1 = 'via 203.0.113.1 dev up1';
export const up2 = 'via 203.0.114.1 dev up2';
/** A line for what goes by the table main, another for what goes by a table of its own. */
export const twoLines = `ip route replace default ${up1}\nip route replace default ${up2} table 102\n`;

export const regressions: readonly Regression[] = [
  {
    title: 'a goto to a priority that no rule has leads nowhere, until there is one',
    trial: trial(
      phase(
        `ip route replace default ${up1}\nip route replace default ${up2} table 102
ip rule add priority 100 goto 105\nip rule add priority 102 lookup 102`,
        datagram('lan', '10.8.1.1', '198.18.1.2'),
      ),
      phase('ip rule add priority 105 nop', datagram('lan', '10.8.1.1', '198.18.1.2')),
    ),
    kernel: [
      {
        statuses: [0],
        crossings: [
          [
            'lan server out 10.8.1.1:20000 > 198.18.1.2:7 UDP 15 bytes',
            'server lan in 10.8.1.1:20000 > 198.18.1.2:7 UDP 15 bytes',
            'server up2 out 10.8.1.1:20000 > 198.18.1.2:7 UDP 15 bytes',
            'internet up2 in 10.8.1.1:20000 > 198.18.1.2:7 UDP 15 bytes',
            'internet up1 out 203.0.113.1:7 > 10.8.1.1:20000 UDP 15 bytes',
            'server up1 in 203.0.113.1:7 > 10.8.1.1:20000 UDP 15 bytes',
            'server up2 out 203.0.113.1:7 > 10.8.1.1:20000 UDP 15 bytes',
            'internet up2 in 203.0.113.1:7 > 10.8.1.1:20000 UDP 15 bytes',
          ],
        ],
      },
      {
        statuses: [0],
        crossings: [
          [
            'lan server out 10.8.1.1:20000 > 198.18.1.2:7 UDP 15 bytes',
            'server lan in 10.8.1.1:20000 > 198.18.1.2:7 UDP 15 bytes',
            'server up1 out 10.8.1.1:20000 > 198.18.1.2:7 UDP 15 bytes',
            'internet up1 in 10.8.1.1:20000 > 198.18.1.2:7 UDP 15 bytes',
            'internet up1 out 203.0.113.1:7 > 10.8.1.1:20000 UDP 15 bytes',
            'server up1 in 203.0.113.1:7 > 10.8.1.1:20000 UDP 15 bytes',
            'server lan out 203.0.113.1:7 > 10.8.1.1:20000 UDP 15 bytes',
            'lan server in 203.0.113.1:7 > 10.8.1.1:20000 UDP 15 bytes',
          ],
        ],
      },
    ],
  },
  {
    title: "a reverse path that Netfilter looks up is the tables' first, by whatever device, in nft",
    trial: trial(
      phase(
        `ip route replace default ${up1}\nip route replace 198.18.0.0/16 ${up2}
nft -f - <<'END'
table ip t {
  chain c { type filter hook prerouting priority mangle; fib saddr . iif oif missing drop; }
}
END`,
        datagram('internet', '198.18.1.2', '203.0.113.2'),
        { ...datagram('internet', '198.18.1.4', '203.0.114.2'), sourcePort: 20_001 },
      ),
    ),
    kernel: [
      {
        statuses: [0],
        crossings: [
          [
            'internet up1 out 198.18.1.2:20000 > 203.0.113.2:7 UDP 15 bytes',
            'server up1 in 198.18.1.2:20000 > 203.0.113.2:7 UDP 15 bytes',
          ],
          [
            'internet up2 out 198.18.1.4:20001 > 203.0.114.2:7 UDP 15 bytes',
            'server up2 in 198.18.1.4:20001 > 203.0.114.2:7 UDP 15 bytes',
            'server up2 out 203.0.114.2:7 > 198.18.1.4:20001 UDP 15 bytes',
            'internet up2 in 203.0.114.2:7 > 198.18.1.4:20001 UDP 15 bytes',
          ],
        ],
      },
    ],
  },
  {
    title: "a reverse path that Netfilter looks up is the tables' first, by whatever device, in iptables",
    trial: trial(
      phase(
        `ip route replace default ${up1}\nip route replace 198.18.0.0/16 ${up2}
iptables -t mangle -A PREROUTING -m rpfilter --invert -j DROP`,
        datagram('internet', '198.18.1.2', '203.0.113.2'),
        { ...datagram('internet', '198.18.1.4', '203.0.114.2'), sourcePort: 20_001 },
      ),
    ),
    kernel: [
      {
        statuses: [0],
        crossings: [
          [
            'internet up1 out 198.18.1.2:20000 > 203.0.113.2:7 UDP 15 bytes',
            'server up1 in 198.18.1.2:20000 > 203.0.113.2:7 UDP 15 bytes',
          ],
          [
            'internet up2 out 198.18.1.4:20001 > 203.0.114.2:7 UDP 15 bytes',
            'server up2 in 198.18.1.4:20001 > 203.0.114.2:7 UDP 15 bytes',
            'server up2 out 203.0.114.2:7 > 198.18.1.4:20001 UDP 15 bytes',
            'internet up2 in 203.0.114.2:7 > 198.18.1.4:20001 UDP 15 bytes',
          ],
        ],
      },
    ],
  },
  {
    title: "rules have their say in where a gateway of main's is, but not in another table that reaches it",
    trial: trial(
      phase('ip rule add oif up1 priority 101 blackhole'),
      phase(`ip route replace default ${up1}`),
      phase(`ip route replace 203.0.113.0/24 dev up1 table 101\nip route replace default ${up1} table 101`),
    ),
    kernel: [
      { statuses: [0], crossings: [] },
      { statuses: [2], crossings: [] },
      { statuses: [0], crossings: [] },
    ],
  },
  {
    title: 'to write again what ip_forward is already changes no interface',
    trial: trial(
      phase(
        `ip route replace default ${up1}\necho 0 >/proc/sys/net/ipv4/conf/lan/forwarding\necho 1 >/proc/sys/net/ipv4/ip_forward`,
        datagram('lan', '10.8.1.1', '198.18.1.2'),
      ),
    ),
    kernel: [
      {
        statuses: [0],
        crossings: [
          [
            'lan server out 10.8.1.1:20000 > 198.18.1.2:7 UDP 15 bytes',
            'server lan in 10.8.1.1:20000 > 198.18.1.2:7 UDP 15 bytes',
          ],
        ],
      },
    ],
  },
  {
    title: 'nft hashes what came over the network byte by byte',
    trial: trial(
      phase(
        ['ip saddr . ip daddr', 'ip daddr', 'ip saddr . ip daddr . ip protocol', 'ip protocol . th dport']
          .flatMap((of, index) => [
            `ip route replace default ${[up1, up2][index & 1]} table 10${index + 1}`,
            `ip rule add priority 10${index} fwmark ${1 << index}/${1 << index} lookup 10${index + 1}`,
            `nft add table ip t\nnft 'add chain ip t c { type filter hook prerouting priority mangle; }'`,
            `nft add rule ip t c meta mark set jhash ${of} mod 16 seed 0x5`,
          ])
          .join('\n'),
        ...Array.from({ length: 8 }, (_, index) => ({
          ...datagram('lan', `10.8.1.${index + 1}`, `198.18.${index}.2`),
          sourcePort: 20_000 + index,
        })),
      ),
    ),
    kernel: [
      {
        statuses: [0],
        crossings: [
          [
            'lan server out 10.8.1.1:20000 > 198.18.0.2:7 UDP 15 bytes',
            'server lan in 10.8.1.1:20000 > 198.18.0.2:7 UDP 15 bytes',
            'server up1 out 10.8.1.1:20000 > 198.18.0.2:7 UDP 15 bytes',
            'internet up1 in 10.8.1.1:20000 > 198.18.0.2:7 UDP 15 bytes',
            'internet up1 out 203.0.113.1:7 > 10.8.1.1:20000 UDP 15 bytes',
            'server up1 in 203.0.113.1:7 > 10.8.1.1:20000 UDP 15 bytes',
            'server up1 out 203.0.113.1:7 > 10.8.1.1:20000 UDP 15 bytes',
            'internet up1 in 203.0.113.1:7 > 10.8.1.1:20000 UDP 15 bytes',
          ],
          [
            'lan server out 10.8.1.2:20001 > 198.18.1.2:7 UDP 15 bytes',
            'server lan in 10.8.1.2:20001 > 198.18.1.2:7 UDP 15 bytes',
            'server up1 out 10.8.1.2:20001 > 198.18.1.2:7 UDP 15 bytes',
            'internet up1 in 10.8.1.2:20001 > 198.18.1.2:7 UDP 15 bytes',
            'internet up1 out 203.0.113.1:7 > 10.8.1.2:20001 UDP 15 bytes',
            'server up1 in 203.0.113.1:7 > 10.8.1.2:20001 UDP 15 bytes',
            'server up2 out 203.0.113.1:7 > 10.8.1.2:20001 UDP 15 bytes',
            'internet up2 in 203.0.113.1:7 > 10.8.1.2:20001 UDP 15 bytes',
          ],
          [
            'lan server out 10.8.1.3:20002 > 198.18.2.2:7 UDP 15 bytes',
            'server lan in 10.8.1.3:20002 > 198.18.2.2:7 UDP 15 bytes',
            'server up1 out 10.8.1.3:20002 > 198.18.2.2:7 UDP 15 bytes',
            'internet up1 in 10.8.1.3:20002 > 198.18.2.2:7 UDP 15 bytes',
            'internet up1 out 203.0.113.1:7 > 10.8.1.3:20002 UDP 15 bytes',
            'server up1 in 203.0.113.1:7 > 10.8.1.3:20002 UDP 15 bytes',
            'server up2 out 203.0.113.1:7 > 10.8.1.3:20002 UDP 15 bytes',
            'internet up2 in 203.0.113.1:7 > 10.8.1.3:20002 UDP 15 bytes',
          ],
          [
            'lan server out 10.8.1.4:20003 > 198.18.3.2:7 UDP 15 bytes',
            'server lan in 10.8.1.4:20003 > 198.18.3.2:7 UDP 15 bytes',
            'server up1 out 10.8.1.4:20003 > 198.18.3.2:7 UDP 15 bytes',
            'internet up1 in 10.8.1.4:20003 > 198.18.3.2:7 UDP 15 bytes',
            'internet up1 out 203.0.113.1:7 > 10.8.1.4:20003 UDP 15 bytes',
            'server up1 in 203.0.113.1:7 > 10.8.1.4:20003 UDP 15 bytes',
            'server up1 out 203.0.113.1:7 > 10.8.1.4:20003 UDP 15 bytes',
            'internet up1 in 203.0.113.1:7 > 10.8.1.4:20003 UDP 15 bytes',
          ],
          [
            'lan server out 10.8.1.5:20004 > 198.18.4.2:7 UDP 15 bytes',
            'server lan in 10.8.1.5:20004 > 198.18.4.2:7 UDP 15 bytes',
            'server up1 out 10.8.1.5:20004 > 198.18.4.2:7 UDP 15 bytes',
            'internet up1 in 10.8.1.5:20004 > 198.18.4.2:7 UDP 15 bytes',
            'internet up1 out 203.0.113.1:7 > 10.8.1.5:20004 UDP 15 bytes',
            'server up1 in 203.0.113.1:7 > 10.8.1.5:20004 UDP 15 bytes',
            'server up1 out 203.0.113.1:7 > 10.8.1.5:20004 UDP 15 bytes',
            'internet up1 in 203.0.113.1:7 > 10.8.1.5:20004 UDP 15 bytes',
          ],
          [
            'lan server out 10.8.1.6:20005 > 198.18.5.2:7 UDP 15 bytes',
            'server lan in 10.8.1.6:20005 > 198.18.5.2:7 UDP 15 bytes',
            'server up1 out 10.8.1.6:20005 > 198.18.5.2:7 UDP 15 bytes',
            'internet up1 in 10.8.1.6:20005 > 198.18.5.2:7 UDP 15 bytes',
            'internet up1 out 203.0.113.1:7 > 10.8.1.6:20005 UDP 15 bytes',
            'server up1 in 203.0.113.1:7 > 10.8.1.6:20005 UDP 15 bytes',
            'server up2 out 203.0.113.1:7 > 10.8.1.6:20005 UDP 15 bytes',
            'internet up2 in 203.0.113.1:7 > 10.8.1.6:20005 UDP 15 bytes',
          ],
          [
            'lan server out 10.8.1.7:20006 > 198.18.6.2:7 UDP 15 bytes',
            'server lan in 10.8.1.7:20006 > 198.18.6.2:7 UDP 15 bytes',
            'server up1 out 10.8.1.7:20006 > 198.18.6.2:7 UDP 15 bytes',
            'internet up1 in 10.8.1.7:20006 > 198.18.6.2:7 UDP 15 bytes',
            'internet up1 out 203.0.113.1:7 > 10.8.1.7:20006 UDP 15 bytes',
            'server up1 in 203.0.113.1:7 > 10.8.1.7:20006 UDP 15 bytes',
            'server up2 out 203.0.113.1:7 > 10.8.1.7:20006 UDP 15 bytes',
            'internet up2 in 203.0.113.1:7 > 10.8.1.7:20006 UDP 15 bytes',
          ],
          [
            'lan server out 10.8.1.8:20007 > 198.18.7.2:7 UDP 15 bytes',
            'server lan in 10.8.1.8:20007 > 198.18.7.2:7 UDP 15 bytes',
            'server up1 out 10.8.1.8:20007 > 198.18.7.2:7 UDP 15 bytes',
            'internet up1 in 10.8.1.8:20007 > 198.18.7.2:7 UDP 15 bytes',
            'internet up1 out 203.0.113.1:7 > 10.8.1.8:20007 UDP 15 bytes',
            'server up1 in 203.0.113.1:7 > 10.8.1.8:20007 UDP 15 bytes',
            'server up1 out 203.0.113.1:7 > 10.8.1.8:20007 UDP 15 bytes',
            'internet up1 in 203.0.113.1:7 > 10.8.1.8:20007 UDP 15 bytes',
          ],
        ],
      },
    ],
  },
  {
    title: "iptables' look-up of a reverse path knows no protocol",
    trial: trial(
      phase(
        `ip route replace default ${up1}\nip route replace default ${up2} table 102
ip rule add priority 100 ipproto udp lookup 102\niptables -t mangle -A PREROUTING -m rpfilter --invert -j DROP`,
        datagram('internet', '198.18.1.2', '203.0.113.2'),
        { ...datagram('internet', '198.18.1.4', '203.0.114.2'), sourcePort: 20_001 },
      ),
    ),
    kernel: [
      {
        statuses: [0],
        crossings: [
          [
            'internet up1 out 198.18.1.2:20000 > 203.0.113.2:7 UDP 15 bytes',
            'server up1 in 198.18.1.2:20000 > 203.0.113.2:7 UDP 15 bytes',
            'server up2 out 203.0.114.2:7 > 198.18.1.2:20000 UDP 15 bytes',
            'internet up2 in 203.0.114.2:7 > 198.18.1.2:20000 UDP 15 bytes',
          ],
          [
            'internet up2 out 198.18.1.4:20001 > 203.0.114.2:7 UDP 15 bytes',
            'server up2 in 198.18.1.4:20001 > 203.0.114.2:7 UDP 15 bytes',
          ],
        ],
      },
    ],
  },
  {
    title: "nft's look-up of a reverse path knows the packet's protocol",
    trial: trial(
      phase(
        `ip route replace default ${up1}\nip route replace default ${up2} table 102
ip rule add priority 100 ipproto udp lookup 102
nft add table ip t\nnft 'add chain ip t c { type filter hook prerouting priority mangle; }'
nft add rule ip t c fib saddr . iif oif missing drop`,
        datagram('internet', '198.18.1.2', '203.0.113.2'),
        { ...datagram('internet', '198.18.1.4', '203.0.114.2'), sourcePort: 20_001 },
      ),
    ),
    kernel: [
      {
        statuses: [0],
        crossings: [
          [
            'internet up1 out 198.18.1.2:20000 > 203.0.113.2:7 UDP 15 bytes',
            'server up1 in 198.18.1.2:20000 > 203.0.113.2:7 UDP 15 bytes',
          ],
          [
            'internet up2 out 198.18.1.4:20001 > 203.0.114.2:7 UDP 15 bytes',
            'server up2 in 198.18.1.4:20001 > 203.0.114.2:7 UDP 15 bytes',
            'server up2 out 203.0.114.2:7 > 198.18.1.4:20001 UDP 15 bytes',
            'internet up2 in 203.0.114.2:7 > 198.18.1.4:20001 UDP 15 bytes',
          ],
        ],
      },
    ],
  },
  {
    title: "a table that isn't there can't be flushed or shown, but in a batch; a route that fails has made its table",
    trial: trial(
      phase('ip route flush table 150'),
      phase('ip route show table 150'),
      phase("ip -batch - <<'END'\nroute flush table 150\nroute show table 150\nEND"),
      phase('ip route flush table default'),
      phase('ip route add 198.18.0.0/16 via 192.0.2.1 table 151'),
      phase('ip route flush table 151\nip route show table 151'),
    ),
    kernel: [
      { statuses: [2], crossings: [] },
      { statuses: [2], crossings: [] },
      { statuses: [0], crossings: [] },
      { statuses: [2], crossings: [] },
      { statuses: [2], crossings: [] },
      { statuses: [0], crossings: [] },
    ],
  },
  {
    title: 'routes by nexthop object are not flushed, all others are',
    trial: trial(
      phase(
        `ip nexthop add id 1 ${up1}\nip route replace default ${up2} table 104\nip route replace 198.18.0.0/16 nhid 1 table 104
ip rule add priority 100 lookup 104`,
        datagram('lan', '10.8.1.1', '198.18.1.2'),
        { ...datagram('lan', '10.8.1.2', '198.19.1.2'), sourcePort: 20_001 },
      ),
      phase('ip route flush table 104', { ...datagram('lan', '10.8.1.1', '198.18.1.2') }),
      phase(':', { ...datagram('lan', '10.8.1.2', '198.19.1.2'), sourcePort: 20_001 }),
      phase('ip route delete 198.18.0.0/16 table 104', { ...datagram('lan', '10.8.1.1', '198.18.1.2') }),
    ),
    kernel: [
      {
        statuses: [0],
        crossings: [
          [
            'lan server out 10.8.1.1:20000 > 198.18.1.2:7 UDP 15 bytes',
            'server lan in 10.8.1.1:20000 > 198.18.1.2:7 UDP 15 bytes',
            'server up1 out 10.8.1.1:20000 > 198.18.1.2:7 UDP 15 bytes',
            'internet up1 in 10.8.1.1:20000 > 198.18.1.2:7 UDP 15 bytes',
            'internet up1 out 203.0.113.1:7 > 10.8.1.1:20000 UDP 15 bytes',
            'server up1 in 203.0.113.1:7 > 10.8.1.1:20000 UDP 15 bytes',
            'server up2 out 203.0.113.1:7 > 10.8.1.1:20000 UDP 15 bytes',
            'internet up2 in 203.0.113.1:7 > 10.8.1.1:20000 UDP 15 bytes',
          ],
          [
            'lan server out 10.8.1.2:20001 > 198.19.1.2:7 UDP 15 bytes',
            'server lan in 10.8.1.2:20001 > 198.19.1.2:7 UDP 15 bytes',
            'server up2 out 10.8.1.2:20001 > 198.19.1.2:7 UDP 15 bytes',
            'internet up2 in 10.8.1.2:20001 > 198.19.1.2:7 UDP 15 bytes',
            'internet up1 out 203.0.113.1:7 > 10.8.1.2:20001 UDP 15 bytes',
            'server up1 in 203.0.113.1:7 > 10.8.1.2:20001 UDP 15 bytes',
            'server up2 out 203.0.113.1:7 > 10.8.1.2:20001 UDP 15 bytes',
            'internet up2 in 203.0.113.1:7 > 10.8.1.2:20001 UDP 15 bytes',
          ],
        ],
      },
      {
        statuses: [2],
        crossings: [
          [
            'lan server out 10.8.1.1:20000 > 198.18.1.2:7 UDP 15 bytes',
            'server lan in 10.8.1.1:20000 > 198.18.1.2:7 UDP 15 bytes',
            'server up1 out 10.8.1.1:20000 > 198.18.1.2:7 UDP 15 bytes',
            'internet up1 in 10.8.1.1:20000 > 198.18.1.2:7 UDP 15 bytes',
            'internet up1 out 203.0.113.1:7 > 10.8.1.1:20000 UDP 15 bytes',
            'server up1 in 203.0.113.1:7 > 10.8.1.1:20000 UDP 15 bytes',
            'server lan out 203.0.113.1:7 > 10.8.1.1:20000 UDP 15 bytes',
            'lan server in 203.0.113.1:7 > 10.8.1.1:20000 UDP 15 bytes',
          ],
        ],
      },
      {
        statuses: [0],
        crossings: [
          [
            'lan server out 10.8.1.2:20001 > 198.19.1.2:7 UDP 15 bytes',
            'server lan in 10.8.1.2:20001 > 198.19.1.2:7 UDP 15 bytes',
            'server lan out 192.168.7.1 > 10.8.1.2 ICMP network unreachable',
            'lan server in 192.168.7.1 > 10.8.1.2 ICMP network unreachable',
          ],
        ],
      },
      {
        statuses: [0],
        crossings: [
          [
            'lan server out 10.8.1.1:20000 > 198.18.1.2:7 UDP 15 bytes',
            'server lan in 10.8.1.1:20000 > 198.18.1.2:7 UDP 15 bytes',
            'server lan out 192.168.7.1 > 10.8.1.1 ICMP network unreachable',
            'lan server in 192.168.7.1 > 10.8.1.1 ICMP network unreachable',
          ],
        ],
      },
    ],
  },
  {
    title: 'with a nexthop object go the routes that lead by it, and its place in groups',
    trial: trial(
      phase(
        `ip nexthop add id 1 ${up1}\nip nexthop add id 2 ${up2}\nip nexthop add id 3 group 1/2
ip route replace default ${up2}\nip route replace 198.18.0.0/16 nhid 1\nip route replace 198.19.0.0/16 nhid 3
ip nexthop delete id 1`,
        datagram('lan', '10.8.1.1', '198.18.1.2'),
        ...[1, 2, 3, 4].map((index) => ({
          ...datagram('lan', `10.8.1.${index + 1}`, `198.19.1.${index}`),
          sourcePort: 20_000 + index,
        })),
      ),
      phase('ip nexthop delete id 2\nip nexthop delete id 3', datagram('lan', '10.8.1.1', '198.19.1.2')),
    ),
    kernel: [
      {
        statuses: [0],
        crossings: [
          [
            'lan server out 10.8.1.1:20000 > 198.18.1.2:7 UDP 15 bytes',
            'server lan in 10.8.1.1:20000 > 198.18.1.2:7 UDP 15 bytes',
            'server up2 out 10.8.1.1:20000 > 198.18.1.2:7 UDP 15 bytes',
            'internet up2 in 10.8.1.1:20000 > 198.18.1.2:7 UDP 15 bytes',
            'internet up1 out 203.0.113.1:7 > 10.8.1.1:20000 UDP 15 bytes',
            'server up1 in 203.0.113.1:7 > 10.8.1.1:20000 UDP 15 bytes',
            'server lan out 203.0.113.1:7 > 10.8.1.1:20000 UDP 15 bytes',
            'lan server in 203.0.113.1:7 > 10.8.1.1:20000 UDP 15 bytes',
          ],
          [
            'lan server out 10.8.1.2:20001 > 198.19.1.1:7 UDP 15 bytes',
            'server lan in 10.8.1.2:20001 > 198.19.1.1:7 UDP 15 bytes',
            'server up2 out 10.8.1.2:20001 > 198.19.1.1:7 UDP 15 bytes',
            'internet up2 in 10.8.1.2:20001 > 198.19.1.1:7 UDP 15 bytes',
            'internet up1 out 203.0.113.1:7 > 10.8.1.2:20001 UDP 15 bytes',
            'server up1 in 203.0.113.1:7 > 10.8.1.2:20001 UDP 15 bytes',
            'server lan out 203.0.113.1:7 > 10.8.1.2:20001 UDP 15 bytes',
            'lan server in 203.0.113.1:7 > 10.8.1.2:20001 UDP 15 bytes',
          ],
          [
            'lan server out 10.8.1.3:20002 > 198.19.1.2:7 UDP 15 bytes',
            'server lan in 10.8.1.3:20002 > 198.19.1.2:7 UDP 15 bytes',
            'server up2 out 10.8.1.3:20002 > 198.19.1.2:7 UDP 15 bytes',
            'internet up2 in 10.8.1.3:20002 > 198.19.1.2:7 UDP 15 bytes',
            'internet up1 out 203.0.113.1:7 > 10.8.1.3:20002 UDP 15 bytes',
            'server up1 in 203.0.113.1:7 > 10.8.1.3:20002 UDP 15 bytes',
            'server lan out 203.0.113.1:7 > 10.8.1.3:20002 UDP 15 bytes',
            'lan server in 203.0.113.1:7 > 10.8.1.3:20002 UDP 15 bytes',
          ],
          [
            'lan server out 10.8.1.4:20003 > 198.19.1.3:7 UDP 15 bytes',
            'server lan in 10.8.1.4:20003 > 198.19.1.3:7 UDP 15 bytes',
            'server up2 out 10.8.1.4:20003 > 198.19.1.3:7 UDP 15 bytes',
            'internet up2 in 10.8.1.4:20003 > 198.19.1.3:7 UDP 15 bytes',
            'internet up1 out 203.0.113.1:7 > 10.8.1.4:20003 UDP 15 bytes',
            'server up1 in 203.0.113.1:7 > 10.8.1.4:20003 UDP 15 bytes',
            'server lan out 203.0.113.1:7 > 10.8.1.4:20003 UDP 15 bytes',
            'lan server in 203.0.113.1:7 > 10.8.1.4:20003 UDP 15 bytes',
          ],
          [
            'lan server out 10.8.1.5:20004 > 198.19.1.4:7 UDP 15 bytes',
            'server lan in 10.8.1.5:20004 > 198.19.1.4:7 UDP 15 bytes',
            'server up2 out 10.8.1.5:20004 > 198.19.1.4:7 UDP 15 bytes',
            'internet up2 in 10.8.1.5:20004 > 198.19.1.4:7 UDP 15 bytes',
            'internet up1 out 203.0.113.1:7 > 10.8.1.5:20004 UDP 15 bytes',
            'server up1 in 203.0.113.1:7 > 10.8.1.5:20004 UDP 15 bytes',
            'server lan out 203.0.113.1:7 > 10.8.1.5:20004 UDP 15 bytes',
            'lan server in 203.0.113.1:7 > 10.8.1.5:20004 UDP 15 bytes',
          ],
        ],
      },
      {
        statuses: [2],
        crossings: [
          [
            'lan server out 10.8.1.1:20000 > 198.19.1.2:7 UDP 15 bytes',
            'server lan in 10.8.1.1:20000 > 198.19.1.2:7 UDP 15 bytes',
            'server up2 out 10.8.1.1:20000 > 198.19.1.2:7 UDP 15 bytes',
            'internet up2 in 10.8.1.1:20000 > 198.19.1.2:7 UDP 15 bytes',
            'internet up1 out 203.0.113.1:7 > 10.8.1.1:20000 UDP 15 bytes',
            'server up1 in 203.0.113.1:7 > 10.8.1.1:20000 UDP 15 bytes',
            'server lan out 203.0.113.1:7 > 10.8.1.1:20000 UDP 15 bytes',
            'lan server in 203.0.113.1:7 > 10.8.1.1:20000 UDP 15 bytes',
          ],
        ],
      },
    ],
  },
  {
    title: 'what was sent to everybody on a link is not answered by ICMP, and no error comes of it',
    trial: trial(
      phase(
        `ip route replace default ${up1}`,
        { ...datagram('internet', '198.18.1.2', '203.0.113.255', 0), protocol: 'icmp' },
        { ...datagram('internet', '198.18.1.4', '203.0.113.255', 11), sourcePort: 20_001 },
        { ...datagram('internet', '198.18.1.6', '203.0.113.255'), sourcePort: 20_002 },
      ),
    ),
    kernel: [
      {
        statuses: [0],
        crossings: [
          [
            'internet up1 out 198.18.1.2 > 203.0.113.255 ICMP echo request',
            'server up1 in 198.18.1.2 > 203.0.113.255 ICMP echo request',
          ],
          [
            'internet up1 out 198.18.1.4:20001 > 203.0.113.255:11 UDP 15 bytes',
            'server up1 in 198.18.1.4:20001 > 203.0.113.255:11 UDP 15 bytes',
          ],
          [
            'internet up1 out 198.18.1.6:20002 > 203.0.113.255:7 UDP 15 bytes',
            'server up1 in 198.18.1.6:20002 > 203.0.113.255:7 UDP 15 bytes',
            'server up1 out 203.0.113.2:7 > 198.18.1.6:20002 UDP 15 bytes',
            'internet up1 in 203.0.113.2:7 > 198.18.1.6:20002 UDP 15 bytes',
          ],
        ],
      },
    ],
  },
  {
    title: 'a nexthop object is not made for a device without a carrier',
    trial: trial({
      steps: [
        { host: 'internet', script: 'ip link set up1 down', tries: [] },
        server(`ip nexthop add id 2 ${up2}; ip nexthop add id 1 ${up1}`),
      ],
      shots: [],
    }),
    kernel: [{ statuses: [0, 2], crossings: [] }],
  },
];
