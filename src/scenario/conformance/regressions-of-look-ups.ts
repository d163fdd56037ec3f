import type { Shot } from '../../backend/volley.ts';
import type { TrialRecord } from './carry-out.ts';
import { linesOf } from './look-ups.ts';
import { datagram, phase, trial, twoLines, up2 } from './regressions.ts';
import type { Trial } from './trial.ts';

/** What random trials once showed the model to look up otherwise than the kernel. */
export interface RegressionOfLookUps {
  /** What the kernel does. */
  readonly title: string;
  readonly trial: Trial;
  /** What the kernel looks up in the last phase, for each shot. */
  readonly kernel: readonly (readonly string[])[];
}

/** What was looked up in the last phase, in the words of a regression; of a connection, each line once. */
export function lookedUpLast({ phases }: Trial, record: TrialRecord): readonly (readonly string[])[] {
  return (phases.at(-1)?.shots ?? []).map(({ protocol }, index) => {
    const lines = linesOf(record.at(-1)?.lookUps?.[index] ?? []);
    return protocol === 'tcp' ? [...new Set(lines)] : lines;
  });
}

const own = (destination: string, parts: Partial<Shot> = {}): Shot => ({
  ...{ host: 'server', protocol: 'udp', destination, port: 7, sourcePort: 20_000, ...parts },
});
/** A connection, and what happens before it goes on. Each has a port of its own, for the one before may not be over yet. */
const goesOn = (sourcePort: number, before: string, event: string): Trial => {
  const connection: Shot = { ...datagram('lan', '10.8.1.2', '203.0.113.2', 9), protocol: 'tcp', sourcePort };
  return trial(
    phase(`${twoLines}${before}`, { ...connection, stays: true }),
    phase(event, { ...connection, goesOn: true }),
  );
};
/** Has the server reset what it itself begins, and a rule beside that. */
const resets = (hook: string, rule: string): string => `${twoLines}nft -f - <<'END'
table ip trial {
  chain beside {
    ${hook}
    ${rule}
  }
  chain out {
    type filter hook output priority filter
    ct state new meta l4proto tcp reject with tcp reset
  }
}
END`;

export const regressionsOfLookUps: readonly RegressionOfLookUps[] = [
  {
    title: 'a socket that is connected is looked up for its source only if it has none',
    trial: trial(
      phase(
        twoLines,
        own('198.18.1.2', { source: '203.0.113.2', connected: true }),
        own('198.18.1.4', { sourcePort: 20_001, connected: true }),
      ),
    ),
    kernel: [
      [
        '203.0.113.2:20000 > 198.18.1.2:7 proto 17 iif lo tos 0 scope 0 table 255: EAGAIN',
        '203.0.113.2:20000 > 198.18.1.2:7 proto 17 iif lo tos 0 scope 0 table 254: dev up1',
        '203.0.113.2:20000 > 203.0.113.1:7 proto 17 iif lo oif up1 tos 0 scope 0 table 255: EAGAIN',
        '203.0.113.2:20000 > 203.0.113.1:7 proto 17 iif lo oif up1 tos 0 scope 0 table 254: dev up1',
      ],
      [
        '0.0.0.0:20001 > 198.18.1.4:7 proto 17 iif lo tos 0 scope 0 table 255: EAGAIN',
        '0.0.0.0:20001 > 198.18.1.4:7 proto 17 iif lo tos 0 scope 0 table 254: dev up1',
        '203.0.113.2:20001 > 198.18.1.4:7 proto 17 iif lo tos 0 scope 0 table 255: EAGAIN',
        '203.0.113.2:20001 > 198.18.1.4:7 proto 17 iif lo tos 0 scope 0 table 254: dev up1',
        '203.0.113.2:20001 > 203.0.113.1:7 proto 17 iif lo oif up1 tos 0 scope 0 table 255: EAGAIN',
        '203.0.113.2:20001 > 203.0.113.1:7 proto 17 iif lo oif up1 tos 0 scope 0 table 254: dev up1',
      ],
    ],
  },
  {
    title: 'who came by another line than leads back is asked for by that line too, unless the filter is strict',
    trial: trial(phase(twoLines, datagram('internet', '198.18.1.2', '203.0.114.2', 11))),
    kernel: [
      [
        '198.18.1.2:0 > 203.0.114.2:0 proto 0 iif up2 tos 0 scope 0 table 255: dev up2',
        '203.0.114.2:0 > 198.18.1.2:0 proto 0 iif lo tos 0 scope 0 table 255: EAGAIN',
        '203.0.114.2:0 > 198.18.1.2:0 proto 0 iif lo tos 0 scope 0 table 254: dev up1',
        '203.0.114.2:0 > 198.18.1.2:0 proto 0 iif lo oif up2 tos 0 scope 0 table 255: EAGAIN',
        '203.0.114.2:0 > 198.18.1.2:0 proto 0 iif lo oif up2 tos 0 scope 0 table 254: EAGAIN',
        '203.0.114.2:0 > 198.18.1.2:0 proto 1 iif lo tos 192 scope 0 table 255: EAGAIN',
        '203.0.114.2:0 > 198.18.1.2:0 proto 1 iif lo tos 192 scope 0 table 254: dev up1',
        '203.0.114.2:11 > 198.18.1.2:20000 proto 17 iif lo oif up2 tos 0 scope 0 table 255: EAGAIN',
        '203.0.114.2:11 > 198.18.1.2:20000 proto 17 iif lo oif up2 tos 0 scope 0 table 254: EAGAIN',
      ],
    ],
  },
  {
    title:
      'the way back of what is for everybody is looked up without a source, and its receiver only by who asks for it',
    trial: trial(
      phase(
        `${twoLines}ip rule add from 203.0.113.0/24 priority 100 lookup 102`,
        datagram('internet', '198.18.1.2', '203.0.113.255'),
      ),
    ),
    kernel: [
      [
        '198.18.1.2:0 > 203.0.113.255:0 proto 0 iif up1 tos 0 scope 0 table 255: dev up1',
        '0.0.0.0:0 > 198.18.1.2:0 proto 0 iif lo tos 0 scope 0 table 255: EAGAIN',
        '0.0.0.0:0 > 198.18.1.2:0 proto 0 iif lo tos 0 scope 0 table 254: dev up1',
        '0.0.0.0:7 > 198.18.1.2:20000 proto 17 iif lo tos 0 scope 0 table 255: EAGAIN',
        '0.0.0.0:7 > 198.18.1.2:20000 proto 17 iif lo tos 0 scope 0 table 254: dev up1',
      ],
    ],
  },
  {
    title: 'before it is told that its time to live is over, a packet is looked up backwards',
    trial: trial(phase(twoLines, { ...datagram('lan', '10.8.1.2', '198.18.1.2'), ttl: 1 })),
    kernel: [
      [
        '10.8.1.2:0 > 198.18.1.2:0 proto 0 iif lan tos 0 scope 0 table 255: EAGAIN',
        '10.8.1.2:0 > 198.18.1.2:0 proto 0 iif lan tos 0 scope 0 table 254: dev up1',
        '198.18.1.2:0 > 10.8.1.2:0 proto 0 iif up1 tos 0 scope 0 table 255: EAGAIN',
        '198.18.1.2:0 > 10.8.1.2:0 proto 0 iif up1 tos 0 scope 0 table 254: dev lan',
        '0.0.0.0:0 > 10.8.1.2:0 proto 1 iif lo tos 192 scope 0 table 255: EAGAIN',
        '0.0.0.0:0 > 10.8.1.2:0 proto 1 iif lo tos 192 scope 0 table 254: dev lan',
        '10.8.1.2:20000 > 198.18.1.2:7 proto 17 iif lo tos 0 scope 0 table 255: EAGAIN',
        '10.8.1.2:20000 > 198.18.1.2:7 proto 17 iif lo tos 0 scope 0 table 254: dev up1',
        '198.18.1.2:0 > 10.8.1.2:0 proto 0 iif up1 tos 192 scope 0 table 255: EAGAIN',
        '198.18.1.2:0 > 10.8.1.2:0 proto 0 iif up1 tos 192 scope 0 table 254: dev lan',
        '10.8.1.2:0 > 198.18.1.2:0 proto 0 iif lan tos 192 scope 0 table 255: EAGAIN',
        '10.8.1.2:0 > 198.18.1.2:0 proto 0 iif lan tos 192 scope 0 table 254: dev up1',
      ],
    ],
  },
  {
    title: 'a nexthop object without a fitting nexthop hides all routes whose prefix has the same address',
    trial: trial(
      phase(
        `${twoLines}ip nexthop add id 1 via 203.0.113.1 dev up1
ip route add 198.18.0.0/16 nhid 1\nip route append 198.18.0.0/16 ${up2} metric 20\nip route add 198.18.0.0/15 ${up2}`,
        own('198.18.1.2', { device: 'up2' }),
      ),
    ),
    kernel: [
      [
        '0.0.0.0:20000 > 198.18.1.2:7 proto 17 iif lo oif up2 tos 0 scope 0 table 255: EAGAIN',
        '0.0.0.0:20000 > 198.18.1.2:7 proto 17 iif lo oif up2 tos 0 scope 0 table 254: EAGAIN',
      ],
    ],
  },
  {
    title: 'what a host sends to itself has its route already when it comes in',
    trial: trial(
      phase(
        `${twoLines}iptables -t nat -A OUTPUT -p udp --dport 11 -j REDIRECT --to-ports 7`,
        own('198.18.1.2', { port: 11 }),
      ),
    ),
    kernel: [
      [
        '0.0.0.0:20000 > 198.18.1.2:11 proto 17 iif lo tos 0 scope 0 table 255: EAGAIN',
        '0.0.0.0:20000 > 198.18.1.2:11 proto 17 iif lo tos 0 scope 0 table 254: dev up1',
        '0.0.0.0:7 > 203.0.113.2:20000 proto 17 iif lo tos 0 scope 0 table 255: dev up1',
      ],
    ],
  },
  {
    title: 'a nexthop object that no route leads by makes no remembered route old',
    trial: goesOn(20_001, '', 'ip nexthop add id 1 via 203.0.113.1 dev up1'),
    kernel: [[]],
  },
  {
    title: 'nor does a route that goes, if nobody has come to it',
    trial: goesOn(20_002, 'ip route add 198.19.0.0/16 dev up1 table 103', 'ip route flush table 103'),
    kernel: [[]],
  },
  {
    title: 'nor does a sysctl that no route goes by',
    trial: goesOn(20_003, '', 'echo 2 >/proc/sys/net/ipv4/conf/up1/rp_filter'),
    kernel: [[]],
  },
  {
    title: 'of what a host sends itself, Netfilter looks up no way back',
    trial: trial(
      phase(
        resets('type filter hook prerouting priority mangle', 'fib saddr . iif oif missing drop'),
        own('198.18.1.4', { protocol: 'tcp', port: 9, source: '203.0.113.2', sourcePort: 20_005 }),
      ),
    ),
    kernel: [
      [
        '203.0.113.2:20005 > 198.18.1.4:9 proto 6 iif lo tos 0 scope 0 table 255: EAGAIN',
        '203.0.113.2:20005 > 198.18.1.4:9 proto 6 iif lo tos 0 scope 0 table 254: dev up1',
        '198.18.1.4:0 > 203.0.113.2:0 proto 0 iif lo tos 0 scope 0 table 255: dev up1',
      ],
    ],
  },
  {
    title: 'a rejection by reset has no TOS of its own, whatever has what it rejects',
    trial: trial(
      phase(
        resets('type route hook output priority mangle', 'tcp flags & (syn | rst) == syn ip dscp set 4'),
        own('198.18.1.4', { protocol: 'tcp', port: 9, source: '203.0.113.2', sourcePort: 20_006 }),
      ),
    ),
    kernel: [
      [
        '203.0.113.2:20006 > 198.18.1.4:9 proto 6 iif lo tos 0 scope 0 table 255: EAGAIN',
        '203.0.113.2:20006 > 198.18.1.4:9 proto 6 iif lo tos 0 scope 0 table 254: dev up1',
        '203.0.113.2:0 > 198.18.1.4:0 proto 0 iif lo tos 16 scope 0 table 255: EAGAIN',
        '203.0.113.2:0 > 198.18.1.4:0 proto 0 iif lo tos 16 scope 0 table 254: dev up1',
        '198.18.1.4:0 > 203.0.113.2:0 proto 0 iif lo tos 0 scope 0 table 255: dev up1',
      ],
    ],
  },
  {
    title: 'a route that is added makes all of them old',
    trial: goesOn(20_004, '', 'ip route add 198.19.0.0/16 dev up1 table 103'),
    kernel: [
      [
        '10.8.1.2:0 > 203.0.113.2:0 proto 0 iif lan tos 0 scope 0 table 255: dev up1',
        '203.0.113.2:0 > 10.8.1.2:0 proto 0 iif lo tos 0 scope 0 table 255: EAGAIN',
        '203.0.113.2:0 > 10.8.1.2:0 proto 0 iif lo tos 0 scope 0 table 254: dev lan',
        '203.0.113.2:9 > 10.8.1.2:20004 proto 6 iif lo tos 0 scope 0 table 255: EAGAIN',
        '203.0.113.2:9 > 10.8.1.2:20004 proto 6 iif lo tos 0 scope 0 table 254: dev lan',
      ],
    ],
  },
];
