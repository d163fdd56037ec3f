import type { Output } from '../ip.ts';

/* What `ip` shows is one list of fields, as text and as JSON. */

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** A field: in text, and under its key in JSON. Either may lack. */
export interface Field {
  readonly text?: string;
  readonly key?: string;
  readonly value?: Json;
}

/** A field that shows the same value in both: `text` with the value for `%`. */
export function field(key: string, text: string, value: string | number): Field {
  return { key, value, text: text.replace('%', () => String(value)) };
}

/** A field that is shown where its condition holds. */
export function when(condition: boolean, shown: () => Field): readonly Field[] {
  return condition ? [shown()] : [];
}

/** The fields as a JSON object. */
export function objectOf(fields: readonly Field[]): Json {
  return Object.fromEntries(fields.flatMap(({ key, value }) => (key === undefined ? [] : [[key, value ?? null]])));
}

/** The fields as text, one after the other. */
export function textOf(fields: readonly Field[]): string {
  return fields.map(({ text = '' }) => text).join('');
}

/** What `ip` prints for a list; the JSON's white space is not `ip`'s. */
export function printed(rows: readonly (readonly Field[])[], output: Output): string {
  if (output.json) return `${JSON.stringify(rows.map(objectOf), null, output.pretty ? 4 : 0)}\n`;
  return rows.map((row) => `${textOf(row)}\n`).join('');
}
