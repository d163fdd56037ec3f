import type { CandidateOptions } from '../../../src/candidate/candidate.ts';

export default {
  title: 'A routing table for each line, chosen by source address; one default route',
  lesson: `\`ip rule from ADDRESS\` sends a packet that already carries a line's address out by that line: right for TCP and for
UDP sockets bound to an address or answering with IP_PKTINFO. An unbound UDP socket has no source address yet when
its packet is routed: no such rule matches, the default route's line is taken, and then that line's address.
So OpenVPN over UDP answers from the first line's address only. Let the server keep its address: see
round-robin-multihome and round-robin-local.`,
} satisfies CandidateOptions;
