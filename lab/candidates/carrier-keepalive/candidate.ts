import type { CandidateOptions } from '../../../src/candidate/candidate.ts';

export default {
  title: 'Everything by the carrier, the VPN over UDP with the shortest keepalive',
  lesson: `\`--keepalive\` with the smallest values that OpenVPN takes. Pings hold a mapping open whose clock starts again with each
packet. They do nothing for one that dies of age, or that was never there: the client notices sooner, begins anew
sooner, and loses its tunnel as before.`,
  openvpn: { keepalive: { interval: 1, timeout: 2 } },
} satisfies CandidateOptions;
