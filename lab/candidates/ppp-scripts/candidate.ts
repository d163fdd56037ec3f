import type { CandidateOptions } from '../../../src/candidate/candidate.ts';

export default {
  title: "pppd's ip-up and ip-down make the default route, each the reverse of the other",
  lesson: `The first line that comes up makes a single default route, the second a double one; one that goes down leaves the other's. It
reads well, and it is wrong: when a line's interface goes, the kernel removes the whole double route, on its own and
unannounced, before ip-down looks or after. ip-down then finds no route, takes its line for the last, and leaves none. Two
scripts at once do worse: both find no route, and each makes a single one. See ppp-scripts-locked.`,
} satisfies CandidateOptions;
