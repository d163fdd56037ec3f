const destinationUnreachable = [
  ...['network', 'host', 'protocol', 'port'].map((what) => `${what}-unreachable`),
  ...['fragmentation-needed', 'source-route-failed', 'network-unknown', 'host-unknown', ''],
  ...['network-prohibited', 'host-prohibited', 'TOS-network-unreachable', 'TOS-host-unreachable'],
  ...['communication-prohibited', 'host-precedence-violation', 'precedence-cutoff'],
];
const redirect = ['network-redirect', 'host-redirect', 'TOS-network-redirect', 'TOS-host-redirect'];

const codes = (type: number, names: readonly string[]): readonly (readonly [string, IcmpType])[] =>
  names.map((name, code) => [name, { type, code }]);
const types = (names: Readonly<Record<string, number>>): readonly (readonly [string, IcmpType])[] =>
  Object.entries(names).map(([name, type]) => [name, { type, code: null }]);

interface IcmpType {
  readonly type: number;
  /** Null: any. */
  readonly code: number | null;
}

/** ICMP types and codes by iptables' names (`--icmp-type`); numbers as in RFC 792. */
export const icmpTypes: Readonly<Record<string, IcmpType>> = Object.fromEntries(
  [
    ...types({
      'echo-reply': 0,
      pong: 0,
      'destination-unreachable': 3,
      'source-quench': 4,
      redirect: 5,
      'echo-request': 8,
      ping: 8,
    }),
    ...types({ 'router-advertisement': 9, 'router-solicitation': 10, 'time-exceeded': 11, 'ttl-exceeded': 11 }),
    ...types({ 'parameter-problem': 12, 'timestamp-request': 13, 'timestamp-reply': 14 }),
    ...types({ 'address-mask-request': 17, 'address-mask-reply': 18 }),
    ...codes(3, destinationUnreachable),
    ...codes(5, redirect),
    ...codes(11, ['ttl-zero-during-transit', 'ttl-zero-during-reassembly']),
    ...codes(12, ['ip-header-bad', 'required-option-missing']),
  ].filter(([name]) => name !== ''),
);
