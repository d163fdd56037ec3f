import type { CandidateOptions } from '../../../src/candidate/candidate.ts';

export default {
  title: 'As home-strict, with loose reverse-path filtering',
  lesson: `Loose filtering (2) drops only what has a source to which no route leads at all. With a default route there is always one,
so everything passes; what remains of the filter is little, and the same as on most distributions, whose systemd sets it.`,
} satisfies CandidateOptions;
