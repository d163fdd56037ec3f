import type { Location } from './location.ts';

/** One word of a command, as the shell hands it over: expanded, quotes gone. */
export interface Word {
  readonly text: string;
  readonly at: Location;
}
