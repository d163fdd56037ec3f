/** What the readers' tests share. */
import { LabError } from '../../net/error.ts';
import type { Word } from './word.ts';

/** The words of a line of a script; one in single quotes may hold spaces, or nothing. */
export function wordsOf(line: string, number = 1): readonly Word[] {
  return [...line.matchAll(/'[^']*'|[^ ]+/g)].map(({ 0: text, index }) => ({
    text: text.replaceAll("'", ''),
    at: { file: 'up.sh', line: number, column: index + 1 },
  }));
}

/** What an action is refused with, as message and hint; both empty if it isn't. */
export function refusal(action: () => unknown): readonly [message: string, hint: string] {
  try {
    action();
  } catch (error) {
    if (error instanceof LabError && error.code === 'invalid') return [error.message, error.hint];
    throw error;
  }
  return ['', ''];
}
