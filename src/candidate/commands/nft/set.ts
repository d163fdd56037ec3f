import type { NamedSet, SetOperand } from '../netfilter.ts';
import { refuse } from '../refusal.ts';
import type { Cursor } from './cursor.ts';
import { readElements, type ElementTypes } from './element.ts';
import type { Scope } from './scope.ts';
import type { Token } from './token.ts';
import { integer, namedTypes, type DataType } from './type.ts';

/** What follows `map` or `vmap`: a map's name or its elements. */
export function readMapOperand(
  scope: Scope,
  key: readonly DataType[],
  value: readonly DataType[] | 'verdict',
): SetOperand {
  const { cursor } = scope;
  const token = cursor.peek();
  if (!cursor.accept('@')) return { kind: 'set', elements: readElements(scope, { key, value }) };
  const name = cursor.name('the name of a map');
  const map = requireSet(scope, token, name);
  requireTypes(token, name, key, map.key);
  if (map.value === null) refuse(token.at, `'${name}' is a set, not a map`);
  requireTypes(token, name, value, map.value);
  return { kind: 'named-set', name };
}

/** `@name`, whose key must be of those types; a map is the set of its keys. */
export function readSetName(
  scope: Scope,
  key: readonly DataType[],
): { readonly kind: 'named-set'; readonly name: string } {
  const token = scope.cursor.expect('@');
  const name = scope.cursor.name('the name of a set');
  requireTypes(token, name, key, requireSet(scope, token, name).key);
  return { kind: 'named-set', name };
}

/** That there is such a set (no map), with a key of those types. */
export function requireSetOf(scope: Scope, token: Token, name: string, key: readonly DataType[]): void {
  const set = requireSet(scope, token, name);
  if (set.value !== null) refuse(token.at, `'${name}' is a map, not a set`);
  requireTypes(token, name, key, set.key);
}

export function requireSet(scope: Scope, { at }: Token, name: string): NamedSet {
  const { table } = scope;
  return scope.set(name) ?? refuse(at, `table ${table.family} ${table.name} has no set or map '${name}'`);
}

function requireTypes(
  { at }: Token,
  name: string,
  wanted: readonly DataType[] | 'verdict',
  found: readonly string[],
): void {
  const names = wanted === 'verdict' ? ['verdict'] : wanted.map((type) => type.name);
  if (names.length !== found.length || !names.every((type, index) => type === found[index])) {
    refuse(at, `'${name}' is of type ${found.join(' . ')}, expected ${names.join(' . ')}`);
  }
}

/** The types of a set's elements, by their names. */
export function elementTypes({ key, value }: Pick<NamedSet, 'key' | 'value'>): ElementTypes {
  const types = (names: readonly string[]): readonly DataType[] => names.map((name) => namedTypes.get(name) ?? integer);
  return { key: types(key), value: value?.[0] === 'verdict' ? 'verdict' : value && types(value) };
}

/** The names of a set's types: `ipv4_addr . inet_service`. */
export function readTypeNames(cursor: Cursor): readonly string[] {
  const names: string[] = [];
  do {
    const token = cursor.peek();
    const name = cursor.name('the name of a type');
    if (name !== 'verdict' && !namedTypes.has(name)) {
      refuse(token.at, `type '${name}' is not modelled`, `types are ${[...namedTypes.keys()].join(', ')}`);
    }
    names.push(name);
  } while (cursor.accept('.'));
  return names;
}
