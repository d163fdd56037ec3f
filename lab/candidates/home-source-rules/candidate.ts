import type { CandidateOptions } from '../../../src/candidate/candidate.ts';

export default {
  title: 'As home-pins, with rules by source address before those by mark',
  lesson: `What already carries a line's address goes by that line: right for whatever the server itself answers from the address
that was called, pins or not, and it needs no conntrack. The price is the server's own pins: its connections are routed before
they are marked, have some line's address by then, and its rule is asked before the mark's. So mail, the statistics and the
company are reached by chance again. Put the rules by source behind those by mark, and answers fall to the pins: home-both
doesn't solve it either, connection marks alone do (home-connmark).

It does nothing for a forwarded port: when the desktop's answer is routed it still carries the desktop's own address, and
the hash decides. It does nothing for an unbound UDP server.`,
} satisfies CandidateOptions;
