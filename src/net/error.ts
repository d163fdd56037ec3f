/** What kind of failure an error is; the command line turns it into its exit status. */
export type LabErrorCode =
  /** Bad usage or invalid input: exit status 2. */
  | 'invalid'
  /** A missing privilege, tool or kernel feature: exit status 3. */
  | 'cannot-run'
  /** Evidence that is empty, truncated or contradictory, or a step of the lab that failed: exit status 1. */
  | 'lab-failed';

/** The project's one error type: what happened (with `file:line:column` where there is one) and what to do about it. */
export class LabError extends Error {
  override readonly name = 'LabError';
  readonly code: LabErrorCode;
  /** What the reader can do about it; empty when the message says it all. */
  readonly hint: string;

  constructor(code: LabErrorCode, message: string, hint = '', options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.hint = hint;
  }
}
