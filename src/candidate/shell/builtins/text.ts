/** Commands that write text. */
import { invalid, type Location } from '../location.ts';
import type { Job } from '../process.ts';
import { BuiltinError, complain, type Shell, writeTo } from '../state.ts';
import { takeRest } from '../streams.ts';
import type { Call } from './builtin.ts';
import { unescape } from './escapes.ts';

/** `echo`, as in dash: it reads backslashes, and knows one option, `-n`. */
export function echo(shell: Shell, { args, at }: Call): number {
  const bare = args[0] === '-n';
  const { text, ended } = unescape((bare ? args.slice(1) : args).join(' '), 'argument', at);
  return write(shell, ended || bare ? text : `${text}\n`);
}

/** `cat`: files, or what is left of standard input. */
export function* cat(shell: Shell, { args, argAt, at }: Call): Job<number> {
  let status = 0;
  for (const [index, path] of (args.length === 0 ? ['-'] : args).entries()) {
    if (/^-./.test(path)) throw invalid(argAt(index), `cat ${path} is not supported`, 'supported is cat [FILE]…');
    const text = yield* contents(shell, path, argAt(index));
    if (text === null) {
      complain(shell, at, `cat: ${path}: No such file or directory`);
      status = 1;
    } else write(shell, text);
  }
  return status;
}

function* contents(shell: Shell, path: string, at: Location): Job<string | null> {
  const { machine } = shell.shared;
  if (path === '-') return (yield* takeRest(shell.descriptors.get(0))).text;
  if (path === '/dev/null') return '';
  const pipe = machine.pipe(path);
  if (!pipe) return machine.read(path, at);
  const stream = yield* pipe.open('read');
  try {
    return (yield* takeRest(stream)).text;
  } finally {
    stream.release();
  }
}

function write(shell: Shell, text: string): number {
  const problem = writeTo(shell, 1, text);
  if (problem !== null) throw new BuiltinError(problem, 1);
  return 0;
}
