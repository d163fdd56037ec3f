import type { CandidateOptions } from '../../../src/candidate/candidate.ts';

export default {
  title: 'A UDP server without multihoming, mended by DNAT and a veth pair: as published in 2014',
  lesson: `The trick: requests to any uplink are translated to one private address, conntrack remembers which, and replies take a
detour over a veth pair so that they are routed a second time, with their source restored. It worked on Linux 3.6 to 3.16.
Since 3.18 (and in later stable releases of 3.16) a packet that comes in with one of the machine's own addresses as its source is
dropped as a martian, whatever rp_filter says: here already the question of ARP for the pair's far end, so that no reply
ever leaves. Set accept_local on the far end: see veth-dnat.`,
} satisfies CandidateOptions;
