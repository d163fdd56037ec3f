import type { CandidateOptions } from '../../../src/candidate/candidate.ts';

export default {
  title: 'A double default route over dialled lines, and an ip-down that only looks at it',
  lesson: `It shows what becomes of a double default route when nobody looks after it. With nodefaultroute pppd leaves it alone; it sets the
interface down, and the kernel passes over that nexthop; when the interface goes, the kernel removes the route, whole and
unannounced. With defaultroute pppd deletes it before it starts ip-down, if the line is its first nexthop.`,
} satisfies CandidateOptions;
