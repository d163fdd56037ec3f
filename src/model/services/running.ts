/** A program that answers, until it is stopped. */
export interface Running {
  /** What it has said so far, line by line. */
  readonly said: () => readonly string[];
  stop(): void;
}
