import type { CandidateOptions } from '../../../src/candidate/candidate.ts';

export default {
  title: "As ppp-scripts-locked, and conntrack forgets the dead line's flows",
  lesson: `SNAT decides once for each tracked connection. When its line is gone, conntrack -D makes it decide anew: what of UDP was
running goes on from the other line's address. (MASQUERADE forgets by itself when its interface goes down.) TCP can't be
helped: the far end knows it by the old address.`,
} satisfies CandidateOptions;
