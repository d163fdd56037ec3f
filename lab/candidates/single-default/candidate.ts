import type { CandidateOptions } from '../../../src/candidate/candidate.ts';

export default {
  title: 'One default route for three lines',
  lesson: `Every reply leaves by the first line, whichever the request came in by. A TCP server, or a UDP server bound to
an address, answers from the address that was called; on the first line that address is foreign, and an ISP that
filters sources (BCP 38) drops the packet. Where the ISP doesn't filter it works, on the wrong line. An unbound UDP
server leaves its source to routing, so it answers from the first line's address, which the client hasn't called.
Give each line a routing table and a rule for its address: see source-rules.`,
} satisfies CandidateOptions;
