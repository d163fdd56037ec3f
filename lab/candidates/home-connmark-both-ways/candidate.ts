import type { CandidateOptions } from '../../../src/candidate/candidate.ts';

export default {
  title: 'As home-connmark, but marks are restored on everything that comes in',
  lesson: `\`PREROUTING -j CONNMARK --restore-mark\` without \`-i eth2\` marks the caller's packets too. The first has no mark yet and
reaches the desktop, so the connection opens; the second is marked for the line that it came in by, that line's table
knows no home network, and the packet goes back out to the ISP. It looks like a web site that answers and then hangs.
Restore marks on what comes from the home network only, or give each table the home network's route too.`,
} satisfies CandidateOptions;
