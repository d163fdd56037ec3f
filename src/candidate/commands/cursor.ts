import { refuse } from './refusal.ts';
import type { Word } from './word.ts';

/** A place among the words of a command, which moves on as they are taken. */
export interface Cursor {
  /** The word that comes next, undefined at the end. */
  readonly next: () => Word | undefined;
  /**
   * Takes the word that comes next.
   *
   * @param after what it belongs to, for the error if there is none
   * @throws LabError 'invalid' at the end
   */
  readonly take: (after: Word) => Word;
}

/** A cursor before the first of the words. */
export function cursorOver(words: readonly Word[]): Cursor {
  let index = 0;
  return {
    next: () => words[index],
    take: (after) => {
      const word = words[index];
      if (!word) return refuse(after.at, `${JSON.stringify(after.text)} needs something after it`);
      index++;
      return word;
    },
  };
}

/** Takes the next word if it is the one. */
export function took(words: Cursor, text: string): boolean {
  const word = words.next();
  if (word?.text !== text) return false;
  words.take(word);
  return true;
}
