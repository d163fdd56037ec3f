import type { CandidateOptions } from '../../../src/candidate/candidate.ts';

export default {
  title: "Round-robin, with OpenVPN's --multihome",
  lesson: `With \`--multihome\` OpenVPN asks the kernel which address and interface a packet came in by (IP_PKTINFO), and hands
both back with the answer. The reply has its source before it is routed, and leaves by the line the request came in by.
Other unbound UDP servers remain as broken as they were.`,
  openvpn: { server: 'multihome' },
} satisfies CandidateOptions;
