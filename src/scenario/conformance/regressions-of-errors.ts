import { datagram, phase, trial, twoLines, type Regression } from './regressions.ts';

const translated = `iifname up2 udp dport 80 dnat to 192.168.7.10:7; iifname up2 udp dport 11 redirect to :7`;

/** What ICMP errors about translated packets look like, and what is sent to everybody on a link. */
export const regressionsOfErrors: readonly Regression[] = [
  {
    title: 'an ICMP error about the first packet of a translated connection comes from the address that was called',
    trial: trial(
      phase(
        `${twoLines}nft -f - <<'END'
table ip t {
  chain p { type nat hook prerouting priority dstnat; ${translated}; }
  chain o { type nat hook postrouting priority srcnat; oifname up1 snat to 203.0.113.2; }
  chain f { type filter hook forward priority filter; iifname up2 reject; iifname lan ct state new reject with icmp type host-prohibited; }
  chain i { type filter hook input priority filter; iifname up2 reject; }
}
END`,
        datagram('internet', '198.18.1.2', '203.0.114.2', 80),
        { ...datagram('internet', '198.18.1.4', '203.0.114.2', 11), sourcePort: 20_001 },
        { ...datagram('lan', '10.8.1.1', '198.18.1.8'), sourcePort: 20_002 },
      ),
    ),
    kernel: [
      {
        statuses: [0],
        crossings: [
          [
            'internet up2 out 198.18.1.2:20000 > 203.0.114.2:80 UDP 15 bytes',
            'server up2 in 198.18.1.2:20000 > 203.0.114.2:80 UDP 15 bytes',
            'server up1 out 203.0.114.2 > 198.18.1.2 ICMP port unreachable',
            'internet up1 in 203.0.114.2 > 198.18.1.2 ICMP port unreachable',
          ],
          [
            'internet up2 out 198.18.1.4:20001 > 203.0.114.2:11 UDP 15 bytes',
            'server up2 in 198.18.1.4:20001 > 203.0.114.2:11 UDP 15 bytes',
            'server up1 out 203.0.114.2 > 198.18.1.4 ICMP port unreachable',
            'internet up1 in 203.0.114.2 > 198.18.1.4 ICMP port unreachable',
          ],
          [
            'lan server out 10.8.1.1:20002 > 198.18.1.8:7 UDP 15 bytes',
            'server lan in 10.8.1.1:20002 > 198.18.1.8:7 UDP 15 bytes',
            'server lan out 192.168.7.1 > 10.8.1.1 ICMP host prohibited',
            'lan server in 192.168.7.1 > 10.8.1.1 ICMP host prohibited',
          ],
        ],
      },
    ],
  },
  {
    title:
      'an ICMP error about a packet that SNAT translates is routed again with its source; that can lead it elsewhere',
    trial: trial(
      phase(
        `${twoLines}ip route add 10.8.0.0/16 via 203.0.114.1 dev up2 table 102
ip rule add from 192.168.7.1 to 10.8.0.0/16 priority 100 lookup 102
nft -f - <<'END'
table ip t {
  chain o { type nat hook postrouting priority srcnat; oifname up1 snat to 203.0.113.2; }
  chain f { type filter hook forward priority filter; ct mark 1 reject with icmp type host-prohibited; ct mark set 1; }
}
END`,
        datagram('lan', '10.8.1.1', '198.18.1.8'),
      ),
      phase(':', datagram('lan', '10.8.1.1', '198.18.1.8')),
    ),
    kernel: [
      {
        statuses: [0],
        crossings: [
          [
            'lan server out 10.8.1.1:20000 > 198.18.1.8:7 UDP 15 bytes',
            'server lan in 10.8.1.1:20000 > 198.18.1.8:7 UDP 15 bytes',
            'server up1 out 203.0.113.2:20000 > 198.18.1.8:7 UDP 15 bytes',
            'internet up1 in 203.0.113.2:20000 > 198.18.1.8:7 UDP 15 bytes',
            'internet up1 out 203.0.113.1:7 > 203.0.113.2:20000 UDP 15 bytes',
            'server up1 in 203.0.113.1:7 > 203.0.113.2:20000 UDP 15 bytes',
          ],
        ],
      },
      {
        statuses: [0],
        crossings: [
          [
            'lan server out 10.8.1.1:20000 > 198.18.1.8:7 UDP 15 bytes',
            'server lan in 10.8.1.1:20000 > 198.18.1.8:7 UDP 15 bytes',
            'server up2 out 192.168.7.1 > 10.8.1.1 ICMP host prohibited',
            'internet up2 in 192.168.7.1 > 10.8.1.1 ICMP host prohibited',
          ],
        ],
      },
    ],
  },
  {
    title:
      'what is sent to everybody on a link is answered from where its sender would be called; by who has no address there, it is not passed on',
    trial: trial(
      phase(twoLines, datagram('internet', '198.18.1.2', '203.0.114.255'), {
        ...datagram('internet', '198.18.1.4', '203.0.114.255', 53),
        sourcePort: 20_001,
        asks: 'conformance.test',
      }),
      phase('ip address delete 203.0.114.2/24 dev up2', datagram('internet', '198.18.1.2', '203.0.114.255')),
    ),
    kernel: [
      {
        statuses: [0],
        crossings: [
          [
            'internet up2 out 198.18.1.2:20000 > 203.0.114.255:7 UDP 15 bytes',
            'server up2 in 198.18.1.2:20000 > 203.0.114.255:7 UDP 15 bytes',
            'server up1 out 203.0.113.2:7 > 198.18.1.2:20000 UDP 15 bytes',
            'internet up1 in 203.0.113.2:7 > 198.18.1.2:20000 UDP 15 bytes',
          ],
          [
            'internet up2 out 198.18.1.4:20001 > 203.0.114.255:53 UDP 57 bytes',
            'server up2 in 198.18.1.4:20001 > 203.0.114.255:53 UDP 57 bytes',
            'server up1 out 203.0.113.2:53 > 198.18.1.4:20001 UDP 61 bytes',
            'internet up1 in 203.0.113.2:53 > 198.18.1.4:20001 UDP 61 bytes',
          ],
        ],
      },
      {
        statuses: [0],
        crossings: [
          [
            'internet up2 out 198.18.1.2:20000 > 203.0.114.255:7 UDP 15 bytes',
            'server up2 in 198.18.1.2:20000 > 203.0.114.255:7 UDP 15 bytes',
          ],
        ],
      },
    ],
  },
];
