import type { Location } from './location.ts';
import type { Job, Process } from './process.ts';
import { Exit, fork, lead, leave, LoopJump, nested, type Shell } from './state.ts';
import type { Stream } from './streams.ts';
import type { Command, List } from './syntax.ts';

/** Descriptors that lead elsewhere in a subshell, which takes the streams over. */
export type Leads = readonly (readonly [descriptor: number, stream: Stream])[];

/**
 * Runs commands in a subshell.
 *
 * @returns their status; that of an `exit`, too, which ends the subshell only
 */
export function* runSubshell(shell: Shell, list: List, tested: boolean, at: Location, leads: Leads = []): Job<number> {
  const inner = subshell(shell, at, leads);
  try {
    return yield* run(inner, list, tested, at);
  } finally {
    leave(inner);
  }
}

/** Has a command run in a subshell that is a process of its own. */
export function startSubshell(shell: Shell, command: Command, tested: boolean, leads: Leads): Process {
  const { at } = command;
  const inner = subshell(shell, at, leads);
  inner.final = command;
  return shell.shared.machine.processes.start(run(inner, [command], tested, at), () => {
    leave(inner);
  });
}

function subshell(shell: Shell, at: Location, leads: Leads): Shell {
  const inner = fork(shell);
  for (const [descriptor, stream] of leads) lead(inner, descriptor, stream);
  shell.shared.spend(inner.variables.size, at);
  return inner;
}

function* run(inner: Shell, list: List, tested: boolean, at: Location): Job<number> {
  try {
    return yield* nested(inner, at, () => inner.shared.execute(inner, list, tested));
  } catch (error) {
    if (error instanceof Exit) return error.status;
    if (error instanceof LoopJump) return 0;
    throw error;
  }
}
