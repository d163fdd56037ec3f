/** Programs that make text of text: `sort` and `awk`. */
import { notModelled, refuse } from '../commands/refusal.ts';
import type { Invocation, Result } from '../shell/machine.ts';
import type { Job } from '../shell/process.ts';
import { ended } from './program.ts';

/** `sort`, by the bytes of whole lines; with `-k N`, by what begins with the blanks before field N, and then by whole lines. */
export function* sort({ words, takeInput }: Invocation): Job<Result> {
  const [, ...args] = words;
  let field = 1;
  for (let option = args.shift(); option; option = args.shift()) {
    const [, digits = args[0]?.text ?? ''] = /^-k(.+)?$/.exec(option.text) ?? [null, ''];
    if (!/^[1-9][0-9]*$/.test(digits))
      notModelled(option.at, `sort ${option.text} ${digits}`.trimEnd(), 'there is -k N');
    if (option.text === '-k') args.shift();
    field = Number(digits);
  }
  const { text } = yield* takeInput();
  const before = new RegExp(`^(?:[ \\t]*[^ \\t]+){${field - 1}}`);
  const keyed = linesOf(text).map((line) => {
    const start = before.exec(line)?.[0].length ?? line.length;
    return { line, key: field === 1 ? line : line.slice(start) };
  });
  keyed.sort((one, other) => compare(one.key, other.key) || compare(one.line, other.line));
  return ended(0, '', keyed.map(({ line }) => `${line}\n`).join(''));
}

/** `awk '{ print $1, $NF }'`: fields of each line, which blanks divide. */
export function* awk({ words, takeInput, at }: Invocation): Job<Result> {
  const [, program, more] = words;
  if (!program) return refuse(at, 'awk needs a program');
  if (more) notModelled(more.at, 'awk on files', 'redirect its input');
  const [, list] = /^\s*\{\s*print\s*((?:\$(?:[0-9]+|NF)\s*(?:,\s*(?=\$)|(?=\})))*)\}\s*$/.exec(program.text) ?? [];
  if (list === undefined) return notModelled(program.at, `awk ${program.text}`, "there is awk '{ print $1, $NF }'");
  const wanted = list.split(',').map((word) => word.trim().slice(1));
  const { text } = yield* takeInput();
  const printed = linesOf(text).map((line) => {
    const fields = line.split(/[ \t]+/).filter((field) => field !== '');
    const value = (name: string): string =>
      (name === '0' || name === '' ? line : fields[name === 'NF' ? fields.length - 1 : Number(name) - 1]) ?? '';
    return `${wanted.map(value).join(' ')}\n`;
  });
  return ended(0, '', printed.join(''));
}

function linesOf(text: string): readonly string[] {
  const lines = text.split('\n');
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
