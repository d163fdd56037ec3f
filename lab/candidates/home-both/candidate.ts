import type { CandidateOptions } from '../../../src/candidate/candidate.ts';

export default {
  title: 'As home-connmark, with rules by source address as well',
  lesson: `Marks for forwarded ports, source rules for the server's own answers, which then don't depend on conntrack. But
the source rules take the server's own connections away from the pins (see home-source-rules). Neither
mends an unbound UDP server: it answers from the address of whatever line the hash gives. Bind it to its addresses, or have
it answer by IP_PKTINFO.`,
} satisfies CandidateOptions;
