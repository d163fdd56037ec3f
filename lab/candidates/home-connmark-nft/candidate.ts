import type { CandidateOptions } from '../../../src/candidate/candidate.ts';

export default {
  title: 'As home-connmark, in nftables',
  lesson: `The same rules in one table. Two things are easily missed: marks set in OUTPUT have a packet routed again only in a chain
of \`type route\`, not of \`type filter\`; and the chains must come at priority mangle, after conntrack knows the packet and
before NAT.`,
  needs: ['nft masquerade'],
} satisfies CandidateOptions;
