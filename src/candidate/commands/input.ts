import type { Location } from './location.ts';

/** What a command is given to read: a here-document, or what another command printed. */
export interface Input {
  readonly text: string;
  /** Where it begins. */
  readonly at: Location;
}
