import type { Location } from '../location.ts';
import type { Job } from '../process.ts';
import type { Shell } from '../state.ts';

/** A command of the shell's own. */
export interface Builtin {
  /** POSIX calls some special (XCU 2.15): an error in one ends the shell, and assignments before it last. */
  readonly special: boolean;
  /** @throws BuiltinError with what is wrong with its arguments */
  readonly run: (shell: Shell, call: Call) => number | Job<number>;
}

export interface Call {
  readonly name: string;
  readonly args: readonly string[];
  readonly at: Location;
  /** Where an argument stands; the call itself if there is no such argument. */
  readonly argAt: (index: number) => Location;
  /** Whether its status is asked for, so that `set -e` does not count in what it runs. */
  readonly tested: boolean;
}
