import type { Shot } from '../../backend/volley.ts';
import { datagram, phase, trial, twoLines, up2, type Regression } from './regressions.ts';

const called = (destination: string): Shot => ({
  ...{ host: 'server', protocol: 'tcp', destination, port: 9, sourcePort: 20_000 },
});

/** What becomes of TCP's connections as routes, marks and devices have it. */
export const regressionsOfTcp: readonly Regression[] = [
  {
    title: 'a connection goes on by the route that there is now; with its address gone, it says nothing more',
    trial: trial(
      phase(
        twoLines,
        { ...datagram('lan', '10.8.1.2', '198.18.1.6', 9), protocol: 'tcp', stays: true },
        { ...called('198.18.1.4'), sourcePort: 20_001, stays: true },
      ),
      phase(
        `ip route replace default ${up2}\nip address delete 203.0.113.2/24 dev up1`,
        { ...datagram('lan', '10.8.1.2', '198.18.1.6', 9), protocol: 'tcp', goesOn: true },
        { ...called('198.18.1.4'), sourcePort: 20_001, goesOn: true },
      ),
    ),
    kernel: [
      {
        statuses: [0],
        crossings: [
          [
            'internet up1 in 10.8.1.2:20000 > 198.18.1.6:9 SYN',
            'internet up1 in 10.8.1.2:20000 > 198.18.1.6:9 segment',
            'internet up1 out 198.18.1.6:9 > 10.8.1.2:20000 SYN-ACK',
            'internet up1 out 198.18.1.6:9 > 10.8.1.2:20000 segment',
            'lan server in 198.18.1.6:9 > 10.8.1.2:20000 SYN-ACK',
            'lan server in 198.18.1.6:9 > 10.8.1.2:20000 segment',
            'lan server out 10.8.1.2:20000 > 198.18.1.6:9 SYN',
            'lan server out 10.8.1.2:20000 > 198.18.1.6:9 segment',
            'server lan in 10.8.1.2:20000 > 198.18.1.6:9 SYN',
            'server lan in 10.8.1.2:20000 > 198.18.1.6:9 segment',
            'server lan out 198.18.1.6:9 > 10.8.1.2:20000 SYN-ACK',
            'server lan out 198.18.1.6:9 > 10.8.1.2:20000 segment',
            'server up1 in 198.18.1.6:9 > 10.8.1.2:20000 SYN-ACK',
            'server up1 in 198.18.1.6:9 > 10.8.1.2:20000 segment',
            'server up1 out 10.8.1.2:20000 > 198.18.1.6:9 SYN',
            'server up1 out 10.8.1.2:20000 > 198.18.1.6:9 segment',
          ],
          [
            'internet up1 in 203.0.113.2:20001 > 198.18.1.4:9 SYN',
            'internet up1 in 203.0.113.2:20001 > 198.18.1.4:9 segment',
            'internet up1 out 198.18.1.4:9 > 203.0.113.2:20001 SYN-ACK',
            'internet up1 out 198.18.1.4:9 > 203.0.113.2:20001 segment',
            'server up1 in 198.18.1.4:9 > 203.0.113.2:20001 SYN-ACK',
            'server up1 in 198.18.1.4:9 > 203.0.113.2:20001 segment',
            'server up1 out 203.0.113.2:20001 > 198.18.1.4:9 SYN',
            'server up1 out 203.0.113.2:20001 > 198.18.1.4:9 segment',
          ],
        ],
      },
      {
        statuses: [0],
        crossings: [
          [
            'internet up1 out 198.18.1.6:9 > 10.8.1.2:20000 segment',
            'internet up2 in 10.8.1.2:20000 > 198.18.1.6:9 segment',
            'lan server in 198.18.1.6:9 > 10.8.1.2:20000 segment',
            'lan server out 10.8.1.2:20000 > 198.18.1.6:9 segment',
            'server lan in 10.8.1.2:20000 > 198.18.1.6:9 segment',
            'server lan out 198.18.1.6:9 > 10.8.1.2:20000 segment',
            'server up1 in 198.18.1.6:9 > 10.8.1.2:20000 segment',
            'server up2 out 10.8.1.2:20000 > 198.18.1.6:9 segment',
          ],
          [],
        ],
      },
    ],
  },
  {
    title: "a TCP socket's mark and device bear on its first look-up; what comes by another device is none of its own",
    trial: trial(
      phase(
        `${twoLines}ip rule add fwmark 2 priority 100 lookup 102`,
        { ...called('198.18.1.2'), mark: 2 },
        { ...called('198.18.1.8'), sourcePort: 20_001, device: 'up2', source: '203.0.113.2' },
      ),
    ),
    kernel: [
      {
        statuses: [0],
        crossings: [
          [
            'internet up2 in 203.0.114.2:20000 > 198.18.1.2:9 SYN',
            'internet up2 in 203.0.114.2:20000 > 198.18.1.2:9 segment',
            'internet up2 out 198.18.1.2:9 > 203.0.114.2:20000 SYN-ACK',
            'internet up2 out 198.18.1.2:9 > 203.0.114.2:20000 segment',
            'server up2 in 198.18.1.2:9 > 203.0.114.2:20000 SYN-ACK',
            'server up2 in 198.18.1.2:9 > 203.0.114.2:20000 segment',
            'server up2 out 203.0.114.2:20000 > 198.18.1.2:9 SYN',
            'server up2 out 203.0.114.2:20000 > 198.18.1.2:9 segment',
          ],
          [
            'internet up1 in 203.0.113.2:20001 > 198.18.1.8:9 RST',
            'internet up1 out 198.18.1.8:9 > 203.0.113.2:20001 SYN-ACK',
            'internet up2 in 203.0.113.2:20001 > 198.18.1.8:9 SYN',
            'server up1 in 198.18.1.8:9 > 203.0.113.2:20001 SYN-ACK',
            'server up1 out 203.0.113.2:20001 > 198.18.1.8:9 RST',
            'server up2 out 203.0.113.2:20001 > 198.18.1.8:9 SYN',
          ],
        ],
      },
    ],
  },
  {
    title: "a reset that refuses what a host's own socket sends leaves by the socket's device",
    trial: trial(
      phase(
        `${twoLines}iptables -A OUTPUT -p tcp -m conntrack --ctstate NEW -j REJECT --reject-with tcp-reset`,
        { ...called('198.18.1.2'), device: 'up1', source: '203.0.114.2' },
        { ...called('198.18.1.4'), sourcePort: 20_001, source: '203.0.114.2' },
      ),
    ),
    kernel: [
      {
        statuses: [0],
        crossings: [
          [
            'internet up1 in 198.18.1.2:9 > 203.0.114.2:20000 RST',
            'server up1 out 198.18.1.2:9 > 203.0.114.2:20000 RST',
          ],
          [],
        ],
      },
    ],
  },
  {
    title: 'what a connection of the router itself would take is not passed on when its address is gone',
    trial: trial(
      phase(twoLines, { ...datagram('internet', '198.18.1.2', '203.0.114.2', 9), protocol: 'tcp', stays: true }),
      phase('ip address delete 203.0.114.2/24 dev up2', {
        ...datagram('internet', '198.18.1.2', '203.0.114.2', 9),
        protocol: 'tcp',
        goesOn: true,
      }),
      phase('', { ...datagram('internet', '198.18.1.4', '203.0.114.2', 9), sourcePort: 20_001 }),
    ),
    kernel: [
      {
        statuses: [0],
        crossings: [
          [
            'internet up1 in 203.0.114.2:9 > 198.18.1.2:20000 SYN-ACK',
            'internet up1 in 203.0.114.2:9 > 198.18.1.2:20000 segment',
            'internet up2 out 198.18.1.2:20000 > 203.0.114.2:9 SYN',
            'internet up2 out 198.18.1.2:20000 > 203.0.114.2:9 segment',
            'server up1 out 203.0.114.2:9 > 198.18.1.2:20000 SYN-ACK',
            'server up1 out 203.0.114.2:9 > 198.18.1.2:20000 segment',
            'server up2 in 198.18.1.2:20000 > 203.0.114.2:9 SYN',
            'server up2 in 198.18.1.2:20000 > 203.0.114.2:9 segment',
          ],
        ],
      },
      {
        statuses: [0],
        crossings: [
          [
            'internet up2 out 198.18.1.2:20000 > 203.0.114.2:9 segment',
            'server up2 in 198.18.1.2:20000 > 203.0.114.2:9 segment',
          ],
        ],
      },
      {
        statuses: [0],
        crossings: [
          [
            'internet up2 out 198.18.1.4:20001 > 203.0.114.2:9 UDP 15 bytes',
            'server up2 in 198.18.1.4:20001 > 203.0.114.2:9 UDP 15 bytes',
            'server up1 out 198.18.1.4:20001 > 203.0.114.2:9 UDP 15 bytes',
            'internet up1 in 198.18.1.4:20001 > 203.0.114.2:9 UDP 15 bytes',
          ],
        ],
      },
    ],
  },
];
