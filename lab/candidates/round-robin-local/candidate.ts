import type { CandidateOptions } from '../../../src/candidate/candidate.ts';

export default {
  title: 'Round-robin, with one OpenVPN server for each address (--local)',
  lesson: `A socket bound to an address sends from that address, and the rules do the rest. It works with every server that can
be told where to listen, at the price of a process and a tunnel network for each line.`,
  openvpn: { server: 'address' },
} satisfies CandidateOptions;
