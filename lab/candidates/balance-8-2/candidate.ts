import type { CandidateOptions } from '../../../src/candidate/candidate.ts';

export default {
  title: 'A default route spread over two lines, 8 to 2, with SNAT on each',
  lesson: `The weights divide destinations, not bytes: of ten places in the internet about eight are reached by the first line.
The hash is of source and destination address, so a host reaches a place always by the same line, and one big download
uses one line only. Nothing here sends the replies of servers home: see connmark for that.`,
} satisfies CandidateOptions;
