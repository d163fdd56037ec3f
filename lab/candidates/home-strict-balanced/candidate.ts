import type { CandidateOptions } from '../../../src/candidate/candidate.ts';

export default {
  title: 'As home-strict, with a default route over both lines',
  lesson: `The filter takes any nexthop of the route that it finds, whatever its weight: with a default route over both lines, either is
right, and strict filtering drops nothing. It looks as if marks and rp_filter=1 went well together. They do until the
default route is a single one again, as after a line has gone down: then it is home-strict.`,
} satisfies CandidateOptions;
