/** Commands that decide what is run next. */
import { generatedSource } from '../location.ts';
import { readScript } from '../read-script.ts';
import { BuiltinError, Exit, LoopJump, Return, type Shell } from '../state.ts';
import type { Call } from './builtin.ts';
import { count } from './numbers.ts';

export function exit(shell: Shell, { args: [status], at }: Call): never {
  throw new Exit(status === undefined ? shell.status : count(status) & 255, at);
}

export function leave(shell: Shell, { args: [status], at }: Call): never {
  throw new Return(status === undefined ? shell.status : count(status), at);
}

/** `break` and `continue`; outside of a loop they do nothing. */
export function jump(shell: Shell, { name, args: [levels = '1'] }: Call): number {
  const wanted = count(levels);
  if (wanted === 0) throw new BuiltinError(`Illegal number: ${levels}`);
  if (shell.loops === 0) return 0;
  throw new LoopJump(name === 'break' ? 'break' : 'continue', Math.min(wanted, shell.loops));
}

export function evaluateArguments(shell: Shell, { args, argAt, tested, at }: Call): number {
  const text = args.join(' ');
  shell.shared.spend(text.length, at);
  return shell.shared.execute(shell, readScript(generatedSource(text, argAt(0))), tested);
}
