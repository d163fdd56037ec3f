import { refuse } from '../refusal.ts';
import type { Input } from '../input.ts';
import type { Location } from '../location.ts';
import type { Word } from '../word.ts';

/**
 * The lines of a batch, as words. As iproute2 reads them: `#` begins a comment, in quotes too; a backslash at the very end goes
 * on in the next line; a word may be quoted as a whole, and nothing is expanded.
 *
 * @throws LabError 'invalid' for a quote or a line that isn't ended
 */
export function* linesOfBatch(input: Input): Generator<readonly Word[]> {
  const lines = input.text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  let pieces: Piece[] = [];
  for (const [index, line] of lines.entries()) {
    const at: Location = { ...input.at, line: input.at.line + index, column: index === 0 ? input.at.column : 1 };
    const text = line.replace(/#.*/, '');
    const goesOn = text.endsWith('\\');
    pieces.push({ text: goesOn ? text.slice(0, -1) : text, at });
    if (goesOn && index < lines.length - 1) continue;
    if (goesOn) refuse(at, 'the batch ends with a line that is to go on in the next');
    const words = wordsOf(pieces);
    if (words.length > 0) yield words;
    pieces = [];
  }
}

/** A line, or a part of one that goes on in the next. */
interface Piece {
  readonly text: string;
  readonly at: Location;
}

function wordsOf(pieces: readonly Piece[]): readonly Word[] {
  // A quote counts at the beginning of a word alone, and what follows it begins another word.
  const line = pieces.map(({ text }) => text).join('');
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|(['"])|[^ \t\r]+/g)].map((match) => {
    const [text, single, double, stray] = match;
    const at = locationIn(pieces, match.index);
    return stray ? refuse(at, `the quote ${text} has no end on its line`) : { text: single ?? double ?? text, at };
  });
}

function locationIn([piece, ...others]: readonly Piece[], offset: number): Location {
  if (!piece) throw new RangeError(`the line has no offset ${offset}`);
  if (offset >= piece.text.length && others.length > 0) return locationIn(others, offset - piece.text.length);
  return { ...piece.at, column: piece.at.column + offset };
}
