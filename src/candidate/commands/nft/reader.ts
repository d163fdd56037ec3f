import type { Location } from '../location.ts';
import type { NetfilterCommand } from '../netfilter.ts';
import { refuse } from '../refusal.ts';
import type { Word } from '../word.ts';
import { readCommand } from './command.ts';
import { cursorOver, unexpected } from './cursor.ts';
import type { KnownSets } from './scope.ts';
import { startSession } from './session.ts';
import { tokenize, type Source } from './token.ts';

/** Text that a command reads, and where its first character stands. */
export interface Input {
  readonly text: string;
  readonly at: Location;
}

/**
 * Reads `nft`: a ruleset from standard input (`-f -`), or the command that its words make up.
 *
 * Names of sets in rules and the elements of sets are told apart by what is declared; so the caller says what sets there
 * are already.
 *
 * @param words the command itself first
 * @param input what stands on standard input; null where there is nothing
 * @throws LabError 'invalid' with `file:line:column` for what nft refuses as well, and for what isn't modelled
 */
export function readNft(
  words: readonly Word[],
  input: Input | null,
  known: KnownSets = () => undefined,
): readonly NetfilterCommand[] {
  const source = readOptions(words, input);
  const commands: NetfilterCommand[] = [];
  const cursor = cursorOver(tokenize(source));
  const session = startSession(source, cursor, known, commands);
  while (cursor.another()) {
    if (cursor.sees('include')) refuse(cursor.peek().at, "'include' reads files, which are not read here", 'put it in');
    if (!session.readDefinition()) readCommand(session);
    const token = cursor.peek();
    if (token.kind !== 'separator' && token.kind !== 'end') unexpected(token, 'the end of the command');
  }
  if (cursor.peek().kind !== 'end') unexpected(cursor.peek(), 'a command of nft');
  return commands;
}

/** Options that say how a listing is printed, or that nothing should be said. */
const withoutBearing = /^(?:-[anjsSetypNuT]+|--(?:handle|numeric|json|stateless|echo|terse|service|numeric-priority))$/;

function readOptions([command, ...words]: readonly Word[], input: Input | null): Source {
  for (const [index, word] of words.entries()) {
    if (word.text === '-f' || word.text === '--file') {
      const file = words[index + 1] ?? refuse(word.at, `'${word.text}' needs the name of a file`);
      const more = words[index + 2];
      if (more) refuse(more.at, `'${more.text}' stands after the file`);
      return inputOf(file, input);
    }
    if (!word.text.startsWith('-')) return sourceOf(words.slice(index));
    if (!withoutBearing.test(word.text)) refuse(word.at, `option '${word.text}' of nft is not modelled`);
  }
  if (!command) throw new Error('a command has a name');
  return refuse(command.at, 'nft was given nothing to do');
}

function inputOf(file: Word, input: Input | null): Source {
  if (file.text !== '-' && file.text !== '/dev/stdin') {
    refuse(
      file.at,
      `the file '${file.text}' is not read here`,
      "give the ruleset on standard input, 'nft -f - <<RULES'",
    );
  }
  return input
    ? { text: input.text, locate: (offset) => advance(input.at, input.text.slice(0, offset)) }
    : refuse(file.at, 'nothing stands on standard input');
}

/** Words joined by blanks, as nft joins them. A place in a word is the word's, or further lines of it. */
function sourceOf(words: readonly Word[]): Source {
  const text = words.map((word) => word.text).join(' ');
  const locate = (offset: number): Location => {
    let start = 0;
    let place = words[0]?.at;
    for (const word of words) {
      if (offset < start) break;
      const before = word.text.slice(0, offset - start);
      place = before.includes('\n') ? advance(word.at, before) : word.at;
      start += word.text.length + 1;
    }
    return place ?? { file: '', line: 0, column: 0 };
  };
  return { text, locate };
}

/** The place after a text that begins at another. */
function advance(at: Location, text: string): Location {
  const lines = text.split('\n');
  const last = lines.at(-1) ?? '';
  return lines.length === 1
    ? { ...at, column: at.column + last.length }
    : { file: at.file, line: at.line + lines.length - 1, column: last.length + 1 };
}
