import type { Element, ElementKey, Verdict } from '../netfilter.ts';
import { refuse } from '../refusal.ts';
import { unexpected, type Cursor } from './cursor.ts';
import { readBinary } from './expression.ts';
import type { Scope } from './scope.ts';
import type { DataType } from './type.ts';

/** What the elements of a set have: a key's types, and a value's where it is a map. */
export interface ElementTypes {
  readonly key: readonly DataType[];
  readonly value: readonly DataType[] | 'verdict' | null;
}

/**
 * `{ a, b-c, d : e }`. Sets within sets, as variables hold them, are taken as their elements; what stands twice, once.
 *
 * @throws LabError 'invalid' where two elements of a map are about the same key
 */
export function readElements(scope: Scope, types: ElementTypes): readonly Element[] {
  const { cursor } = scope;
  const elements: Element[] = [];
  const { at } = cursor.expect('{');
  for (;;) {
    cursor.skipLineEnds();
    if (cursor.accept('}')) return elements.length > 0 ? elements : refuse(at, 'expected elements between { and }');
    const token = cursor.peek();
    for (const element of cursor.sees('{') ? readElements(scope, types) : [readElement(scope, types)]) {
      if (elements.some((other) => same(other, element))) continue;
      // Ranges of a plain set may overlap; of others, the kernel couldn't tell which is meant.
      const exclusive = types.value !== null || types.key.length > 1;
      if (exclusive && elements.some((other) => overlap(other.key, element.key))) {
        refuse(token.at, `'${token.text}' overlaps with an element before it`);
      }
      elements.push(element);
    }
    cursor.skipLineEnds();
    if (!cursor.sees('}')) cursor.expect(',');
  }
}

const same = (one: Element, other: Element): boolean => JSON.stringify(one) === JSON.stringify(other);

function readElement(scope: Scope, types: ElementTypes): Element {
  const { cursor } = scope;
  const key = cursor.accept('*') ? ({ kind: 'default' } as const) : readKey(scope, types.key);
  const timeout = readElementOptions(cursor);
  const value = types.value === null ? null : readMapped(scope, types.value);
  return { key, ...(value && { value }), ...(timeout !== null && { timeout }) };
}

function readElementOptions(cursor: Cursor): number | null {
  let timeout: number | null = null;
  for (;;) {
    if (cursor.accept('timeout')) timeout = cursor.duration('a timeout');
    else if (cursor.accept('comment')) cursor.string('a comment');
    else return timeout;
  }
}

function readMapped(scope: Scope, types: readonly DataType[] | 'verdict'): Verdict | ElementKey {
  scope.cursor.expect(':');
  if (types !== 'verdict') return readKey(scope, types);
  const token = scope.cursor.peek();
  return readVerdict(scope.cursor) ?? unexpected(token, 'a verdict');
}

/** `accept`, `jump NAME`, …; null where none begins. */
export function readVerdict(cursor: Cursor): Verdict | null {
  for (const kind of ['accept', 'drop', 'return', 'continue'] as const) if (cursor.accept(kind)) return { kind };
  for (const kind of ['jump', 'goto'] as const) {
    if (cursor.accept(kind)) return { kind, chain: cursor.name('the name of a chain') };
  }
  return null;
}

/** One value of those types, or a range of them. */
export function readKey(scope: Scope, types: readonly DataType[]): ElementKey {
  const token = scope.cursor.peek();
  const parts: ElementKey[] = [];
  do {
    const type = types[parts.length] ?? refuse(token.at, `${token.text}: expected ${describe(types)}, got more`);
    parts.push(readPart(scope, type));
  } while (scope.cursor.accept('.'));
  if (parts.length < types.length) refuse(token.at, `'${token.text}': expected ${describe(types)}, got less`);
  const [first] = parts;
  return parts.length === 1 && first ? first : { kind: 'concatenation', parts };
}

function readPart(scope: Scope, type: DataType): ElementKey {
  const { cursor } = scope;
  const token = cursor.peek();
  const value = readBound(scope, type);
  if (typeof value === 'string') {
    if (!value.endsWith('*')) return { kind: 'value', value };
    return value === '*'
      ? refuse(token.at, "'*' stands for every interface: leave the match out")
      : { kind: 'name-prefix', prefix: value.slice(0, -1) };
  }
  if (type.form === 'address' && cursor.accept('/')) {
    return prefixRange(value, cursor.number('a prefix length', 0, 32));
  }
  if (!cursor.accept('-')) return { kind: 'value', value };
  const to = readBound(scope, type);
  if (typeof to === 'string' || to < value)
    return refuse(token.at, `'${token.text}' begins a range that ends below it`);
  return to === value ? { kind: 'value', value } : { kind: 'range', from: value, to };
}

function readBound(scope: Scope, type: DataType): number | string {
  const { at } = scope.cursor.peek();
  const read = readBinary(scope, type, 'constant');
  return read.kind === 'constant' ? read.value : refuse(at, 'expected a constant');
}

/** A network's addresses; host bits are cleared, as nft does. */
function prefixRange(address: number, length: number): ElementKey {
  const size = 2 ** (32 - length);
  const from = Math.floor(address / size) * size;
  return length === 32 ? { kind: 'value', value: address } : { kind: 'range', from, to: from + size - 1 };
}

function describe(types: readonly DataType[]): string {
  return types.map(({ name }) => name).join(' . ') || 'nothing';
}

/** Whether two keys have a value in common. */
function overlap(one: Element['key'], other: Element['key']): boolean {
  if (one.kind === 'default' || other.kind === 'default') return one.kind === other.kind;
  if (one.kind === 'concatenation' && other.kind === 'concatenation') {
    return one.parts.every((part, index) => overlap(part, other.parts[index] ?? part));
  }
  if (typeof first(one) === 'string' || typeof first(other) === 'string') {
    return one.kind === other.kind && first(one) === first(other);
  }
  return first(one) <= last(other) && first(other) <= last(one);
}

const first = (key: ElementKey): number | string =>
  key.kind === 'value' ? key.value : key.kind === 'range' ? key.from : key.kind === 'name-prefix' ? key.prefix : '';
const last = (key: ElementKey): number | string => (key.kind === 'range' ? key.to : first(key));
