import type { Expression, RejectReason, Statement } from '../netfilter.ts';
import { refuse } from '../refusal.ts';
import { unexpected, type Cursor } from './cursor.ts';
import { readVerdict } from './element.ts';
import { readConcatenation, readExpression } from './expression.ts';
import { readMatch } from './match.ts';
import { readNat } from './nat.ts';
import { presumeIPv4, presumeTransport } from './presume.ts';
import type { Scope } from './scope.ts';
import { readConstant } from './constant.ts';
import { readSetUpdate } from './set-update.ts';
import { icmpCode, integer, mark, payloadTypes, typesOf, type DataType } from './type.ts';

/** Whether only a comment may follow. */
function isFinal(statement: Statement | undefined): boolean {
  if (statement?.kind === 'verdict') return statement.verdict.kind !== 'continue';
  return statement?.kind === 'reject' || statement?.kind === 'nat';
}

/** The statements of one rule, to its end. */
export function readStatements(scope: Scope): readonly Statement[] {
  const { cursor, statements } = scope;
  while (!cursor.atEnd()) {
    const token = cursor.peek();
    if (cursor.accept('comment')) {
      statements.push({ kind: 'no-bearing', what: `comment "${cursor.string('a comment')}"` });
      if (!cursor.atEnd()) unexpected(cursor.peek(), "the rule's end after its comment");
      return statements;
    }
    if (isFinal(statements.at(-1))) refuse(token.at, `'${token.text}' stands after the rule has come to its end`);
    const statement = readStatement(scope);
    statements.push(statement);
  }
  if (statements.length === 0) unexpected(cursor.peek(), 'a rule');
  return statements;
}

function readStatement(scope: Scope): Statement {
  const { cursor } = scope;
  const verdict = readVerdict(cursor);
  if (verdict) return { kind: 'verdict', verdict };
  const word = cursor.peek();
  switch (word.kind === 'word' ? word.text : '') {
    case 'counter':
      return readCounter(cursor);
    case 'log':
      return readLog(cursor);
    case 'limit':
      return readLimit(cursor);
    case 'reject':
      return { kind: 'reject', reason: readReason(scope) };
    case 'notrack':
      cursor.next();
      return { kind: 'notrack' };
    case 'snat':
    case 'dnat':
    case 'masquerade':
    case 'redirect':
      return { kind: 'nat', nat: readNat(scope) };
    case 'add':
    case 'update':
    case 'delete':
    case 'set':
      return readSetUpdate(scope);
    default:
      if (cursor.sees('tcp', 'option')) return readSegmentSize(scope);
      return cursor.sees('ct', 'count') ? readCount(cursor) : readMatchOrSet(scope);
  }
}

/** Both begin with a field; only what follows it tells. */
function readMatchOrSet(scope: Scope): Statement {
  const { cursor } = scope;
  const target = readTarget(scope);
  if (!target) return readMatch(scope);
  const { at } = cursor.peek();
  const value = readExpression(scope, [target.type]);
  const [type, ...more] = typesOf(value) ?? [target.type];
  if (more.length > 0) refuse(at, 'one value is set, not several');
  if (type && type !== target.type && type.name !== 'integer' && target.type.name !== 'integer') {
    refuse(at, `expected a value of type ${target.type.name}, got one of type ${type.name}`);
  }
  return { kind: 'set', target: target.target, value };
}

/** `meta mark set`, `ip saddr set`, …; null where it is none. */
function readTarget(scope: Scope): { target: Extract<Statement, { kind: 'set' }>['target']; type: DataType } | null {
  const { cursor } = scope;
  if (cursor.accept('meta', 'mark', 'set') || cursor.accept('mark', 'set')) {
    return { target: { kind: 'meta', key: 'mark' }, type: mark };
  }
  if (cursor.accept('ct', 'mark', 'set')) return { target: { kind: 'ct', key: 'mark' }, type: mark };
  for (const key of ['nftrace', 'priority'] as const) {
    if (cursor.accept('meta', key, 'set')) return { target: { kind: 'meta', key }, type: integer };
  }
  const [header, field] = [cursor.peek(), cursor.peek(1)];
  if (!cursor.sees(header.text, field.text, 'set')) return null;
  const { field: found } = readPayload(scope);
  cursor.expect('set');
  return { target: { kind: 'payload', field: found }, type: payloadTypes[found] };
}

function readPayload(scope: Scope): Extract<Expression, { kind: 'payload' }> {
  const token = scope.cursor.peek();
  const selector = readConcatenation(scope, null);
  if (selector.kind !== 'payload')
    return refuse(token.at, `'${token.text}' can't be set`, 'marks and header fields can');
  return selector;
}

function readCounter(cursor: Cursor): Statement {
  cursor.expect('counter');
  if (cursor.accept('packets')) {
    cursor.number('how many packets');
    if (cursor.accept('bytes')) cursor.number('how many bytes');
  }
  return { kind: 'counter' };
}

const levels = ['emerg', 'alert', 'crit', 'err', 'warn', 'notice', 'info', 'debug'];

/** Where and how it is logged is nothing to a packet's way; to a group is to a program, and has no level. */
function readLog(cursor: Cursor): Statement {
  cursor.expect('log');
  let prefix = '';
  for (const given = new Set<string>(); ;) {
    const token = cursor.peek();
    if (cursor.accept('prefix')) prefix = cursor.string('a prefix');
    else if (cursor.accept('level')) cursor.choice('a level', levels);
    else if (cursor.accept('flags', 'all')) given.add('flags');
    else if (cursor.accept('group')) cursor.number('a group', 0, 0xffff);
    else if (cursor.accept('snaplen') || cursor.accept('queue-threshold')) cursor.number('a size');
    else return { kind: 'log', prefix };
    if (given.has(token.text)) refuse(token.at, `'${token.text}' stands twice`);
    given.add(token.text);
    if (given.has('group') && (given.has('level') || given.has('flags'))) {
      refuse(token.at, 'what goes to a group has neither level nor flags');
    }
  }
}

const periods = { second: 1, minute: 60, hour: 3600, day: 86400, week: 604800 } as const;

function readLimit(cursor: Cursor): Statement {
  cursor.expect('limit');
  cursor.expect('rate');
  const over = cursor.accept('over');
  if (!over) cursor.accept('until');
  const rate = cursor.number('a rate', 1);
  if (!cursor.sees('/')) unexpected(cursor.peek(), "'/'", 'rates are in packets; rates in bytes are not modelled');
  cursor.expect('/');
  const per = periods[cursor.choice('a period', ['second', 'minute', 'hour', 'day', 'week'])];
  const burst = cursor.accept('burst') ? cursor.number('a burst', 1) : 5;
  cursor.accept('packets');
  return { kind: 'limit', rate, per, burst, over };
}

/** What a connection's segments may be long at most: nothing to a packet's way, but a packet that isn't TCP ends the rule. */
function readSegmentSize({ cursor, known, statements }: Scope): Statement {
  for (const word of ['tcp', 'option', 'maxseg', 'size', 'set']) cursor.expect(word);
  if (known.transport !== 6) {
    statements.push({
      kind: 'match',
      left: { kind: 'meta', key: 'l4proto' },
      operator: '==',
      right: { kind: 'value', value: 6 },
    });
  }
  const size = cursor.accept('rt', 'mtu') ? 'rt mtu' : cursor.number('a size', 0, 0xffff);
  return { kind: 'no-bearing', what: `tcp option maxseg size set ${size}` };
}

function readCount(cursor: Cursor): Statement {
  cursor.accept('ct', 'count');
  const over = cursor.accept('over');
  return { kind: 'connection-count', count: cursor.number('a number of connections'), over };
}

/** What `icmpx` says for every family, as codes of ICMP. */
const abstractReasons = {
  'no-route': 0,
  'port-unreachable': 3,
  'host-unreachable': 1,
  'admin-prohibited': 13,
} as const;

/** What a rejection presumes, nft asks before all else in the rule. */
function atStart(scope: Scope, presume: (scope: Scope) => void): void {
  const statements: Statement[] = [];
  presume({ ...scope, statements });
  scope.statements.unshift(...statements);
}

function readReason(scope: Scope): RejectReason {
  const { cursor } = scope;
  const word = cursor.expect('reject');
  if (!cursor.accept('with')) return { kind: 'icmp', code: 3 };
  if (cursor.accept('tcp', 'reset')) {
    atStart(scope, (start) => presumeTransport(start, 6, word));
    return { kind: 'tcp-reset' };
  }
  const token = cursor.peek();
  if (cursor.accept('icmpx')) {
    if (scope.table.family !== 'inet') refuse(token.at, "'icmpx' is for tables of family inet", "write 'icmp'");
    cursor.accept('type');
    return {
      kind: 'icmp',
      code: abstractReasons[
        cursor.choice('a reason', ['no-route', 'port-unreachable', 'host-unreachable', 'admin-prohibited'])
      ],
    };
  }
  if (!cursor.accept('icmp')) unexpected(token, "'tcp reset', 'icmp' or 'icmpx'");
  cursor.accept('type');
  atStart(scope, presumeIPv4);
  return { kind: 'icmp', code: Number(readConstant(cursor, icmpCode)) };
}
