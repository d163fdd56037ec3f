// Rules of Netfilter's at random, for either of its tools.
import fc from 'fast-check';
import { elsewhere, home, lines, ports } from './trial.ts';

const { constantFrom: one } = fc;
const line = one(...lines);
const mark = fc.integer({ min: 1, max: 4 });
const hashed = one(
  'ip saddr . ip daddr',
  'ip daddr',
  'meta l4proto . ip saddr',
  'ip saddr . ip daddr . ct mark',
  'ip protocol',
);
const mask = one('0x1', '0x3', '0xff');
/** A rule of Netfilter's, as both of its tools say it; `chain` is one of the built-in ones. */
export interface Filter {
  readonly table: 'raw' | 'mangle' | 'nat' | 'filter';
  readonly chain: string;
  readonly iptables: string;
  readonly nft: string;
  readonly tries: string;
}
const uplink = line.map(({ name }) => name);
/** That a packet came in by one of the uplinks, or by whatever device. */
const anyUplink = one(
  { iptables: '', nft: '' },
  { iptables: '', nft: '' },
  ...lines.map(({ name }) => ({ iptables: `-i ${name} `, nft: `iifname ${name} ` })),
);
const protocol = one('udp', 'tcp', 'icmp');
const reason = one('', '', 'host-prohibited', 'admin-prohibited', 'net-unreachable', 'host-unreachable');

/** A port at which every host answers. */
const answering = (kind: 'udp' | 'tcp'): number => (kind === 'udp' ? ports.wildcard : ports.stream);

/** What goes to the router is somebody else's, or another port's. */
const destinationNat: fc.Arbitrary<Filter> = fc.oneof(
  fc.tuple(anyUplink, one('udp', 'tcp'), fc.boolean()).map(([by, kind, isOpen]): Filter => ({
    ...{ table: 'nat', chain: 'PREROUTING', tries: isOpen ? 'DNAT' : 'DNAT to a closed port' },
    iptables: `${by.iptables}-p ${kind} --dport ${ports.forwarded} -j DNAT --to-destination ${home.host}:${isOpen ? answering(kind) : ports.closed}`,
    nft: `${by.nft}${kind} dport ${ports.forwarded} dnat to ${home.host}:${isOpen ? answering(kind) : ports.closed}`,
  })),
  fc.tuple(anyUplink, fc.option(line, { nil: undefined }), one('udp', 'tcp')).map(([by, own, kind]): Filter => ({
    ...{ table: 'nat', chain: 'PREROUTING', tries: own ? 'REDIRECT' : 'REDIRECT of whatever comes' },
    iptables: `${by.iptables}${own ? `-d ${own.address} ` : ''}-p ${kind} --dport ${ports.closed} -j REDIRECT --to-ports ${answering(kind)}`,
    nft: `${by.nft}${own ? `ip daddr ${own.address} ` : ''}${kind} dport ${ports.closed} redirect to :${answering(kind)}`,
  })),
);
const ttl: fc.Arbitrary<Filter> = fc.tuple(one('PREROUTING', 'POSTROUTING'), protocol).map(([chain, kind]): Filter => ({
  ...{ table: 'mangle', chain, tries: 'TTL set' },
  iptables: `-p ${kind} -j TTL --ttl-set 1`,
  nft: `meta l4proto ${kind} ip ttl set 1`,
}));
const refusal = fc
  .tuple(one('INPUT', 'FORWARD'), anyUplink, protocol, reason, one('', 'NEW'))
  .map(([chain, by, kind, why, state]): Filter => ({
    ...{ table: 'filter', chain, tries: `reject in ${chain}` },
    iptables: `${by.iptables}-p ${kind}${state && ` -m conntrack --ctstate ${state}`} -j REJECT${why && ` --reject-with icmp-${why}`}`,
    nft: `${by.nft}meta l4proto ${kind}${state && ` ct state ${state.toLowerCase()}`} reject${why && ` with icmp type ${why}`}`,
  }));

const filter: fc.Arbitrary<Filter> = fc.oneof(
  fc.tuple(uplink, mark).map(([name, value]): Filter => ({
    ...{ table: 'mangle', chain: 'PREROUTING', tries: 'connection mark by input' },
    iptables: `-i ${name} -m conntrack --ctstate NEW -j CONNMARK --set-mark ${value}`,
    nft: `iifname ${name} ct state new ct mark set ${value}`,
  })),
  one('PREROUTING', 'OUTPUT').map((chain): Filter => ({
    ...{ table: 'mangle', chain, tries: `mark restored in ${chain}` },
    iptables: '-j CONNMARK --restore-mark',
    nft: 'meta mark set ct mark',
  })),
  fc.tuple(one('PREROUTING', 'OUTPUT'), mask).map(([chain, bits]): Filter => ({
    ...{ table: 'mangle', chain, tries: 'mark restored with a mask' },
    iptables: `-j CONNMARK --restore-mark --nfmask ${bits} --ctmask ${bits}`,
    nft: `meta mark set ct mark & ${bits}`,
  })),
  fc.tuple(one('PREROUTING', 'OUTPUT', 'POSTROUTING'), mask).map(([chain, bits]): Filter => ({
    ...{ table: 'mangle', chain, tries: 'mark saved with a mask' },
    iptables: `-j CONNMARK --save-mark --nfmask ${bits} --ctmask ${bits}`,
    nft: `ct mark set meta mark & ${bits}`,
  })),
  fc.tuple(one('PREROUTING', 'OUTPUT'), mark, mark).map(([chain, before, value]): Filter => ({
    ...{ table: 'mangle', chain, tries: 'mark by connection mark' },
    iptables: `-m connmark --mark ${before} -j MARK --set-xmark ${value}/0x3`,
    nft: `ct mark ${before} meta mark set meta mark | ${value}`,
  })),
  fc.tuple(one('PREROUTING', 'OUTPUT'), mark, hashed).map(([chain, seed, of]): Filter => ({
    ...{ table: 'mangle', chain, tries: 'mark by hash or network' },
    iptables: `-d 198.18.0.0/16 -j MARK --set-mark ${seed}`,
    nft: `meta mark set jhash ${of} mod 4 seed 0x${seed} offset 1`,
  })),
  fc.tuple(one('PREROUTING', 'INPUT', 'FORWARD'), mark).map(([chain, value]): Filter => ({
    ...{ table: 'mangle', chain, tries: 'mark by type of destination' },
    iptables: `-m addrtype --dst-type LOCAL -j MARK --set-mark ${value}`,
    nft: `fib daddr type local meta mark set ${value}`,
  })),
  fc.constant<Filter>({
    ...{ table: 'mangle', chain: 'PREROUTING', tries: 'reverse path by Netfilter' },
    iptables: '-m rpfilter --invert -j DROP',
    nft: 'fib saddr . iif oif missing drop',
  }),
  fc.tuple(one('PREROUTING', 'OUTPUT', 'POSTROUTING'), protocol).map(([chain, kind]): Filter => ({
    ...{ table: 'mangle', chain, tries: 'TOS set' },
    iptables: `-p ${kind} -j TOS --set-tos 0x10`,
    nft: `meta l4proto ${kind} ip dscp set 4`,
  })),
  ttl,
  fc.tuple(one('PREROUTING', 'OUTPUT'), protocol, mark).map(([chain, kind, value]): Filter => ({
    ...{ table: 'mangle', chain, tries: `mark set in ${chain}` },
    iptables: `-p ${kind} -j MARK --set-mark ${value}`,
    nft: `meta l4proto ${kind} meta mark set ${value}`,
  })),
  fc.tuple(uplink, mark).map(([name, value]): Filter => ({
    ...{ table: 'mangle', chain: 'POSTROUTING', tries: 'connection mark by output' },
    iptables: `-o ${name} -m conntrack --ctstate NEW -j CONNMARK --set-mark ${value}`,
    nft: `oifname ${name} ct state new ct mark set ${value}`,
  })),
  line.map(({ name, address }): Filter => ({
    ...{ table: 'nat', chain: 'POSTROUTING', tries: 'SNAT' },
    iptables: `-o ${name} -j SNAT --to-source ${address}`,
    nft: `oifname ${name} snat to ${address}`,
  })),
  uplink.map((name): Filter => ({
    ...{ table: 'nat', chain: 'POSTROUTING', tries: 'MASQUERADE' },
    iptables: `-o ${name} -j MASQUERADE`,
    nft: `oifname ${name} masquerade`,
  })),
  destinationNat,
  fc.tuple(one('udp', 'tcp'), one(elsewhere, home.host)).map(([kind, to]): Filter => ({
    ...{ table: 'nat', chain: 'OUTPUT', tries: 'DNAT in OUTPUT' },
    iptables: `-p ${kind} --dport ${ports.closed} -j DNAT --to-destination ${to}:${answering(kind)}`,
    nft: `${kind} dport ${ports.closed} dnat to ${to}:${answering(kind)}`,
  })),
  fc.tuple(one('PREROUTING', 'OUTPUT'), protocol).map(([chain, kind]): Filter => ({
    ...{ table: 'raw', chain, tries: 'NOTRACK' },
    iptables: `-p ${kind} -j CT --notrack`,
    nft: `meta l4proto ${kind} notrack`,
  })),
  fc.tuple(one('INPUT', 'FORWARD', 'OUTPUT'), protocol, mark).map(([chain, kind, value]): Filter => ({
    ...{ table: 'filter', chain, tries: `drop in ${chain}` },
    iptables: `-p ${kind} -m mark --mark ${value} -j DROP`,
    nft: `meta l4proto ${kind} meta mark ${value} drop`,
  })),
  refusal,
  fc.tuple(protocol, mark, reason).map(([kind, value, why]): Filter => ({
    ...{ table: 'filter', chain: 'OUTPUT', tries: 'reject in OUTPUT' },
    iptables: `-p ${kind} -m mark --mark ${value} -j REJECT${why && ` --reject-with icmp-${why}`}`,
    nft: `meta l4proto ${kind} meta mark ${value} reject${why && ` with icmp type ${why}`}`,
  })),
  fc.tuple(one('INPUT', 'FORWARD', 'OUTPUT'), one('NEW', 'ESTABLISHED')).map(([chain, state]): Filter => ({
    ...{ table: 'filter', chain, tries: `reject by reset, ${state === 'NEW' ? 'what begins' : 'what is established'}` },
    iptables: `-p tcp -m conntrack --ctstate ${state} -j REJECT --reject-with tcp-reset`,
    nft: `ct state ${state.toLowerCase()} meta l4proto tcp reject with tcp reset`,
  })),
);

/** Rules; in some trials, errors are likely to be about packets whose addresses have been translated. */
export const filters: fc.Arbitrary<readonly Filter[]> = fc.oneof(
  { weight: 5, arbitrary: fc.array(filter, { maxLength: 6 }) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.array(filter, { maxLength: 4 }), destinationNat, destinationNat, fc.oneof(refusal, ttl))
      .map(([some, ...others]) => [...some, ...others]),
  },
);

/** The names of priorities; in the table nat, each hook has its own. */
const natPriority: Readonly<Record<string, string>> = { PREROUTING: 'dstnat', POSTROUTING: 'srcnat', OUTPUT: '-100' };

export function asNft(filters: readonly Filter[]): string {
  const chains = [...new Set(filters.map(({ table: name, chain }) => `${name} ${chain}`))];
  const body = chains.map((key) => {
    const [name = '', chain = ''] = key.split(' ');
    const order = name === 'nat' ? (natPriority[chain] ?? '') : name;
    const type = name === 'nat' ? 'nat' : name === 'mangle' && chain === 'OUTPUT' ? 'route' : 'filter';
    const rules = filters.filter((each) => `${each.table} ${each.chain}` === key).map(({ nft }) => `    ${nft}`);
    return [
      `  chain ${name}_${chain} {`,
      `    type ${type} hook ${chain.toLowerCase()} priority ${order}`,
      ...rules,
      '  }',
    ].join('\n');
  });
  return `nft -f - <<'END'\ntable ip trial {\n${body.join('\n')}\n}\nEND`;
}

export function asIptables(filters: readonly Filter[]): string {
  const tables = [...new Set(filters.map(({ table: name }) => name))];
  const body = tables.map((name) =>
    [
      `*${name}`,
      ...filters.filter((each) => each.table === name).map(({ chain, iptables }) => `-A ${chain} ${iptables}`),
      'COMMIT',
    ].join('\n'),
  );
  return `iptables-restore <<'END'\n${body.join('\n')}\nEND`;
}
