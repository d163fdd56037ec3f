import type { CandidateOptions } from '../../../src/candidate/candidate.ts';

export default {
  title: 'Everything by the carrier, the VPN over UDP too',
  lesson: `As most homes have it. The tunnel's fate is in the hands of the carrier's NAT: replies to a UDP packet come in only while
the NAT remembers that packet. Nothing on the router changes what the carrier remembers; another protocol does
(carrier-tcp), or another line (carrier-host-route).`,
  openvpn: { keepalive: { interval: 1, timeout: 4 } },
} satisfies CandidateOptions;
