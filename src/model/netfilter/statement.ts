import type { Expression, NatStatement, Operand, Statement, Target } from '../../candidate/commands/netfilter.ts';
import { status, type Connection } from '../conntrack/connection.ts';
import type { Device } from '../device.ts';
import { refuse } from '../icmp.ts';
import { isSetUp, setUpNat, type NatRange } from '../nat.ts';
import type { Packet } from '../packet.ts';
import { selectSourceAddress } from '../source-address.ts';
import { scopes } from '../device.ts';
import { compileExpression, setOf, type Evaluator } from './expression.ts';
import type { Evaluation, RuleVerdict, TableState } from './netfilter.ts';
import { askRecent } from './recent.ts';
import { matchesKey } from './set.ts';

/** What a statement comes to: the rule goes on, ends without more ado, or ends with a verdict. */
export type Step = 'next' | 'break' | RuleVerdict;

export type Executor = (evaluation: Evaluation) => Step;

const accept: Step = { kind: 'accept' };
const drop: Step = { kind: 'drop' };

/** Makes a statement ready to be carried out for one packet after another. */
export function compileStatement(statement: Statement, table: TableState): Executor {
  switch (statement.kind) {
    case 'match':
      return compileMatch(statement, table);
    case 'nth': {
      let count = statement.packet;
      return () => {
        const hit = count === 0;
        count = hit ? statement.every - 1 : count - 1;
        return hit === statement.invert ? 'break' : 'next';
      };
    }
    case 'chance':
      return ({ host }) => (host.random.fraction() < statement.probability === statement.invert ? 'break' : 'next');
    case 'set':
      return compileSet(statement.target, statement.value, table);
    case 'verdict': {
      const { verdict } = statement;
      if (verdict.kind === 'continue') return () => 'break';
      const step: Step = verdict.kind === 'jump' || verdict.kind === 'goto' ? verdict : { kind: verdict.kind };
      return () => step;
    }
    case 'verdict-map': {
      const key = compileExpression(statement.key, table);
      const map = setOf(statement.map, table);
      return (evaluation) => {
        const value = key(evaluation);
        const found = value === null ? undefined : map().find(value, evaluation.host.clock.now);
        if (!found || found.kind === 'value' || found.kind === 'range') return 'next';
        if (found.kind === 'name-prefix' || found.kind === 'concatenation') return 'next';
        return found.kind === 'continue' ? 'break' : found;
      };
    }
    case 'reject':
      return ({ host, skb }) => {
        refuse(host, skb, statement.reason);
        return drop;
      };
    case 'notrack':
      return ({ skb }) => {
        if (skb.connection === null) skb.tracking = 'untracked';
        return 'next';
      };
    case 'nat':
      return compileNat(statement.nat, table);
    case 'counter':
    case 'log':
    case 'no-bearing':
      return () => 'next';
    case 'limit':
      return compileLimit(statement);
    case 'connection-count':
      return compileConnectionCount(statement);
    case 'recent':
      return (evaluation) => (askRecent(statement, evaluation) ? 'next' : 'break');
    case 'update-set':
      return compileUpdate(statement, table);
  }
}

function compileMatch({ left, operator, right }: Extract<Statement, { kind: 'match' }>, table: TableState): Executor {
  const value = compileLeft(left, right, table);
  const isWithin = compileOperand(right, table);
  return (evaluation) => {
    const found = value(evaluation);
    if (found === null) return 'break';
    if (operator === '==' || operator === '!=') {
      return isWithin(found, evaluation) === (operator === '==') ? 'next' : 'break';
    }
    const bound = right.kind === 'value' ? right.value : NaN;
    if (typeof found !== 'number' || typeof bound !== 'number') return 'break';
    const holds = { '<': found < bound, '<=': found <= bound, '>': found > bound, '>=': found >= bound }[operator];
    return holds ? 'next' : 'break';
  };
}

/** A device is compared by its name, or by its index where one was given. */
function compileLeft(left: Expression, right: Operand, table: TableState): Evaluator {
  const byIndex = right.kind === 'value' && typeof right.value === 'number';
  if (left.kind !== 'meta' || byIndex) return compileExpression(left, table);
  if (left.key === 'iif') return compileExpression({ kind: 'meta', key: 'iifname' }, table);
  return left.key === 'oif'
    ? compileExpression({ kind: 'meta', key: 'oifname' }, table)
    : compileExpression(left, table);
}

function compileOperand(
  operand: Operand,
  table: TableState,
): (value: ReturnType<Evaluator> & {}, evaluation: Evaluation) => boolean {
  if (operand.kind === 'set' || operand.kind === 'named-set') {
    const set = setOf(operand, table);
    return (value, { host }) => set().find(value, host.clock.now) !== undefined;
  }
  return (value) => matchesKey(operand, value);
}

function compileSet(target: Target, expression: Expression, table: TableState): Executor {
  const evaluate = compileExpression(expression, table);
  return (evaluation) => {
    const value = evaluate(evaluation);
    if (typeof value !== 'number') return 'break';
    const { skb } = evaluation;
    switch (target.kind) {
      case 'meta':
        if (target.key === 'mark') skb.mark = value >>> 0;
        return 'next';
      case 'ct':
        if (!skb.connection) return 'break';
        skb.connection.mark = value >>> 0;
        return 'next';
      case 'payload':
        skb.packet = changed(skb.packet, target, value);
        return 'next';
    }
  };
}

function changed(packet: Packet, { field }: Extract<Target, { kind: 'payload' }>, value: number): Packet {
  switch (field) {
    case 'ip saddr':
      return { ...packet, source: value };
    case 'ip daddr':
      return { ...packet, destination: value };
    case 'ip ttl':
      return { ...packet, ttl: value };
    case 'ip tos':
      return { ...packet, tos: value };
    case 'ip dscp':
      return { ...packet, tos: (value << 2) | (packet.tos & 3) };
    case 'th sport':
      return { ...packet, sourcePort: value };
    case 'th dport':
      return { ...packet, destinationPort: value };
    default:
      throw new Error(`${field} can't be set`);
  }
}

function compileNat(statement: NatStatement, table: TableState): Executor {
  const range = (ends: { readonly from: Expression; readonly to: Expression } | null) => {
    if (!ends) return () => null;
    const [from, to] = [compileExpression(ends.from, table), compileExpression(ends.to, table)];
    return (evaluation: Evaluation): { readonly from: number; readonly to: number } | null => {
      const [low, high] = [from(evaluation), to(evaluation)];
      return typeof low === 'number' && typeof high === 'number' ? { from: low, to: high } : null;
    };
  };
  const ports = range(statement.port);
  const addresses = 'address' in statement ? range(statement.address) : null;
  const manipulation = statement.kind === 'snat' || statement.kind === 'masquerade' ? 'source' : 'destination';
  return (evaluation) => {
    const { host, skb, output, input } = evaluation;
    const { connection } = skb;
    if (!connection || isSetUp(connection, manipulation)) return accept;
    const own =
      statement.kind === 'masquerade'
        ? masqueradeAddress(evaluation, output, connection)
        : statement.kind === 'redirect'
          ? redirectAddress(evaluation, input)
          : undefined;
    if (own === null) {
      skb.trail?.('drop', 'the device has no address to hide behind');
      return drop;
    }
    const found = own === undefined ? (addresses?.(evaluation) ?? null) : { from: own, to: own };
    const wanted: NatRange = { addresses: found, ports: ports(evaluation), flags: statement.flags };
    setUpNat(host, skb, manipulation, wanted);
    return accept;
  };
}

/** The address of the device that a packet leaves by (nf_nat_masquerade_ipv4). */
function masqueradeAddress({ host, skb }: Evaluation, output: Device | null, connection: Connection): number | null {
  if (!output) return null;
  const address = selectSourceAddress(output, host.devices.values(), skb.nexthop, scopes.universe);
  if (address === 0) return null;
  connection.masqueradedBy = output.index;
  return address;
}

/** The first address of the device that a packet came in by; for the host's own, 127.0.0.1. */
function redirectAddress({ hook }: Evaluation, input: Device | null): number | null {
  if (hook === 'output') return 0x7f000001;
  return input?.addresses[0]?.local ?? null;
}

function compileLimit({ rate, per, burst, over }: Extract<Statement, { kind: 'limit' }>): Executor {
  let tokens = burst;
  let since = 0;
  return ({ host }) => {
    tokens = Math.min(burst, tokens + ((host.clock.now - since) * rate) / per);
    since = host.clock.now;
    const within = tokens >= 1;
    if (within) tokens -= 1;
    return within === over ? 'break' : 'next';
  };
}

function compileConnectionCount({ count, over }: Extract<Statement, { kind: 'connection-count' }>): Executor {
  const counted = new Set<Connection>();
  return ({ host, skb }) => {
    if (!skb.connection) return 'break';
    for (const each of counted) {
      const isGone = (each.status & status.dying) !== 0 || each.expires <= host.clock.now;
      const neverCame = !(each.status & status.confirmed) && each !== skb.connection;
      if (isGone || neverCame) counted.delete(each);
    }
    counted.add(skb.connection);
    return counted.size > count === over ? 'next' : 'break';
  };
}

function compileUpdate(
  { operation, set: name, key, timeout }: Extract<Statement, { kind: 'update-set' }>,
  table: TableState,
): Executor {
  const evaluate = compileExpression(key, table);
  return (evaluation) => {
    const set = table.sets.get(name);
    const value = evaluate(evaluation);
    if (!set || value === null) return 'break';
    if (operation === 'delete') {
      set.delete(value);
      return 'next';
    }
    return set.add(value, evaluation.host.clock.now, timeout, operation === 'update') ? 'next' : 'break';
  };
}
