/** A script, run with the arguments `one`, `two  2` and an empty one, and what comes of it in a POSIX shell. */
export interface Case {
  readonly script: string;
  /** 0 unless given. */
  readonly status?: number;
  readonly stdout?: string;
  /** What was run, as the recording machine writes it. */
  readonly record?: readonly string[];
}
