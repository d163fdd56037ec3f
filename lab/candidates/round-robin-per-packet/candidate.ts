import type { CandidateOptions } from '../../../src/candidate/candidate.ts';

export default {
  title: 'Round-robin as Linux 3.6 to 4.3 did it: a nexthop for each packet',
  lesson: `Those kernels chose the nexthop anew at each route look-up, and an unconnected UDP socket has one for each packet it
sends. Replies come from all three addresses in turn and a client takes a third of them: the log shows 'Incoming packet
rejected from' one address and then another, most handshakes fail, and a tunnel that does come up loses two packets of
three. What has a source address is routed by the rules, as ever.`,
  multipath: 'per-packet',
} satisfies CandidateOptions;
