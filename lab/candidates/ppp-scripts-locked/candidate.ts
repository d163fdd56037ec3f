import type { CandidateOptions } from '../../../src/candidate/candidate.ts';

export default {
  title: "As ppp-scripts, one at a time, and none before the line's interface is gone",
  lesson: `A lock lets one script work at a time. ip-down waits until the kernel has taken the interface away, and the double default
route with it, and only then looks which lines there are; the route is made of those, not of what the last one was. So it is
right in whatever order things happen. What was running by the dead line is another matter: an established flow that
SNAT gave that line's address keeps it on the new line, where the ISP drops it. See ppp-scripts-flush.`,
} satisfies CandidateOptions;
