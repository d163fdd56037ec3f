import { invalid } from '../location.ts';
import type { Job } from '../process.ts';
import { isBlank } from '../split.ts';
import { assign, BuiltinError, separators, type Shell } from '../state.ts';
import { awaitInput } from '../streams.ts';
import type { Call } from './builtin.ts';
import { isName } from './variables.ts';

/** A character of the line; `quoted` by a backslash, it delimits nothing. */
interface Character {
  readonly character: string;
  readonly quoted: boolean;
}

/** `read`: a line into variables, the last of which takes what is left (POSIX.1-2024, XCU 3). */
export function* read(shell: Shell, { args, argAt, at }: Call): Job<number> {
  const raw = args[0] === '-r';
  const names = raw ? args.slice(1) : args;
  const [option] = names;
  if (option?.startsWith('-'))
    throw invalid(argAt(raw ? 1 : 0), `read ${option} is not supported`, 'supported is read -r');
  if (option === undefined) throw new BuiltinError('arg count');
  for (const name of names) if (!isName(name)) throw new BuiltinError(`${name}: bad variable name`);
  const { characters, complete } = yield* readLine(shell, raw);
  shell.shared.spend(characters.length, at);
  const values = splitLine(characters, names.length, separators(shell));
  for (const [index, name] of names.entries()) assign(shell, name, values[index] ?? '', at);
  return complete ? 0 : 1;
}

/** A line without its newline; unless `raw`, a backslash quotes a character, and continues the line at its end. */
function* readLine(
  shell: Shell,
  raw: boolean,
): Job<{ readonly characters: readonly Character[]; readonly complete: boolean }> {
  const input = shell.descriptors.get(0);
  const characters: Character[] = [];
  for (;;) {
    if (input?.kind === 'input') yield* awaitInput(input, 'line');
    const line = input?.kind === 'input' ? input.line() : null;
    if (line === null) return { characters, complete: false };
    let continued = false;
    for (let index = 0; index < line.length; index++) {
      const escaped = !raw && line[index] === '\\' && index < line.length - 1;
      if (escaped) index++;
      const character = line[index] ?? '';
      if (character === '\n') {
        if (!escaped) return { characters, complete: true };
        continued = true;
      } else characters.push({ character, quoted: escaped });
    }
    if (!continued) return { characters, complete: false };
  }
}

function splitLine(line: readonly Character[], fields: number, ifs: string): readonly string[] {
  const delimits = ({ character, quoted }: Character): boolean => !quoted && ifs.includes(character);
  const blank = (one: Character | undefined): boolean => one !== undefined && delimits(one) && isBlank(one.character);
  const skipBlanks = (from: number): number => {
    let index = from;
    while (blank(line[index])) index++;
    return index;
  };
  const text = (from: number, to: number): string =>
    line
      .slice(from, to)
      .map(({ character }) => character)
      .join('');

  const values: string[] = [];
  let start = skipBlanks(0);
  while (start < line.length) {
    const found = line.findIndex((one, index) => index >= start && delimits(one));
    const end = found < 0 ? line.length : found;
    const delimiter = skipBlanks(end);
    const next = line[delimiter];
    const beyond = next && delimits(next) ? skipBlanks(delimiter + 1) : delimiter;
    if (values.length === fields - 1 && beyond < line.length) {
      let last = line.length;
      while (blank(line[last - 1])) last--;
      return [...values, text(start, last)];
    }
    values.push(text(start, end));
    start = beyond;
  }
  return values;
}
