import type { CandidateOptions } from '../../../src/candidate/candidate.ts';

export default {
  title: 'As home-pins, with answers sent home by connection marks (iptables)',
  lesson: `INPUT and FORWARD note on each connection the line that it came in by; OUTPUT, and PREROUTING for what comes from the
home network, put the note on its answers before any pin is asked. That mends TCP, UDP sockets with an address, ping, and
forwarded ports. It doesn't mend an unbound UDP server, whose answer gets its address from whatever line the hash gives
it: with the wrong one it belongs to no known connection, and there is no mark to restore.`,
} satisfies CandidateOptions;
