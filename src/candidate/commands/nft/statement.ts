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
import { icmpCode, integer, mark, payloadTypes, type DataType } from './type.ts';

/** Statements that nothing may follow. */
const final: readonly Statement['kind'][] = ['verdict', 'verdict-map', 'reject', 'nat'];

/** The statements of one rule, to its end. */
export function readStatements(scope: Scope): readonly Statement[] {
  const { cursor, statements } = scope;
  while (!cursor.atEnd()) {
    const token = cursor.peek();
    const last = statements.at(-1);
    const statement = readStatement(scope);
    if (last && final.includes(last.kind) && last.kind !== 'verdict-map' && !isComment(statement)) {
      refuse(token.at, `'${token.text}' stands after the rule has come to its end`);
    }
    statements.push(statement);
  }
  if (statements.length === 0) unexpected(cursor.peek(), 'a rule');
  return statements;
}

const isComment = ({ kind }: Statement): boolean => kind === 'no-bearing';

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
    case 'comment':
      cursor.next();
      return { kind: 'no-bearing', what: `comment ${JSON.stringify(cursor.string('a comment'))}` };
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
  const value = readExpression(scope, [target.type]);
  if (value.kind === 'concatenation') refuse(cursor.peek().at, 'one value is set, not several');
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
    cursor.expect('bytes');
    cursor.number('how many bytes');
  }
  return { kind: 'counter' };
}

function readLog(cursor: Cursor): Statement {
  cursor.expect('log');
  let prefix = '';
  for (;;) {
    if (cursor.accept('prefix')) prefix = cursor.string('a prefix');
    else if (cursor.accept('level')) {
      cursor.choice('a level', ['emerg', 'alert', 'crit', 'err', 'warn', 'notice', 'info', 'debug']);
    } else if (cursor.accept('group')) cursor.number('a group', 0, 0xffff);
    else if (cursor.accept('snaplen') || cursor.accept('queue-threshold')) cursor.number('a size');
    else return { kind: 'log', prefix };
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

/** What a connection's segments may be long at most: it changes no packet's way. */
function readSegmentSize(scope: Scope): Statement {
  const { cursor } = scope;
  presumeTransport(scope, 6, cursor.expect('tcp'));
  for (const word of ['option', 'maxseg', 'size', 'set']) cursor.expect(word);
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

function readReason(scope: Scope): RejectReason {
  const { cursor } = scope;
  const word = cursor.expect('reject');
  if (!cursor.accept('with')) return { kind: 'icmp', code: 3 };
  if (cursor.accept('tcp', 'reset')) {
    presumeTransport(scope, 6, word);
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
  presumeIPv4(scope);
  const { at } = cursor.peek();
  const code = Number(readConstant(cursor, icmpCode));
  if (!Object.values(icmpCode.symbols).includes(code) || code === 4)
    refuse(at, `no packet is rejected with code ${code}`);
  return { kind: 'icmp', code };
}
