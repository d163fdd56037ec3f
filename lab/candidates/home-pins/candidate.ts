import type { CandidateOptions } from '../../../src/candidate/candidate.ts';

export default {
  title: "As balance-8-2, with mail and isp2's statistics pinned to their lines by marks",
  lesson: `Pinning by destination also catches the answers to whoever calls from there: the administrator of isp2's
statistics looks at the web site on isp1's address, the answer is marked for isp2's line, and leaves by it with isp1's
address. Its source does not become isp2's: NAT is decided by a connection's first packet, and this is not it. isp2
drops what isn't its customer's. Answers must be excepted from the pins: home-connmark.`,
} satisfies CandidateOptions;
