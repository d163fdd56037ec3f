import type { Expression } from '../netfilter.ts';
import { refuse } from '../refusal.ts';
import { beginsConstant, readConstant } from './constant.ts';
import { shown, unexpected } from './cursor.ts';
import { readMapOperand } from './set.ts';
import { readSelector } from './selector.ts';
import type { Scope } from './scope.ts';
import type { Token } from './token.ts';
import { typesOf, type DataType } from './type.ts';

type Operator = Extract<Expression, { kind: 'binary' }>['operator'];

/** From the loosest to the tightest. */
const operators: readonly Readonly<Record<string, Operator>>[] = [
  { '|': '|', or: '|' },
  { '^': '^', xor: '^' },
  { '&': '&', and: '&' },
  { '<<': '<<', lshift: '<<', '>>': '>>', rshift: '>>' },
];

/** Constants alone, or fields of the packet as well: `tcp` is a protocol here and a header there. */
export type Mode = 'constant' | 'any';

/**
 * A value that is computed: fields, constants and operators, several side by side with dots, looked up in a map.
 *
 * @param types what it is for, one a part: the types of its constants, and of what a map gives; null where none may stand
 */
export function readExpression(scope: Scope, types: readonly DataType[] | null): Expression {
  const key = readConcatenation(scope, types);
  if (!scope.cursor.sees('map')) return key;
  const token = scope.cursor.next();
  if (key.kind === 'constant') refuse(token.at, 'a constant needs no map');
  if (!types) return refuse(token.at, 'a map can only stand where a value is set or translated to');
  return { kind: 'map', key, map: readMapOperand(scope, typesOf(key) ?? [], types) };
}

/** Without a map: what is matched, or looked up. */
export function readConcatenation(scope: Scope, types: readonly DataType[] | null): Expression {
  const parts = [readBinary(scope, types?.[0] ?? null, 'any')];
  while (scope.cursor.accept('.')) parts.push(readBinary(scope, types?.[parts.length] ?? null, 'any'));
  const [first] = parts;
  return parts.length === 1 && first ? first : { kind: 'concatenation', parts };
}

/** One value without dots. */
export function readBinary(scope: Scope, type: DataType | null, mode: Mode, level = 0): Expression {
  const { cursor } = scope;
  const names = operators[level];
  if (!names) return readPrimary(scope, type, mode);
  let left = readBinary(scope, type, mode, level + 1);
  for (let token = cursor.peek(); token.kind !== 'string' && Object.hasOwn(names, token.text); token = cursor.peek()) {
    const operator = names[cursor.next().text];
    if (!operator) return unexpected(token, 'an operator');
    const right = readBinary(scope, typesOf(left)?.[0] ?? type, mode, level + 1);
    left = combine(token, operator, left, right);
  }
  return left;
}

function combine(token: Token, operator: Operator, left: Expression, right: Expression): Expression {
  if (right.kind !== 'constant') {
    return refuse(token.at, `the right side of '${token.text}' must be constant`, 'put the field on the left');
  }
  if (typeof right.value === 'string' || (left.kind === 'constant' && typeof left.value === 'string')) {
    return refuse(token.at, `'${token.text}' is for numbers`);
  }
  if (left.kind === 'constant') {
    return { kind: 'constant', value: compute(operator, Number(left.value), right.value) };
  }
  return { kind: 'binary', operator, left, right };
}

/** An operator on unsigned 32-bit numbers. */
function compute(operator: Operator, left: number, right: number): number {
  switch (operator) {
    case '&':
      return (left & right) >>> 0;
    case '|':
      return (left | right) >>> 0;
    case '^':
      return (left ^ right) >>> 0;
    case '<<':
      return right > 31 ? 0 : (left << right) >>> 0;
    case '>>':
      return right > 31 ? 0 : left >>> right;
  }
}

function readPrimary(scope: Scope, type: DataType | null, mode: Mode): Expression {
  const { cursor } = scope;
  if (cursor.accept('(')) {
    const inner = readBinary(scope, type, mode);
    cursor.expect(')');
    return inner;
  }
  const selector = mode === 'any' ? readSelector(scope) : null;
  if (selector) return selector;
  const token = cursor.peek();
  if (type && beginsConstant(token)) return { kind: 'constant', value: readConstant(cursor, type) };
  return unexpected(token, type ? `a value of type ${type.name}` : 'a match or a statement', hintFor(shown(token)));
}

function hintFor(token: string): string {
  const unsupported =
    /^'(ip6|icmpv6|ether|arp|vlan|sctp|dccp|esp|ah|comp|igmp|gre|rt|exthdr|osf|ipsec|tproxy|symhash)'$/;
  return unsupported.test(token) ? `${token} is not modelled` : '';
}
