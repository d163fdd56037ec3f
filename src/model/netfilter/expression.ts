import { ctStateBits, type Expression, type PayloadField } from '../../candidate/commands/netfilter.ts';
import type { Tuple } from '../conntrack/connection.ts';
import type { Device } from '../device.ts';
import { jhashWords } from '../jhash.ts';
import { lengthOf, protocols, type Packet } from '../packet.ts';
import { isReply } from '../skbuff.ts';
import { fibValue } from './fib-expression.ts';
import type { Evaluation, TableState } from './netfilter.ts';
import { layoutOf, wordOf } from './register.ts';
import { createSet, type SetState, type Value } from './set.ts';
import type { SetOperand } from '../../candidate/commands/netfilter.ts';

/** Gives a packet's value; null if it has none, and the rule ends without a match. */
export type Evaluator = (evaluation: Evaluation) => Value | null;

/** Makes an expression ready to be evaluated for one packet after another; it may count them. */
export function compileExpression(expression: Expression, table: TableState): Evaluator {
  switch (expression.kind) {
    case 'constant': {
      const { value } = expression;
      return () => value;
    }
    case 'payload': {
      const { field } = expression;
      return ({ skb }) => payloadValue(skb.packet, field);
    }
    case 'meta':
      return metaEvaluator(expression.key);
    case 'ct':
      return ctEvaluator(expression.key);
    case 'fib':
      return (evaluation) => fibValue(evaluation, expression, table.name.owner);
    case 'socket':
      return ({ skb }) => {
        const { socket } = skb;
        if (!socket) return null;
        if (expression.key === 'mark') return socket.mark;
        return expression.key === 'transparent' && socket.transparent ? 1 : 0;
      };
    case 'numgen': {
      const { mode, modulus, offset } = expression;
      let next = 0;
      return ({ host }) => {
        if (mode === 'random') return host.random.below(modulus) + offset;
        const value = next;
        next = (next + 1) % modulus;
        return value + offset;
      };
    }
    case 'jhash': {
      const parts = expression.of.kind === 'concatenation' ? expression.of.parts : [expression.of];
      const words = parts.map((part) => ({ value: compileExpression(part, table), layout: layoutOf(part) }));
      // Parts of several are filled up to whole words.
      const [only] = words.length === 1 ? words : [];
      const excess = only ? 4 - only.layout.bytes : 0;
      const { modulus, seed, offset } = expression;
      return (evaluation) => {
        const values = words
          .map(({ value, layout }) => wordOf(value(evaluation), layout))
          .filter((word) => word !== null);
        if (values.length < words.length) return null;
        const hash = jhashWords(values, (seed ?? evaluation.host.hashSecret) - excess);
        return Math.floor((hash * modulus) / 2 ** 32) + offset;
      };
    }
    case 'binary':
      return binaryEvaluator(expression, table);
    case 'concatenation': {
      const parts = expression.parts.map((part) => compileExpression(part, table));
      return (evaluation) => {
        const values = parts.map((part) => part(evaluation));
        return values.includes(null) ? null : (values.flat() as Value);
      };
    }
    case 'map': {
      const key = compileExpression(expression.key, table);
      const map = setOf(expression.map, table);
      return (evaluation) => {
        const value = key(evaluation);
        const found = value === null ? undefined : map().find(value, evaluation.host.clock.now);
        return found?.kind === 'value' ? found.value : null;
      };
    }
  }
}

/** A set written in place, or the table's of that name as it is at the time. */
export function setOf(operand: SetOperand, table: TableState): () => SetState {
  if (operand.kind === 'set') {
    const set = createSet(null, operand.elements);
    return () => set;
  }
  return () => {
    const set = table.sets.get(operand.name);
    if (!set) throw new Error(`no set ${operand.name}`);
    return set;
  };
}

function binaryEvaluator(
  { operator, left, right }: Extract<Expression, { kind: 'binary' }>,
  table: TableState,
): Evaluator {
  const [one, other] = [compileExpression(left, table), compileExpression(right, table)];
  const calculate = {
    '&': (a: number, b: number) => (a & b) >>> 0,
    '|': (a: number, b: number) => (a | b) >>> 0,
    '^': (a: number, b: number) => (a ^ b) >>> 0,
    '<<': (a: number, b: number) => (a << b) >>> 0,
    '>>': (a: number, b: number) => a >>> b,
  }[operator];
  return (evaluation) => {
    const [a, b] = [one(evaluation), other(evaluation)];
    return typeof a === 'number' && typeof b === 'number' ? calculate(a, b) : null;
  };
}

function payloadValue(packet: Packet, field: PayloadField): number | null {
  const { protocol, icmp, tcp } = packet;
  switch (field) {
    case 'ip saddr':
      return packet.source;
    case 'ip daddr':
      return packet.destination;
    case 'ip protocol':
      return protocol;
    case 'ip dscp':
      return packet.tos >>> 2;
    case 'ip tos':
      return packet.tos;
    case 'ip ttl':
      return packet.ttl;
    case 'ip length':
      return lengthOf(packet);
    case 'ip id':
      return packet.identity & 0xffff;
    case 'ip frag-off':
      return 0;
    case 'th sport':
      return protocol === protocols.icmp ? null : packet.sourcePort;
    case 'th dport':
      return protocol === protocols.icmp ? null : packet.destinationPort;
    case 'tcp flags':
      return tcp?.flags ?? null;
    case 'icmp type':
      return icmp?.type ?? null;
    case 'icmp code':
      return icmp?.code ?? null;
    case 'icmp id':
      return icmp?.identifier ?? null;
  }
}

function metaEvaluator(key: Extract<Expression, { kind: 'meta' }>['key']): Evaluator {
  const indexOf = (device: Device | null): number | null => device?.index ?? null;
  switch (key) {
    case 'mark':
      return ({ skb }) => skb.mark;
    case 'iif':
      return ({ input }) => indexOf(input);
    case 'oif':
      return ({ output }) => indexOf(output);
    // A packet that came in, or leaves, by none has a name that is empty.
    case 'iifname':
      return ({ input }) => input?.name ?? '';
    case 'oifname':
      return ({ output }) => output?.name ?? '';
    case 'l4proto':
      return ({ skb }) => skb.packet.protocol;
    case 'nfproto':
      return () => 2;
    case 'protocol':
      return () => 0x0800;
    case 'length':
      return ({ skb }) => lengthOf(skb.packet);
    case 'pkttype':
      return () => 0;
    case 'skuid':
    case 'skgid':
      return ({ skb }) => skb.socket?.uid ?? null;
  }
}

function ctEvaluator(key: Extract<Expression, { kind: 'ct' }>['key']): Evaluator {
  if (key === 'state') {
    return ({ skb }) => {
      switch (skb.tracking) {
        case 'untracked':
          return ctStateBits.untracked;
        case 'new':
          return ctStateBits.new;
        case 'established':
        case 'established-reply':
          return ctStateBits.established;
        case 'related':
        case 'related-reply':
          return ctStateBits.related;
        case 'none':
        case 'invalid':
          return ctStateBits.invalid;
      }
    };
  }
  return ({ skb }) => {
    const { connection } = skb;
    if (!connection) return null;
    const { original, reply } = connection;
    switch (key) {
      case 'mark':
        return connection.mark;
      case 'status':
        return connection.status;
      case 'direction':
        return isReply(skb) ? 1 : 0;
      case 'l4proto':
        return original.protocol;
      case 'zone':
        return 0;
      case 'original saddr':
      case 'original daddr':
      case 'original proto-src':
      case 'original proto-dst':
        return tupleValue(original, key);
      case 'reply saddr':
      case 'reply daddr':
      case 'reply proto-src':
      case 'reply proto-dst':
        return tupleValue(reply, key);
    }
  };
}

function tupleValue(tuple: Tuple, key: string): number {
  if (key.endsWith('saddr')) return tuple.source;
  if (key.endsWith('daddr')) return tuple.destination;
  return key.endsWith('proto-src') ? tuple.sourcePort : tuple.destinationPort;
}
