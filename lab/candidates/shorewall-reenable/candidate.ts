import type { CandidateOptions } from '../../../src/candidate/candidate.ts';

export default {
  title: 'As shorewall, and ip-down enables the other line anew, one script at a time',
  lesson: `\`reenable\` disables and enables: it makes the default route anew, by the line that is left, which has lost it with the
other's interface. A lock of one's own keeps the scripts of two lines apart. A line that comes back is the last nexthop of the
route, so when it is the first line, the proportion is the same as before, but the hash gives other destinations to it.
What was running by it kept its mark, and so goes on as soon as the line is back, unless MASQUERADE had forgotten it.`,
  programs: ['shorewall'],
} satisfies CandidateOptions;
