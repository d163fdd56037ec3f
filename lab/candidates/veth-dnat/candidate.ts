import type { CandidateOptions } from '../../../src/candidate/candidate.ts';

export default {
  title: 'A UDP server without multihoming, mended by DNAT and a veth pair, with accept_local',
  lesson: `As veth-dnat-2014, and accept_local lets the far end of the pair take packets with the machine's own addresses. The reply
leaves the server socket from its private address, conntrack gives it the address that was called, the pair brings it
back in, and the rule for that address routes it out by the right line. It mends a server that can be told neither an
address for each socket nor --multihome.`,
  needs: ['accept_local'],
} satisfies CandidateOptions;
