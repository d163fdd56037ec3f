import { LabError } from '../net/error.ts';
import { printable } from './text.ts';

/** Reads the fields of a parsed diagnostic, each with its type; throws `lab-failed`, naming the field, if it has another. */
export interface Diagnostic {
  readonly text: (key: string) => string;
  readonly textOrNull: (key: string) => string | null;
  readonly texts: (key: string) => readonly string[];
  readonly number: (key: string) => number;
  readonly boolean: (key: string) => boolean;
  /** One of a closed list of words. */
  readonly word: <Word extends string>(key: string, words: readonly Word[]) => Word;
  readonly mapping: (key: string) => Diagnostic;
}

/** @param where - what is read, for the error: the names of the point and those around it. */
export function diagnosticOf(value: unknown, where: string): Diagnostic {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unexpected(where, 'a mapping', value);
  const fields = new Map<string, unknown>(Object.entries(value));
  function read<T>(key: string, kind: string, is: (field: unknown) => field is T): T {
    const field = fields.get(key);
    if (!is(field)) throw unexpected(`${where}, ${key}`, kind, field);
    return field;
  }
  return {
    text: (key) => read(key, 'a string', isString),
    textOrNull: (key) => read(key, 'a string or null', (field) => field === null || isString(field)),
    texts: (key) => read(key, 'a list of strings', (field) => Array.isArray(field) && field.every(isString)),
    number: (key) => read(key, 'a number', (field) => typeof field === 'number'),
    boolean: (key) => read(key, 'true or false', (field) => typeof field === 'boolean'),
    word: <Word extends string>(key: string, words: readonly Word[]) =>
      read(key, `one of ${words.join(', ')}`, (field): field is Word => words.some((word) => word === field)),
    mapping: (key) => diagnosticOf(fields.get(key), `${where}, ${key}`),
  };
}

const isString = (field: unknown): field is string => typeof field === 'string';

function unexpected(where: string, kind: string, got: unknown): LabError {
  const shown = got === undefined ? 'nothing' : JSON.stringify(got);
  return new LabError('lab-failed', printable(`TAP: ${where}: expected ${kind}, got ${shown}`));
}
