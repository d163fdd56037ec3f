import type { CandidateOptions } from '../../../src/candidate/candidate.ts';

export default {
  title: 'Two lines by marks, everything else by the first; with strict reverse-path filtering',
  lesson: `All that comes in by the second line is dropped before INPUT or FORWARD sees it: the filter asks, without the packet's mark, by
which interface an answer would go, and without the mark that is the first line. Callers of the second line's address get no
answer, and what is pinned to it goes out and hears nothing; the count of TcpExtIPReversePathFilter goes up with each packet.
home-strict-valid-mark and home-loose mend it with one sysctl.`,
} satisfies CandidateOptions;
