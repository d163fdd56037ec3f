import type { Location } from './location.ts';

/** A word of a command, as the shell hands it over, and where it stands. */
export interface Word {
  readonly text: string;
  readonly at: Location;
}
