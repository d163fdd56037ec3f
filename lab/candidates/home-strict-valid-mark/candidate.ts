import type { CandidateOptions } from '../../../src/candidate/candidate.ts';

export default {
  title: 'As home-strict, and the reverse-path filter heeds marks (src_valid_mark)',
  lesson: `With src_valid_mark the filter asks with the mark that the packet has when it is routed. That is why marks are restored in
PREROUTING on all that comes in, not only on what comes from home; and since a marked packet is also forwarded by its mark,
the tables of both lines know the home network. Strict is now what comes from home, and a known connection's packets; a new
connection is marked for whatever line it comes in by, and so passes by either.`,
  needs: ['src_valid_mark'],
} satisfies CandidateOptions;
