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
const datagram = (host: string, source: string, destination: string, port = 7): Shot => ({
  ...{ host, protocol: 'udp', source, destination, port, sourcePort: 20_000 },
});
const phase = (script: string, ...shots: readonly Shot[]): Phase => ({ steps: [server(script)], shots });
const trial = (...phases: readonly Phase[]): Trial => ({ seed: 1, phases });

const [up1, up2] = ['via 203.0.113.1 dev up1', 'via 203.0.114.1 dev up2'];

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
];
