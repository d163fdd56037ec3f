import type { Location } from './location.ts';
import { copyOf, Exit, LoopJump, type Shell } from './state.ts';
import type { Stream } from './streams.ts';
import type { List } from './syntax.ts';

/**
 * Runs commands in a subshell, in which some descriptors lead elsewhere.
 *
 * @returns their status; that of an `exit`, too, which ends the subshell only
 */
export function runSubshell(
  shell: Shell,
  list: List,
  tested: boolean,
  at: Location,
  streams: readonly (readonly [number, Stream])[] = [],
): number {
  const { shared } = shell;
  const inner = copyOf(shell);
  for (const [descriptor, stream] of streams) inner.descriptors.set(descriptor, stream);
  shared.spend(inner.variables.size, at);
  try {
    return shared.nested(at, () => shared.execute(inner, list, tested));
  } catch (error) {
    if (error instanceof Exit) return error.status;
    if (error instanceof LoopJump) return 0;
    throw error;
  }
}
