import type { CandidateOptions } from '../../../src/candidate/candidate.ts';

export default {
  title: 'Everything by the carrier, the VPN over TCP',
  lesson: `A NAT sees a TCP connection begin and end, so it must and can remember it; where UDP is one-way, the tunnel works over TCP.
The price is paid on a line that loses packets: the tunnel's TCP sends again what the TCP inside it would have, and makes it
wait (tcp-over-tcp). And where the NAT's table is full it has no room for a TCP connection either.`,
  openvpn: { protocol: 'tcp', keepalive: { interval: 1, timeout: 4 } },
} satisfies CandidateOptions;
