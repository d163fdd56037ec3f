import type { CandidateOptions } from '../../../src/candidate/candidate.ts';

export default {
  title: "Shorewall's Multi-ISP: two balanced providers, which ip-up and ip-down enable and disable",
  lesson: `Shorewall keeps the default route, 8 to 2, in a table of its own that is asked last, after the main table, marks, pins and
sources. A provider that is tracked has its number noted on each connection that comes by it, answers to our own included,
and noted on all that follows: so answers go home, and what runs keeps its line, also when the route changes.

The pins are of two kinds. A mark can tell ports, but comes after the source was chosen; a rule for the destination can't, but
an unbound UDP server's answer gets the right line's address by it, and needs no NAT.

When a line's interface goes, the kernel removes the whole default route. \`disable\` then finds no routes of the provider's
either, takes it for disabled already, and does nothing. What runs by the other line goes on; new connections have no route,
until the line is back, and then \`enable\` makes a route by this line alone. See shorewall-reenable. And two that are
run at once may both find Shorewall's lock free: then one fails, and Shorewall stops, with nothing allowed.`,
  programs: ['shorewall'],
} satisfies CandidateOptions;
