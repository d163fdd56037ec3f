import type { CandidateOptions } from '../../../src/candidate/candidate.ts';

export default {
  title: 'As home-pins, but the home network is marked in FORWARD',
  lesson: `What the server itself sends is routed a second time when OUTPUT has marked it. What it forwards is not: it has its route
when FORWARD sees it, and a mark set there changes nothing. The counters of the rules go up, and the packets go by the hash
as before. Mark what comes from the home network in PREROUTING.`,
} satisfies CandidateOptions;
