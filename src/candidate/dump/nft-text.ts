import type { Location } from '../commands/location.ts';
import type { Word } from '../commands/word.ts';
import { expected, itemsOf, type Json } from './json.ts';

/* Pieces of nft's own language, made of what it prints as JSON (libnftables-json(5)). */

/** What a part of a value is: the name of an interface, which is quoted, or anything else. */
export type Part = 'name' | 'other';

/** Words of our own, at the place of what they are made of. */
export function say(at: Location, text: string): readonly Word[] {
  return text === '' ? [] : text.split(' ').map((each) => ({ text: each, at }));
}

/** A symbol or address as it is; names are quoted, for they may be words of nft's. */
export function bare(json: Json, what: string): Word {
  const text = json.kind === 'number' ? String(json.value) : json.kind === 'string' ? json.value : expected(json, what);
  return /^@?[A-Za-z0-9_][A-Za-z0-9_.:/-]*$/.test(text) ? { text, at: json.at } : expected(json, what);
}

/** A name or a comment, in double quotes; nft knows no way to have those in it. */
export function quoted(json: Json, what: string): Word {
  if (json.kind !== 'string' || /["\n\\]/.test(json.value)) return expected(json, what);
  return { text: `"${json.value}"`, at: json.at };
}

/** What is listed, with something between. */
export function joined(parts: readonly (readonly Word[])[], between: string, at: Location): readonly Word[] {
  return parts.flatMap((words, index) => (index === 0 ? words : [...say(at, between), ...words]));
}

/** The one key of an object, and what it has: `{"ct": …}`. */
export function tagged(
  json: Json,
  what: string,
): { readonly key: string; readonly keyAt: Location; readonly value: Json } {
  const [only, ...more] = json.kind === 'object' ? [...json.members] : [];
  if (!only || more.length > 0) return expected(json, what);
  const [key, { keyAt, value }] = only;
  return { key, keyAt, value };
}

/** A list of one value as a value, too: nft prints either. */
export function listOf(json: Json): readonly Json[] {
  return json.kind === 'array' ? itemsOf(json, 'a list') : [json];
}
