import type { CandidateOptions } from '../../../src/candidate/candidate.ts';

export default {
  title: 'Two lines by rules by source, pins by marks; with strict reverse-path filtering',
  lesson: `The filter looks for the way of an answer, from the address that the packet is sent to. A rule by source finds it where that
is still the line's address: for all that outsiders ask of the server itself. NAT has been reversed by then. A forwarded port's
packet is already addressed to the desktop, and the answer to a pinned request to the address it was sent from before
NAT: the desktop's, or the server's on the first line, which its rule leads out by the first line.`,
} satisfies CandidateOptions;
