import type { CandidateOptions } from '../../../src/candidate/candidate.ts';

export default {
  title: 'Round-robin, with clients that take answers from anywhere (--float)',
  lesson: `The log of a failing client suggests \`--float\`, and with it the tunnel comes up: but the server still answers from
another address and by another line. It looks green, balances nothing, and fails behind any NAT, which has no mapping
for a stranger's answer. Mend the server instead: round-robin-multihome.`,
  openvpn: { float: true },
} satisfies CandidateOptions;
