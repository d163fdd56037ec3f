import { closest, distance } from 'fastest-levenshtein';
import type { Cursor } from './cursor.ts';
import { refuse, notModelled } from './refusal.ts';
import type { Word } from './word.ts';

/** A word that a command line may hold, and what is done about it, to what has been read so far. */
export interface Keyword<Draft> {
  readonly name: string;
  /** Whether its first letters do. */
  readonly short: boolean;
  /** Whether it is worth a suggestion. */
  readonly modelled: boolean;
  readonly read: (draft: Draft, words: Cursor, keyword: Word) => void;
}

/**
 * Keywords with one argument.
 *
 * @param names with an asterisk where the first letters do: `tos dsfield*`
 */
export function takes<Draft>(
  names: string,
  read: (draft: Draft, argument: Word, keyword: Word) => void,
): readonly Keyword<Draft>[] {
  return keywords<Draft>(names, (draft, words, keyword) => read(draft, words.take(keyword), keyword));
}

/** Keywords without an argument; `names` as in `takes`. */
export function says<Draft>(names: string, read: (draft: Draft, keyword: Word) => void): readonly Keyword<Draft>[] {
  return keywords<Draft>(names, (draft, _words, keyword) => read(draft, keyword));
}

/** Keywords that read what follows for themselves; `names` as in `takes`. */
export function keywords<Draft>(
  names: string,
  read: Keyword<Draft>['read'],
  modelled = true,
): readonly Keyword<Draft>[] {
  return names.split(' ').map((name) => {
    const short = name.endsWith('*');
    return { name: short ? name.slice(0, -1) : name, short, modelled, read };
  });
}

/** Keywords that the tool knows and the model doesn't; `names` as in `takes`. */
export function unmodelled(names: string, why = ''): readonly Keyword<unknown>[] {
  const read: Keyword<unknown>['read'] = (_draft, _words, keyword) => notModelled(keyword.at, keyword.text, why);
  return keywords(names, read, false);
}

/** Whether a word is a keyword, or the beginning of one. The empty word is none. */
export function matches(text: string, name: string, short = true): boolean {
  return text === name || (short && text !== '' && name.startsWith(text));
}

/** The first that a word is or abbreviates: which one that is depends on their order. */
export function keywordFor<Named extends { readonly name: string; readonly short: boolean }>(
  word: Word,
  among: readonly Named[],
): Named | undefined {
  return among.find(({ name, short }) => matches(word.text, name, short));
}

/**
 * Reads the words that are left.
 *
 * @param otherwise what a word is that is no keyword; it must take it
 */
export function readWords<Draft>(
  words: Cursor,
  draft: Draft,
  among: readonly Keyword<Draft>[],
  otherwise: (draft: Draft, words: Cursor, word: Word) => void,
): void {
  for (let word = words.next(); word; word = words.next()) {
    const keyword = keywordFor(word, among);
    if (keyword) keyword.read(draft, words, words.take(word));
    else otherwise(draft, words, word);
  }
}

/** `did you mean …` for a word that is nearly one of these; empty if there is none. */
export function meant(word: Word, names: readonly string[]): string {
  if (names.length === 0) return '';
  const name = closest(word.text, names);
  return distance(word.text, name) <= (name.length < 3 ? 1 : 2) ? `did you mean ${name}?` : '';
}

/**
 * Refuses a word that is none of those that may stand there.
 *
 * @param what what it was to be: `an object of ip`
 */
export function unknown(word: Word, what: string, names: readonly string[]): never {
  return refuse(
    word.at,
    `${JSON.stringify(word.text)} is not ${what}`,
    meant(word, names) || `there are ${[...new Set(names)].join(', ')}`,
  );
}

/** Refuses words that nothing has a use for. */
export function nothingLeft(words: Cursor): void {
  const word = words.next();
  if (word) refuse(word.at, `expected the end of the command, got ${JSON.stringify(word.text)}`);
}

/** The words of a table of keywords that are worth a suggestion, for `meant` and `unknown`. */
export function namesOf(among: readonly { readonly name: string; readonly modelled?: boolean }[]): readonly string[] {
  return among.flatMap(({ name, modelled = true }) => (modelled ? [name] : []));
}
