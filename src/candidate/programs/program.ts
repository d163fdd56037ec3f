import type { Invocation, Result } from '../shell/machine.ts';
import type { Job } from '../shell/process.ts';
import type { System } from './system.ts';

/** A program that is the same on every machine. */
export type Program = (invocation: Invocation, system: System, run: Run) => Result | Job<Result>;

/** Runs another program of the machine. */
export type Run = (invocation: Invocation) => Result | Job<Result>;

/** What a program ends with. */
export function ended(status: number, stderr = '', stdout = ''): Result {
  return { status, stdout, stderr: stderr === '' ? '' : `${stderr}\n` };
}
