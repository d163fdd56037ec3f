import type { CandidateOptions } from '../../../src/candidate/candidate.ts';

export default {
  title: 'As home-pins, but with SNAT on the first line only',
  lesson: `A pin changes the line that a packet leaves by, and nothing else. What the home network sends has its inner address then, and
what the server itself sends may have the other line's, which the first routing gave it. It is SNAT on the line that makes
both right, so each line that something is pinned to needs its own. The ISP drops what has another address, and says nothing.`,
} satisfies CandidateOptions;
