import type { CandidateOptions } from '../../../src/candidate/candidate.ts';

export default {
  title: 'As balance-8-2, but each connection chooses its line for itself (hash policy 1)',
  lesson: `With \`fib_multipath_hash_policy=1\` the hash takes in protocol and ports: many connections to one place use both lines.
The price is that a place sees one visitor come from two addresses, which some log-ins and games don't like.`,
  needs: ['fib_multipath_hash_policy'],
} satisfies CandidateOptions;
