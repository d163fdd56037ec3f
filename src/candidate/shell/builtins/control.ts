/** Commands that decide what is run next. */
import { generatedSource, invalid } from '../location.ts';
import type { Job } from '../process.ts';
import { readFile, readScript } from '../read-script.ts';
import { BuiltinError, Exit, LoopJump, nested, Return, type Shell } from '../state.ts';
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

export function* evaluateArguments(shell: Shell, { args, argAt, tested, at }: Call): Job<number> {
  const text = args.join(' ');
  shell.shared.spend(text.length, at);
  return yield* shell.shared.execute(shell, readScript(generatedSource(text, argAt(0))), tested);
}

/** `.`: runs a file's commands in this shell. */
export function* source(shell: Shell, { args, argAt, tested, at }: Call): Job<number> {
  const [path, more] = args;
  if (path === undefined) return 0;
  if (more !== undefined) throw invalid(argAt(1), '. with arguments is not supported', 'set them first');
  if (!path.includes('/'))
    throw invalid(argAt(0), `. ${path} is not supported: it is looked for in the PATH`, 'write its path');
  const text = shell.shared.machine.read(path, argAt(0));
  if (text === null) throw new BuiltinError(`cannot open ${path}: No such file`);
  shell.shared.spend(text.length, at);
  const { loops } = shell;
  shell.loops = 0;
  try {
    return yield* nested(shell, at, () => shell.shared.execute(shell, readFile(path, text), tested));
  } catch (error) {
    if (error instanceof Return) return error.status;
    throw error;
  } finally {
    shell.loops = loops;
  }
}
