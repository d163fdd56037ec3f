import type { CandidateOptions } from '../../../src/candidate/candidate.ts';

export default {
  title: "The recipe of 2014, with the pair's hardware address given by hand",
  lesson: `In veth-dnat-2014 it is ARP that gets no answer, so it looks as if ARP were to blame. With a permanent neighbour entry ARP
isn't needed: the reply itself makes the detour, comes back in by the far end, and is dropped there, for its source is one of
the machine's own addresses. The kernel's own word for it is IP_LOCAL_SOURCE. Set accept_local: see veth-dnat.`,
} satisfies CandidateOptions;
