import { parse, type DocumentNode, type ValueNode } from '@humanwhocodes/momoa';
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

/** How deep values may lie in each other: tools print a dozen levels at most. */
const deepest = 100;

/**
 * Reads a JSON document.
 *
 * @throws LabError 'invalid' with `file:line:column` where it is none, or says two things of one key
 */
export function parseJson({ text, at }: Input): Json {
  return valueOf(documentOf(text, at).body, at.file, 0);
}

function documentOf(text: string, at: Location): DocumentNode {
  try {
    return parse(text, { mode: 'json' });
  } catch (error) {
    const { message, line, column } = error as Error & { readonly line?: number; readonly column?: number };
    if (error instanceof RangeError) return refuse(at, 'its values lie too deep in each other');
    // The parser's message ends with the place.
    const said = message.replace(/ ?\(\d+:\d+\)$/, '').replace(/\.$/, '');
    return refuse({ ...at, line: line ?? at.line, column: column ?? at.column }, `this is not JSON: ${said}`);
  }
}

function valueOf(node: ValueNode, file: string, depth: number): Json {
  const { line, column } = node.loc.start;
  const at = { file, line, column };
  if (depth > deepest) return refuse(at, 'its values lie too deep in each other');
  switch (node.type) {
    case 'Object': {
      const members = new Map<string, Member>();
      for (const { name, value } of node.members) {
        const key = name.type === 'String' ? name.value : name.name;
        const keyAt = { file, line: name.loc.start.line, column: name.loc.start.column };
        if (members.has(key)) refuse(keyAt, `key ${JSON.stringify(key)} stands twice in one object`);
        members.set(key, { keyAt, value: valueOf(value, file, depth + 1) });
      }
      return { kind: 'object', members, at };
    }
    case 'Array':
      return { kind: 'array', items: node.elements.map(({ value }) => valueOf(value, file, depth + 1)), at };
    case 'String':
      return { kind: 'string', value: node.value, at };
    case 'Number':
      return { kind: 'number', value: node.value, at };
    case 'Boolean':
      return { kind: 'boolean', value: node.value, at };
    case 'Null':
      return { kind: 'null', at };
    case 'NaN':
    case 'Infinity':
      return refuse(at, `${node.type} is no JSON`);
  }
}

/** What a value is, for errors. */
export function describe(json: Json): string {
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
