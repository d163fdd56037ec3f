import { expected, itemsOf, membersOf, type Json } from '../candidate/dump/json.ts';

/** What a value of a JSON document has to be. */
export interface Shape {
  /**
   * @param what what the value is, for the error
   * @throws LabError `invalid` with `file:line:column` where it is something else
   */
  readonly holds: (json: Json, what: string) => void;
  /** The key may be absent. */
  readonly optional?: true;
}

const ofKind = (kind: Json['kind'], words: string): Shape => ({
  holds: (json, what) => {
    if (json.kind !== kind) expected(json, `${what}, ${words}`);
  },
});

export const text = ofKind('string', 'a string');
export const number = ofKind('number', 'a number');
export const truth = ofKind('boolean', 'true or false');

/** A number that counts something, up to `most` of it. */
export const upTo = (most: number): Shape => ({
  holds: (json, what) => {
    const value = json.kind === 'number' ? json.value : NaN;
    if (!Number.isSafeInteger(value) || value < 0 || value > most)
      expected(json, `${what}, a whole number up to ${most}`);
  },
});

export const count = upTo(Number.MAX_SAFE_INTEGER);

/** A string of a closed set. */
export const word = (is: (text: string) => boolean, words: string): Shape => ({
  holds: (json, what) => {
    if (json.kind !== 'string' || !is(json.value)) expected(json, `${what}, ${words}`);
  },
});

export const oneOf = (words: readonly string[]): Shape =>
  word((own) => words.includes(own), `one of ${words.join(', ')}`);

export const optional = (shape: Shape): Shape => ({ ...shape, optional: true });

export const orNull = (shape: Shape): Shape => ({
  holds: (json, what) => {
    if (json.kind !== 'null') shape.holds(json, what);
  },
});

export const list = (shape: Shape): Shape => ({
  holds: (json, what) => {
    for (const item of itemsOf(json, what)) shape.holds(item, `an item of ${what}`);
  },
});

/** An object with a count for each key, whatever the keys are. */
export const counts: Shape = {
  holds: (json, what) => {
    if (json.kind !== 'object') return expected(json, `${what}, an object`);
    for (const [key, { value }] of json.members) count.holds(value, `${what}: ${key}`);
  },
};

/** A shape for each key of an object, whether it may be absent or not. */
export type Shapes<Of> = { readonly [Key in keyof Of]-?: Shape };

/** An object with these keys, and perhaps others. */
export const object = (shapes: Readonly<Record<string, Shape>>): Shape => ({
  holds: (json, what) => {
    const members = membersOf(json, what);
    for (const [key, shape] of Object.entries(shapes)) {
      const value = shape.optional ? members.take(key) : members.need(key);
      if (value) shape.holds(value, `${what}: ${key}`);
    }
  },
});

/** An object whose `kind` says which of several it is. */
export const byKind = (shapes: Readonly<Record<string, Shape>>): Shape => ({
  holds: (json, what) => {
    const kind = membersOf(json, what).need('kind');
    oneOf(Object.keys(shapes)).holds(kind, `${what}: kind`);
    if (kind.kind === 'string') shapes[kind.value]?.holds(json, what);
  },
});
