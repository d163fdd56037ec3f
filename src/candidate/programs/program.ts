import type { Invocation, Machine, Result } from '../shell/machine.ts';
import type { Job } from '../shell/process.ts';
import type { System } from './system.ts';

/** Other programs of the machine. */
export type Others = Pick<Machine, 'commands' | 'run'>;

/** A program that is the same on every machine. */
export type Program = (invocation: Invocation, system: System, others: Others) => Result | Job<Result>;

/** What a program ends with. */
export function ended(status: number, stderr = '', stdout = ''): Result {
  return { status, stdout, stderr: stderr === '' ? '' : `${stderr}\n` };
}
