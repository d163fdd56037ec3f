import type { CandidateOptions } from '../../../src/candidate/candidate.ts';

export default {
  title: 'As balance-8-2, and a line without carrier is not used',
  lesson: `With ignore_routes_with_linkdown=1 the kernel leaves a nexthop out as soon as its line has no carrier, and takes it again
when it has. That costs nothing and takes no script, but it sees the cable alone: a gateway that is dead behind a good
cable is used on, and a line whose interface goes takes the whole default route with it, the good line's half included.`,
  needs: ['ignore_routes_with_linkdown'],
} satisfies CandidateOptions;
