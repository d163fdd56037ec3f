import type { PatternPiece } from './pattern.ts';

/** What a word expands to, before it is split: text, and boundaries between the fields of `$@` and `$*`. */
export type Piece =
  | (PatternPiece & {
      readonly kind: 'text';
      /** Whether it came of an expansion outside of quotes, and so is split. */
      readonly split: boolean;
    })
  /** `joiner`: what stands there where fields are not split. */
  | { readonly kind: 'boundary'; readonly joiner: string };

/** One field, in pieces, since its quoted parts mean nothing to pathname expansion. */
export type Field = readonly PatternPiece[];

/**
 * Splits at the characters of IFS (POSIX.1-2024, XCU 2.6.5): white space in it delimits in any number, every other one by
 * itself, together with the white space around it. What is quoted makes a field even where it is empty.
 */
export function splitFields(pieces: readonly Piece[], ifs: string): readonly Field[] {
  const fields: Field[] = [];
  let field: PatternPiece[] | null = null;
  /** White space has ended a field; another delimiter may still belong to it. */
  let spaced = false;
  const end = (): void => {
    if (field) fields.push(field);
    field = null;
  };
  for (const piece of pieces) {
    if (piece.kind === 'boundary') {
      end();
      spaced = false;
    } else if (!piece.split) {
      (field ??= []).push(piece);
      spaced = false;
    } else {
      let start = 0;
      for (let index = 0; index <= piece.text.length; index++) {
        const character = piece.text[index];
        if (character !== undefined && !ifs.includes(character)) continue;
        if (index > start) {
          (field ??= []).push({ text: piece.text.slice(start, index), quoted: false });
          spaced = false;
        }
        start = index + 1;
        if (character === undefined) break;
        if (isBlank(character)) {
          spaced ||= field !== null;
          end();
        } else {
          if (!field && !spaced) fields.push([]);
          end();
          spaced = false;
        }
      }
    }
  }
  end();
  return fields;
}

/** White space as IFS counts it. */
export function isBlank(character: string): boolean {
  return character === ' ' || character === '\t' || character === '\n';
}
