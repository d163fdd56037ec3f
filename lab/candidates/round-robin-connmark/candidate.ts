import type { CandidateOptions } from '../../../src/candidate/candidate.ts';

export default {
  title: 'Round-robin, with replies sent back by connection marks',
  lesson: `The usual advice: mark each connection with the line it came in by, restore the mark on its replies, route by mark. It
mends all that answers from the address that was called. It doesn't mend an unbound UDP server: its reply already
carries another line's address when conntrack sees it, so it belongs to no known connection and there is no mark to
restore.`,
} satisfies CandidateOptions;
