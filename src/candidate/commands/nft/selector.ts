import type { CtKey, Expression, FibKey, MetaKey, PayloadField } from '../netfilter.ts';
import { refuse } from '../refusal.ts';
import type { Cursor } from './cursor.ts';
import { readConcatenation } from './expression.ts';
import { presume } from './presume.ts';
import type { Scope } from './scope.ts';
import { ctTypes, metaTypes } from './type.ts';

/** Headers, and which of their fields are modelled; `th` is any transport protocol's. */
const headers: Readonly<Record<string, readonly string[]>> = {
  ip: ['saddr', 'daddr', 'protocol', 'dscp', 'ttl', 'length', 'id', 'frag-off'],
  tcp: ['sport', 'dport', 'flags'],
  udp: ['sport', 'dport'],
  th: ['sport', 'dport'],
  icmp: ['type', 'code', 'id'],
};
const bareMetaKeys = ['mark', 'iif', 'oif', 'iifname', 'oifname', 'skuid', 'skgid'] as const;
const metaKeys = Object.keys(metaTypes) as MetaKey[];
const fibKeys: readonly FibKey[] = ['saddr', 'daddr', 'mark', 'iif', 'oif'];

/** A field of a packet or of its circumstances, or a number that is made for it; null where none begins. */
export function readSelector(scope: Scope): Expression | null {
  const { cursor } = scope;
  const token = cursor.peek();
  if (token.kind !== 'word') return null;
  if (Object.hasOwn(headers, token.text)) return { kind: 'payload', field: readField(scope) };
  const bare = bareMetaKeys.find((key) => key === token.text);
  if (bare) {
    cursor.next();
    return { kind: 'meta', key: bare };
  }
  if (cursor.accept('meta')) return { kind: 'meta', key: cursor.choice('what of the packet', metaKeys) };
  if (cursor.accept('ct')) return { kind: 'ct', key: readCtKey(scope) };
  if (cursor.accept('fib')) return readFib(cursor);
  if (cursor.accept('socket')) {
    return { kind: 'socket', key: cursor.choice('what of the socket', ['mark', 'transparent', 'wildcard']) };
  }
  if (cursor.accept('numgen')) {
    const mode = cursor.choice('how numbers are generated', ['inc', 'random']);
    return { kind: 'numgen', mode, modulus: readModulus(cursor), offset: readOffset(cursor) };
  }
  if (cursor.accept('jhash')) {
    const of = readConcatenation(scope, null);
    const modulus = readModulus(cursor);
    const seed = cursor.accept('seed') ? cursor.number('a seed') : null;
    return { kind: 'jhash', of, modulus, seed, offset: readOffset(cursor) };
  }
  return null;
}

/** A field of a header, and what it presumes of the packet. */
function readField(scope: Scope): PayloadField {
  const { cursor } = scope;
  const header = cursor.next();
  const field = cursor.choice(`a field of the ${header.text} header`, headers[header.text] ?? []);
  presume(scope, header);
  if (field === 'sport' || field === 'dport') return `th ${field}`;
  return `${header.text} ${field}` as PayloadField;
}

function readCtKey(scope: Scope): CtKey {
  const { cursor } = scope;
  const simple = ['mark', 'state', 'status', 'direction', 'zone'] as const;
  if (cursor.accept('protocol')) return 'l4proto';
  if (!cursor.sees('original') && !cursor.sees('reply')) return cursor.choice('what of the connection', simple);
  const direction = cursor.choice('a direction', ['original', 'reply']);
  const token = cursor.peek();
  const family = cursor.accept('ip');
  const fields = family ? (['saddr', 'daddr'] as const) : (['saddr', 'daddr', 'proto-src', 'proto-dst'] as const);
  const field = cursor.choice('what of the tuple', fields);
  if (field.endsWith('addr') && !family && scope.table.family === 'inet') {
    refuse(token.at, `in a table of family inet it is 'ct ${direction} ip ${field}'`);
  }
  if (field.startsWith('proto') && scope.known.transport === null) {
    refuse(token.at, `'${field}' needs a match of the transport protocol before it`, 'such as: meta l4proto tcp');
  }
  const key = `${direction} ${field}` as const;
  return key in ctTypes ? key : refuse(token.at, `nothing is known of 'ct ${key}'`);
}

function readFib(cursor: Cursor): Expression {
  const keys = [cursor.choice('what is looked up', fibKeys)];
  while (cursor.accept('.')) keys.push(cursor.choice('what is looked up', fibKeys));
  const at = cursor.peek().at;
  const addresses = keys.filter((key) => key === 'saddr' || key === 'daddr').length;
  if (addresses !== 1) refuse(at, 'a fib look-up is for one address, saddr or daddr');
  if (keys.includes('iif') && keys.includes('oif')) refuse(at, 'a fib look-up is for iif or oif, not both');
  const result = cursor.choice('what is wanted of the route', ['oif', 'oifname', 'type']);
  if (result !== 'type' && keys.includes('oif')) refuse(at, "'fib … . oif' can only tell the type");
  return { kind: 'fib', keys, result };
}

function readModulus(cursor: Cursor): number {
  cursor.expect('mod');
  return cursor.number('a modulus', 1);
}

function readOffset(cursor: Cursor): number {
  return cursor.accept('offset') ? cursor.number('an offset') : 0;
}
