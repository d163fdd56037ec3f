/** Commands that write text. */
import { invalid } from '../location.ts';
import { BuiltinError, complain, type Shell, writeTo } from '../state.ts';
import type { Call } from './builtin.ts';
import { unescape } from './escapes.ts';

/** `echo`, as in dash: it reads backslashes, and knows one option, `-n`. */
export function echo(shell: Shell, { args, at }: Call): number {
  const bare = args[0] === '-n';
  const { text, ended } = unescape((bare ? args.slice(1) : args).join(' '), 'argument', at);
  return write(shell, ended || bare ? text : `${text}\n`);
}

/** `cat`: files, or what is left of standard input. */
export function cat(shell: Shell, { args, argAt, at }: Call): number {
  let status = 0;
  for (const [index, path] of (args.length === 0 ? ['-'] : args).entries()) {
    if (/^-./.test(path)) throw invalid(argAt(index), `cat ${path} is not supported`, 'supported is cat [FILE]…');
    const input = shell.descriptors.get(0);
    const standard = input?.kind === 'input' ? input.rest().text : '';
    const text = path === '-' ? standard : path === '/dev/null' ? '' : shell.shared.machine.read(path, argAt(index));
    if (text === null) {
      complain(shell, at, `cat: ${path}: No such file or directory`);
      status = 1;
    } else write(shell, text);
  }
  return status;
}

function write(shell: Shell, text: string): number {
  const problem = writeTo(shell, 1, text);
  if (problem !== null) throw new BuiltinError(problem, 1);
  return 0;
}
