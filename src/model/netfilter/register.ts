import type { Expression } from '../../candidate/commands/netfilter.ts';
import type { Value } from './set.ts';

/** How a register of nft's holds a value. */
export interface Layout {
  readonly bytes: number;
  /** Whether they stand as they came over the network: of a packet, and a connection's addresses and ports. */
  readonly network: boolean;
}

export function layoutOf(expression: Expression): Layout {
  switch (expression.kind) {
    case 'payload': {
      const { field } = expression;
      if (field === 'ip saddr' || field === 'ip daddr') return { bytes: 4, network: true };
      const isShort = /^(?:th .port|ip length|ip id|ip frag-off|icmp id)$/.test(field);
      return { bytes: isShort ? 2 : 1, network: true };
    }
    case 'ct':
      if (expression.key.endsWith('addr')) return { bytes: 4, network: true };
      if (expression.key.includes('proto-')) return { bytes: 2, network: true };
      return { bytes: /^(?:l4proto|direction)$/.test(expression.key) ? 1 : 4, network: false };
    case 'meta':
      if (expression.key === 'protocol') return { bytes: 2, network: true };
      return { bytes: /^(?:l4proto|nfproto)$/.test(expression.key) ? 1 : 4, network: false };
    case 'binary':
      return layoutOf(expression.left);
    default:
      return { bytes: 4, network: false };
  }
}

/** The number that a register's bytes are when they are read as a little-endian machine reads a word. */
export function wordOf(value: Value | null, { bytes, network }: Layout): number | null {
  if (value === null) return null;
  const number = Number(value);
  if (!network) return number;
  let word = 0;
  for (let place = 0; place < bytes; place++) word = ((word << 8) | ((number >>> (8 * place)) & 255)) >>> 0;
  return word;
}
