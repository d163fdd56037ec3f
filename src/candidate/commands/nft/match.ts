import type { Comparison, ElementKey, Expression, Operand, Statement } from '../netfilter.ts';
import { refuse } from '../refusal.ts';
import { unexpected } from './cursor.ts';
import { readElements, readKey } from './element.ts';
import { readConcatenation } from './expression.ts';
import { learn } from './presume.ts';
import type { Scope } from './scope.ts';
import { readMapOperand, readSetName } from './set.ts';
import type { Token } from './token.ts';
import { typesOf, type DataType } from './type.ts';

const comparisons: Readonly<Record<string, Comparison | '!'>> = {
  '==': '==',
  eq: '==',
  '!=': '!=',
  ne: '!=',
  '<': '<',
  lt: '<',
  '<=': '<=',
  le: '<=',
  '>': '>',
  gt: '>',
  '>=': '>=',
  ge: '>=',
  '!': '!',
};

/** A match or a verdict map, whatever begins with what is looked at. */
export function readMatch(scope: Scope): Statement {
  const { cursor } = scope;
  const start = cursor.peek();
  const left = readConcatenation(scope, null);
  const types = typesOf(left) ?? unexpected(start, 'a field of the packet');
  if (cursor.accept('vmap')) return { kind: 'verdict-map', key: left, map: readMapOperand(scope, types, 'verdict') };
  if (cursor.sees('map')) refuse(cursor.peek().at, 'a map can only stand where a value is set or translated to');
  const token = cursor.peek();
  const operator = token.kind === 'string' ? undefined : comparisons[token.text];
  if (operator !== undefined) cursor.next();
  const statement = compared(scope, left, types, operator ?? null, token);
  if (statement.kind === 'match' && statement.operator === '==') learn(scope, statement.left, statement.right);
  return statement;
}

function compared(
  scope: Scope,
  left: Expression,
  types: readonly DataType[],
  operator: Comparison | '!' | null,
  token: Token,
): Statement {
  const { cursor } = scope;
  const comparison = operator === '!' || operator === null ? '==' : operator;
  const match = (right: Operand): Statement => ({ kind: 'match', left, operator: comparison, right });
  const inSet = comparison === '==' || comparison === '!=';
  if (cursor.sees('{') || cursor.sees('@')) {
    if (!inSet || operator === '!') refuse(token.at, "a packet's value is in a set or not: write '!=' or nothing");
    if (cursor.sees('@')) return match(readSetName(scope, types));
    const elements = readElements(scope, { key: types, value: null });
    const [only] = elements;
    const [bitmask] = types;
    // nft takes a set of one element for that element, so that it is a bare one.
    const single = elements.length === 1 && bitmask?.bitmask && only?.key.kind === 'value' ? only.key : null;
    return single ? comparedBits(left, operator, Number(single.value)) : match({ kind: 'set', elements });
  }
  if (left.kind === 'fib' && left.result !== 'type' && (cursor.sees('exists') || cursor.sees('missing'))) {
    const fib = { ...left, result: 'exists' } as const;
    const value = cursor.next().text === 'exists' ? 1 : 0;
    return { kind: 'match', left: fib, operator: comparison, right: { kind: 'value', value } };
  }
  const [type] = types;
  if (type?.bitmask && types.length === 1) return bits(scope, left, type, operator, token);
  if (operator === '!') return refuse(token.at, "'!' is for values that are sets of bits", "write '!='");
  const right = readKey(scope, types);
  if (!inSet) requireOrder(token, right, type);
  return match(right);
}

/** A value that is a set of bits: a bare one asks for any of them, with == and != the whole is compared. */
function bits(
  scope: Scope,
  left: Expression,
  type: DataType,
  operator: Comparison | '!' | null,
  token: Token,
): Statement {
  const { cursor } = scope;
  const value = readBits(scope, type);
  if (!cursor.accept('/')) return comparedBits(left, operator, value);
  if (operator !== null && operator !== '==' && operator !== '!=') refuse(token.at, "with a mask it is '==' or '!='");
  if (cursor.peek(1).text !== ',') unexpected(cursor.peek(), 'a mask of several bits', 'such as: syn,ack');
  return against(masked(left, readBits(scope, type)), operator === '!=' ? '!=' : '==', value);
}

function comparedBits(left: Expression, operator: Comparison | '!' | null, value: number): Statement {
  if (operator === '!') return against(masked(left, value), '==', 0);
  if (operator !== null) return against(left, operator, value);
  return left.kind === 'binary' ? against(left, '==', value) : against(masked(left, value), '!=', 0);
}

function against(left: Expression, operator: Comparison, value: number): Statement {
  return { kind: 'match', left, operator, right: { kind: 'value', value } };
}

function masked(left: Expression, mask: number): Expression {
  return { kind: 'binary', operator: '&', left, right: { kind: 'constant', value: mask } };
}

/** `syn,ack` or `syn | ack`. */
function readBits(scope: Scope, type: DataType): number {
  let value = 0;
  do {
    const { at } = scope.cursor.peek();
    const key = readKey(scope, [type]);
    if (key.kind !== 'value') refuse(at, 'a range of bits has no meaning');
    else value = (value | Number(key.value)) >>> 0;
  } while (scope.cursor.accept(','));
  return value;
}

function requireOrder(token: Token, right: ElementKey, type: DataType | undefined): void {
  if (right.kind !== 'value' || typeof right.value !== 'number' || type?.form === 'interface') {
    refuse(token.at, `'${token.text}' compares with one number`);
  }
}
