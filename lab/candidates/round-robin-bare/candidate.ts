import type { CandidateOptions } from '../../../src/candidate/candidate.ts';

export default {
  title: 'A default route spread over three lines, and no rules at all',
  lesson: `Since Linux 6.16 the choice among nexthops prefers the one whose address the packet already carries, so replies that
have a source find their line without any rule. Before, the hash knew nothing of that: two of three lines answered by a
foreign one, and a filtering ISP dropped it. Unbound UDP is as in round-robin, on every kernel.`,
} satisfies CandidateOptions;
