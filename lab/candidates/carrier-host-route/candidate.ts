import type { CandidateOptions } from '../../../src/candidate/candidate.ts';

export default {
  title: 'Everything by the carrier, and the VPN server by the 5G router',
  lesson: `A route to one host: what goes to the VPN server takes the second line, which tracks UDP, and everything else stays with
the carrier. The longest prefix wins, so no rule and no mark is needed. All that goes to that host takes this line, not
the VPN alone; and if the line is down, the VPN is too.`,
  openvpn: { keepalive: { interval: 1, timeout: 4 } },
} satisfies CandidateOptions;
