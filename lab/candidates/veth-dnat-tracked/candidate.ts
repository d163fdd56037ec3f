import type { CandidateOptions } from '../../../src/candidate/candidate.ts';

export default {
  title: 'The same without the NOTRACK rule',
  lesson: `As veth-dnat, but what comes back over the pair is tracked again. To conntrack it is a new connection, whose answers would look
like those of the first: the source port is taken, so NAT gives it another one. The address is right and the port is
not; the client doesn't know the sender. The NOTRACK rule is no ornament.`,
  needs: ['accept_local'],
} satisfies CandidateOptions;
