import type { CtKey, Expression, MetaKey, PayloadField } from '../netfilter.ts';
import { ctStateBits, ctStatusBits } from '../netfilter.ts';
import { dscpClasses, protocols, services, tcpFlags } from '../symbols.ts';

/** What kind of value an expression has: which constants it can be compared with, and how they are written. */
export interface DataType {
  /** nft's name for it, where it has one: the type of a set's key. */
  readonly name: string;
  readonly bits: number;
  readonly form: 'number' | 'address' | 'interface' | 'name';
  /** Names of values; of `bits`, those of single bits. */
  readonly symbols: Readonly<Record<string, number>>;
  /** Values are sets of bits: a bare one matches where any of its bits is set. */
  readonly bitmask: boolean;
}

function type(name: string, bits: number, more: Partial<DataType> = {}): DataType {
  return { name, bits, form: 'number', symbols: {}, bitmask: false, ...more };
}

export const integer = type('integer', 32);
const presence = type('boolean', 8, { symbols: { exists: 1, missing: 0 } });
export const address = type('ipv4_addr', 32, { form: 'address' });
export const port = type('inet_service', 16, { symbols: services });
export const mark = type('mark', 32);
const protocol = type('inet_proto', 8, { symbols: protocols });
const interfaceName = type('ifname', 128, { form: 'interface' });
const interfaceIndex = type('iface_index', 32, { form: 'interface' });
const flags = type('tcp_flag', 8, { symbols: { ...tcpFlags, ecn: 64, cwr: 128 }, bitmask: true });
const state = type('ct_state', 32, { symbols: ctStateBits, bitmask: true });
const status = type('ct_status', 32, { symbols: ctStatusBits, bitmask: true });
const direction = type('ct_dir', 8, { symbols: { original: 0, reply: 1 } });
const dscp = type('dscp', 6, { symbols: dscpClasses });
const user = type('uid', 32, { symbols: { root: 0 } });
const group = type('gid', 32, { symbols: { root: 0 } });
const nfproto = type('nf_proto', 8, { symbols: { ipv4: 2, ipv6: 10 } });
const ether = type('ether_type', 16, { symbols: { ip: 0x0800, arp: 0x0806, vlan: 0x8100, ip6: 0x86dd } });
const packetType = type('pkt_type', 8, {
  symbols: { host: 0, unicast: 0, broadcast: 1, multicast: 2, other: 3 },
});
const routeType = type('fib_addrtype', 32, { form: 'name' });
/** What `fib … type` may be; the kernel's RTN_*. */
export const routeTypes = [
  ...['unspec', 'unicast', 'local', 'broadcast', 'anycast', 'multicast', 'blackhole', 'unreachable', 'prohibit'],
] as const;

const icmpType = type('icmp_type', 8, {
  symbols: {
    'echo-reply': 0,
    'destination-unreachable': 3,
    'source-quench': 4,
    redirect: 5,
    'echo-request': 8,
    'router-advertisement': 9,
    'router-solicitation': 10,
    'time-exceeded': 11,
    'parameter-problem': 12,
    'timestamp-request': 13,
    'timestamp-reply': 14,
    'info-request': 15,
    'info-reply': 16,
    'address-mask-request': 17,
    'address-mask-reply': 18,
  },
});
/** Codes of ICMP destination unreachable. */
export const icmpCode = type('icmp_code', 8, {
  symbols: {
    'net-unreachable': 0,
    'host-unreachable': 1,
    'prot-unreachable': 2,
    'port-unreachable': 3,
    'frag-needed': 4,
    'net-prohibited': 9,
    'host-prohibited': 10,
    'admin-prohibited': 13,
  },
});

export const payloadTypes: Readonly<Record<PayloadField, DataType>> = {
  'ip saddr': address,
  'ip daddr': address,
  'ip protocol': protocol,
  'ip dscp': dscp,
  'ip tos': type('integer', 8),
  'ip ttl': type('integer', 8),
  'ip length': type('integer', 16),
  'ip id': type('integer', 16),
  'ip frag-off': type('integer', 16),
  'th sport': port,
  'th dport': port,
  'tcp flags': flags,
  'icmp type': icmpType,
  'icmp code': icmpCode,
  'icmp id': type('integer', 16),
};

export const metaTypes: Readonly<Record<MetaKey, DataType>> = {
  mark,
  iif: interfaceIndex,
  oif: interfaceIndex,
  iifname: interfaceName,
  oifname: interfaceName,
  l4proto: protocol,
  nfproto,
  protocol: ether,
  length: integer,
  pkttype: packetType,
  skuid: user,
  skgid: group,
};

export const ctTypes: Readonly<Record<CtKey, DataType>> = {
  mark,
  state,
  status,
  direction,
  'original saddr': address,
  'original daddr': address,
  'original proto-src': port,
  'original proto-dst': port,
  'reply saddr': address,
  'reply daddr': address,
  'reply proto-src': port,
  'reply proto-dst': port,
  l4proto: protocol,
  zone: type('integer', 16),
};

const fibTypes = { oif: interfaceIndex, oifname: interfaceName, type: routeType, exists: presence } as const;
const socketTypes = { mark, transparent: type('boolean', 8), wildcard: type('boolean', 8) } as const;

const settable = [
  ...Object.values(payloadTypes),
  ...Object.values(metaTypes),
  ...Object.values(ctTypes),
  routeType,
] as const;
/** Types that a set's key or a map's value may have, by nft's names. */
export const namedTypes: ReadonlyMap<string, DataType> = new Map(
  settable.filter(({ name }) => name !== 'integer').map((named) => [named.name, named]),
);

/** The types of a value side by side, one a part; null for what has none of its own: constants, and what maps give. */
export function typesOf(expression: Expression): readonly DataType[] | null {
  switch (expression.kind) {
    case 'constant':
    case 'map':
      return null;
    case 'payload':
      return [payloadTypes[expression.field]];
    case 'meta':
      return [metaTypes[expression.key]];
    case 'ct':
      return [ctTypes[expression.key]];
    case 'fib':
      return [fibTypes[expression.result]];
    case 'socket':
      return [socketTypes[expression.key]];
    case 'numgen':
    case 'jhash':
      return [integer];
    case 'binary':
      return typesOf(expression.left);
    case 'concatenation':
      return expression.parts.flatMap((part) => typesOf(part) ?? [integer]);
  }
}
