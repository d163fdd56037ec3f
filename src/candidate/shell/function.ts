import type { Location } from './location.ts';
import type { Job } from './process.ts';
import { nested, restore, Return, type Scope, type Shell } from './state.ts';
import type { Command } from './syntax.ts';

/** Calls a function: with positional parameters and local variables of its own, in the caller's environment otherwise. */
export function* callFunction(
  shell: Shell,
  body: Command,
  args: readonly string[],
  tested: boolean,
  at: Location,
): Job<number> {
  const { positional, loops, shared } = shell;
  const locals: Scope = new Map();
  shell.positional = args;
  shell.loops = 0;
  shell.locals.push(locals);
  try {
    return yield* nested(shell, at, () => shared.execute(shell, [body], tested));
  } catch (error) {
    if (error instanceof Return) return error.status;
    throw error;
  } finally {
    shell.locals.pop();
    restore(shell, locals);
    shell.positional = positional;
    shell.loops = loops;
  }
}
