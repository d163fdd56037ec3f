/** Patterns of the shell (POSIX.1-2024, XCU 2.14), matched in time proportional to pattern times text. */

/** A piece of a pattern; quoted, its characters stand for themselves. */
export interface PatternPiece {
  readonly text: string;
  readonly quoted: boolean;
}

/** What each part of a compiled pattern matches: one character, or by `*` any number of them. */
export type Pattern = readonly ('*' | ((character: string) => boolean))[];

interface PatternCharacter {
  readonly character: string;
  readonly quoted: boolean;
}

/** Whether anything in it is more than its own characters. */
export function isPattern(pieces: readonly PatternPiece[]): boolean {
  const characters = unescaped(pieces);
  return characters.some(({ character, quoted }, index) => {
    if (quoted) return false;
    return character === '[' ? readBracket(characters, index) !== null : character === '*' || character === '?';
  });
}

export function compilePattern(pieces: readonly PatternPiece[]): Pattern {
  const characters = unescaped(pieces);
  const parts: ('*' | ((character: string) => boolean))[] = [];
  for (let index = 0; index < characters.length; index++) {
    const { character, quoted } = characters[index] ?? { character: '', quoted: true };
    const bracket = !quoted && character === '[' ? readBracket(characters, index) : null;
    if (bracket) {
      parts.push(bracket.matches);
      index = bracket.end;
    } else if (quoted || (character !== '*' && character !== '?')) parts.push((other) => other === character);
    else parts.push(character === '*' ? '*' : () => true);
  }
  return parts;
}

/** Whether the whole text matches. */
export function matches(pattern: Pattern, text: string): boolean {
  return matchingPrefixes(pattern, text).at(-1) === true;
}

/** For each length from 0 to the text's, whether so much of its beginning matches. */
export function matchingPrefixes(pattern: Pattern, text: string): readonly boolean[] {
  let reached = [true, ...Array<boolean>(text.length).fill(false)];
  for (const part of pattern) {
    if (part === '*') {
      const first = reached.indexOf(true);
      reached = reached.map((_, length) => first >= 0 && length >= first);
    } else reached = [false, ...reached.slice(0, -1).map((before, length) => before && part(text[length] ?? ''))];
  }
  return reached;
}

/** For each offset from 0 to the text's length, whether all from there on matches. */
export function matchingSuffixes(pattern: Pattern, text: string): readonly boolean[] {
  const backwards = text.split('').reverse().join('');
  return matchingPrefixes(pattern.toReversed(), backwards).toReversed();
}

/** An unquoted backslash, which only an expansion can bring, quotes what follows it. */
function unescaped(pieces: readonly PatternPiece[]): readonly PatternCharacter[] {
  const characters: PatternCharacter[] = [];
  let escaped = false;
  for (const { text, quoted } of pieces) {
    for (const character of text.split('')) {
      if (!quoted && !escaped && character === '\\') escaped = true;
      else {
        characters.push({ character, quoted: quoted || escaped });
        escaped = false;
      }
    }
  }
  return escaped ? [...characters, { character: '\\', quoted: true }] : characters;
}

const classes: Readonly<Record<string, RegExp>> = {
  alnum: /[A-Za-z0-9]/,
  alpha: /[A-Za-z]/,
  blank: /[ \t]/,
  cntrl: /\p{Cc}/u,
  digit: /[0-9]/,
  graph: /[!-~]/,
  lower: /[a-z]/,
  print: /[ -~]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /[ \t-\r]/,
  upper: /[A-Z]/,
  xdigit: /[A-Fa-f0-9]/,
};

/** Reads `[…]` from its bracket on; `null` if it isn't closed, and so stands for itself. */
function readBracket(
  characters: readonly PatternCharacter[],
  start: number,
): { readonly matches: (character: string) => boolean; readonly end: number } | null {
  const is = (index: number, wanted: string): boolean => {
    const found = characters[index];
    return found !== undefined && !found.quoted && found.character === wanted;
  };
  let index = start + 1;
  const negated = is(index, '!');
  if (negated) index++;
  const tests: ((character: string) => boolean)[] = [];
  for (const first = index; index < characters.length; index++) {
    if (is(index, ']') && index > first) {
      return { matches: (character) => tests.some((test) => test(character)) !== negated, end: index };
    }
    const named = is(index, '[') && is(index + 1, ':') ? readClass(characters, index) : null;
    const low = characters[index]?.character ?? '';
    const high = characters[index + 2]?.character;
    if (named) {
      tests.push((character) => named.test.test(character));
      index = named.end;
    } else if (is(index + 1, '-') && high !== undefined && !is(index + 2, ']')) {
      tests.push((character) => character >= low && character <= high);
      index += 2;
    } else tests.push((character) => character === low);
  }
  return null;
}

function readClass(
  characters: readonly PatternCharacter[],
  start: number,
): { readonly test: RegExp; readonly end: number } | null {
  const text = characters
    .slice(start, start + 12)
    .map(({ character }) => character)
    .join('');
  const name = /^\[:([a-z]+):\]/.exec(text)?.[1] ?? '';
  const test = classes[name];
  return test ? { test, end: start + name.length + 3 } : null;
}
