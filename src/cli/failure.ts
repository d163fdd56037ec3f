import { CommanderError } from 'commander';
import { LabError, type LabErrorCode } from '../net/error.ts';

const exitStatus: Readonly<Record<LabErrorCode, number>> = { 'lab-failed': 1, invalid: 2, 'cannot-run': 3 };

/** Says on standard error what went wrong and what to do, and returns the exit status for it. Bugs are thrown on. */
export function reportFailure(error: unknown): number {
  if (error instanceof CommanderError) {
    // Commander has said what is wrong; asking for help is no error.
    return error.exitCode === 0 ? 0 : 2;
  }
  if (!(error instanceof LabError)) throw error;
  process.stderr.write(`${error.message}\n${error.hint && `${error.hint}\n`}`);
  return exitStatus[error.code];
}
