import type { CandidateOptions } from '../../../src/candidate/candidate.ts';

export default {
  title: 'A daemon pings through each line, and makes the default route of those that answer',
  lesson: `It asks what matters, whether the internet answers through a line, and so sees every fault: no interface, no carrier, a gateway
that is dead. The price is time: three pings must fail. The pings have to go by their line whatever the default route is,
so they are bound to it and have a rule of their own; and the default route may be gone with an interface, so it isn't
enough to make it anew when the answer changes. Established flows keep the dead line's address, as with ppp-scripts-locked.`,
} satisfies CandidateOptions;
