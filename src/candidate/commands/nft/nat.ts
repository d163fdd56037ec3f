import type { ElementKey, Expression, NatFlag, NatStatement } from '../netfilter.ts';
import { refuse } from '../refusal.ts';
import { unexpected } from './cursor.ts';
import { beginsConstant } from './constant.ts';
import { readKey } from './element.ts';
import { readExpression } from './expression.ts';
import type { Scope } from './scope.ts';
import { address, port, type DataType } from './type.ts';

type Range = NonNullable<NatStatement['port']>;

/** `snat to …`, `dnat to …`, `masquerade`, `redirect`. */
export function readNat(scope: Scope): NatStatement {
  const { cursor } = scope;
  const kind = cursor.choice('a translation', ['snat', 'dnat', 'masquerade', 'redirect']);
  if (kind === 'masquerade' || kind === 'redirect') {
    const to = cursor.accept('to');
    const ports = to && (cursor.accept(':') || kind === 'redirect') ? readPorts(scope) : null;
    if (to && !ports) cursor.expect(':');
    return { kind, port: ports, flags: readFlags(scope) };
  }
  const both = cursor.accept('ip', 'addr', '.', 'port');
  const ip = both || ((cursor.sees('ip', 'to') || cursor.sees('ip', 'prefix')) && cursor.accept('ip'));
  if (ip && cursor.sees('prefix')) refuse(cursor.peek().at, 'translating prefix by prefix is not modelled');
  if (!cursor.accept('to') && ip) cursor.expect('to');
  const { at } = cursor.peek();
  if (ip && cursor.sees(':')) unexpected(cursor.peek(), 'an address', "without 'ip' a port alone can be given");
  if (!cursor.sees(':') && !ip && !scope.known.ipv4) refuse(at, `in a table of family inet it is '${kind} ip to'`);
  if (both || mapsToPorts(scope)) {
    const value = readExpression(scope, [address, port]);
    requireTransport(scope);
    if (value.kind !== 'map') refuse(at, 'address and port side by side are given by a map');
    return { kind, address: { from: value, to: value }, port: null, flags: readFlags(scope) };
  }
  const addresses = cursor.sees(':') ? null : readRange(scope, address);
  const ports = cursor.accept(':') ? readPorts(scope) : null;
  return { kind, address: addresses, port: ports, flags: readFlags(scope) };
}

/** Whether what follows is a map to addresses and ports side by side: its first element tells, or its declaration. */
function mapsToPorts({ cursor, set }: Scope): boolean {
  let ahead = 0;
  const text = (more = 0): string => cursor.peek(ahead + more).text;
  const ended = (): boolean => ['separator', 'end'].includes(cursor.peek(ahead).kind);
  while (text() !== 'map' && !ended()) ahead++;
  if (ended()) return false;
  if (text(1) === '@') return set(text(2))?.value?.length === 2;
  while (text() !== ':' && text() !== '}' && cursor.peek(ahead).kind !== 'end') ahead++;
  return text(2) === '.';
}

function readPorts(scope: Scope): Range {
  requireTransport(scope);
  return readRange(scope, port);
}

function requireTransport({ cursor, known }: Scope): void {
  if (known.transport !== null) return;
  const hint = 'such as: meta l4proto tcp';
  refuse(cursor.peek().at, 'ports are translated only after a match of the transport protocol', hint);
}

/** One value, a range of constants, or what an expression gives. */
function readRange(scope: Scope, type: DataType): Range {
  const { cursor } = scope;
  const token = cursor.peek();
  const constant = token.kind === 'number' || token.kind === 'address' || token.kind === 'string';
  if (!constant && !isName(scope, type)) {
    const value = readExpression(scope, [type]);
    return { from: value, to: value };
  }
  const key = readKey(scope, [type]);
  const bound = (which: ElementKey & { kind: 'value' | 'range' }, end: 'from' | 'to'): Expression => ({
    kind: 'constant',
    value: which.kind === 'value' ? which.value : which[end],
  });
  if (key.kind !== 'value' && key.kind !== 'range') return refuse(token.at, `'${token.text}' is no ${type.name}`);
  return { from: bound(key, 'from'), to: bound(key, 'to') };
}

const isName = ({ cursor }: Scope, type: DataType): boolean =>
  beginsConstant(cursor.peek()) && Object.hasOwn(type.symbols, cursor.peek().text);

const flagNames: readonly NatFlag[] = ['random', 'fully-random', 'persistent'];

function readFlags({ cursor }: Scope): readonly NatFlag[] {
  const flags: NatFlag[] = [];
  while (flagNames.some((name) => cursor.sees(name))) {
    flags.push(cursor.choice('how it is translated', flagNames));
    if (cursor.accept(',') && cursor.atEnd()) unexpected(cursor.peek(), 'another flag');
  }
  return flags;
}
