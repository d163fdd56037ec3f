import { parseTree, printParseErrorCode, type Node, type ParseError, type ParseOptions } from 'jsonc-parser';
import type { Input } from '../commands/input.ts';
import { meant } from '../commands/keyword.ts';
import type { Location } from '../commands/location.ts';
import { refuse } from '../commands/refusal.ts';
import type { Word } from '../commands/word.ts';

/** A value of a JSON document, and where it stands. */
export type Json = { readonly at: Location } & (
  | { readonly kind: 'object'; readonly members: ReadonlyMap<string, Member> }
  | { readonly kind: 'array'; readonly items: readonly Json[] }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'null' }
);

/** A key of an object, and what it has. */
export interface Member {
  readonly keyAt: Location;
  readonly value: Json;
}

/**
 * Reads a JSON document.
 *
 * @throws LabError 'invalid' with `file:line:column` where it is none, or says two things of one key
 */
export function parseJson(input: Input): Json {
  const locate = locator(input);
  const errors: ParseError[] = [];
  const strict = { disallowComments: true, allowTrailingComma: false, allowEmptyContent: false };
  const root = treeOf(input, errors, strict);
  const [first] = errors;
  if (first) refuse(locate(first.offset), `this is not JSON: ${wordsFor(first)}`);
  return root ? valueOf(root, locate) : refuse(input.at, 'this is not JSON: it is empty');
}

function treeOf({ text, at }: Input, errors: ParseError[], options: ParseOptions): Node | undefined {
  try {
    return parseTree(text, errors, options);
  } catch (error) {
    // The parser calls itself for each level.
    if (error instanceof RangeError) return refuse(at, 'its values lie too deep in each other');
    throw error;
  }
}

/** `CloseBracketExpected` in words. */
function wordsFor({ error }: ParseError): string {
  return printParseErrorCode(error)
    .replaceAll(/(?!^)[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
    .toLowerCase();
}

/** Tells where an offset of a text is. */
function locator({ text, at }: Input): (offset: number) => Location {
  const starts = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
  return (offset) => {
    let [line, end] = [0, starts.length];
    while (end - line > 1) {
      const middle = (line + end) >> 1;
      if ((starts[middle] ?? 0) <= offset) line = middle;
      else end = middle;
    }
    return { ...at, line: at.line + line, column: offset - (starts[line] ?? 0) + 1 };
  };
}

function valueOf(node: Node, locate: (offset: number) => Location): Json {
  const at = locate(node.offset);
  const { children = [] } = node;
  const value: unknown = node.value;
  switch (node.type) {
    case 'object': {
      const members = new Map<string, Member>();
      for (const [name, its] of children.map((property) => property.children ?? [])) {
        if (!name || !its) throw new Error('a member of an object has a name and a value');
        const key = String(name.value);
        const keyAt = locate(name.offset);
        if (members.has(key)) refuse(keyAt, `key ${JSON.stringify(key)} stands twice in one object`);
        members.set(key, { keyAt, value: valueOf(its, locate) });
      }
      return { kind: 'object', members, at };
    }
    case 'array':
      return { kind: 'array', items: children.map((child) => valueOf(child, locate)), at };
    case 'string':
      return { kind: 'string', value: String(value), at };
    case 'number':
      return { kind: 'number', value: Number(value), at };
    case 'boolean':
      return { kind: 'boolean', value: value === true, at };
    case 'null':
      return { kind: 'null', at };
    case 'property':
      throw new Error('a property is in an object');
  }
}

/** What a value is, for errors. */
function describe(json: Json): string {
  switch (json.kind) {
    case 'object':
      return `an object with ${[...json.members.keys()].join(', ') || 'nothing'}`;
    case 'array':
      return `a list of ${json.items.length}`;
    case 'string':
      return JSON.stringify(json.value);
    case 'number':
    case 'boolean':
      return String(json.value);
    case 'null':
      return 'null';
  }
}

/** @throws LabError 'invalid' where it is no list */
export function itemsOf(json: Json, what: string): readonly Json[] {
  return json.kind === 'array' ? json.items : expected(json, `${what}, a list`);
}

/** A string, or a number as its digits. */
export function textOf(json: Json, what: string): string {
  if (json.kind === 'string') return json.value;
  return json.kind === 'number' ? String(json.value) : expected(json, what);
}

/** A whole number from 0 on. */
export function countOf(json: Json, what: string): number {
  if (json.kind === 'number' && Number.isSafeInteger(json.value) && json.value >= 0) return json.value;
  return expected(json, `${what}, a whole number`);
}

/** A word of a command that stands for a value: no blanks are in it, and it is no option. */
export function wordOf(json: Json, what: string): Word {
  const text = textOf(json, what);
  return /^[^\s"'#\\-][^\s"'#\\]*$/.test(text) ? { text, at: json.at } : expected(json, what);
}

export function expected(json: Json, what: string): never {
  return refuse(json.at, `expected ${what}, got ${describe(json)}`);
}

/** An object's members, taken one by one, so that none is overlooked. */
export interface Members {
  readonly at: Location;
  /** The value of a key; undefined: there is none. */
  take(key: string): Json | undefined;
  /** @throws LabError 'invalid' where there is none */
  need(key: string): Json;
  /**
   * Says that nothing else is there but what has no bearing on where packets go.
   *
   * @throws LabError 'invalid' at a key that is neither
   */
  rest(withoutBearing: ReadonlySet<string>): void;
}

/**
 * @param what what the object is, for errors: `a route`
 * @throws LabError 'invalid' where it is no object
 */
export function membersOf(json: Json, what: string): Members {
  const { at } = json;
  const { members } = json.kind === 'object' ? json : expected(json, what);
  const asked = new Set<string>();
  const take = (key: string): Json | undefined => {
    asked.add(key);
    return members.get(key)?.value;
  };
  return {
    at,
    take,
    need: (key) => take(key) ?? refuse(at, `${what} has no key ${JSON.stringify(key)}`),
    rest: (withoutBearing) => {
      for (const [key, { keyAt }] of members) {
        if (asked.has(key) || withoutBearing.has(key)) continue;
        const hint = meant({ text: key, at: keyAt }, [...asked]);
        refuse(
          keyAt,
          `${what} has ${JSON.stringify(key)}, which is not modelled`,
          hint || known(asked, withoutBearing),
        );
      }
    },
  };
}

function known(asked: ReadonlySet<string>, withoutBearing: ReadonlySet<string>): string {
  const passed = withoutBearing.size > 0 ? `; without bearing: ${[...withoutBearing].join(', ')}` : '';
  return `read are: ${[...asked].join(', ')}${passed}`;
}
