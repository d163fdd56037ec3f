/** `fping`: asks a host until it answers, or the tries are used up. */
export interface FpingCommand {
  /** Unsigned 32-bit. */
  readonly target: number;
  /** As it was given, for what is said of it. */
  readonly name: string;
  /** `-I`: the device that it is bound to. */
  readonly device: string | null;
  /** `-q`: nothing is said of the target. */
  readonly quiet: boolean;
  /** Tries after the first. */
  readonly retries: number;
  /** Seconds that the first try waits for its answer; each other waits `backoff` times as long as the one before it. */
  readonly timeout: number;
  readonly backoff: number;
}
