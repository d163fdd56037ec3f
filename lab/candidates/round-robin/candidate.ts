import type { CandidateOptions } from '../../../src/candidate/candidate.ts';

export default {
  title: 'Source rules, and a default route spread over three lines',
  lesson: `As source-rules, but an unbound UDP server's replies now go where the multipath hash sends them. Since Linux 4.4 that
is one line for each client, so a client is lucky or broken for good, depending on the address it dials. Over TCP all
is well. The mend is in the server, not in routing: round-robin-multihome, round-robin-local.`,
} satisfies CandidateOptions;
