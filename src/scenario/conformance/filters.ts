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
const protocol = one('udp', 'tcp', 'icmp');
const reason = one('', '', 'host-prohibited', 'admin-prohibited', 'net-unreachable', 'host-unreachable');

export const filter: fc.Arbitrary<Filter> = fc.oneof(
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
  fc.tuple(one('PREROUTING', 'POSTROUTING'), protocol).map(([chain, kind]): Filter => ({
    ...{ table: 'mangle', chain, tries: 'TTL set' },
    iptables: `-p ${kind} -j TTL --ttl-set 1`,
    nft: `meta l4proto ${kind} ip ttl set 1`,
  })),
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
  fc.tuple(uplink, one('udp', 'tcp')).map(([name, kind]): Filter => ({
    ...{ table: 'nat', chain: 'PREROUTING', tries: 'DNAT' },
    iptables: `-i ${name} -p ${kind} --dport ${ports.forwarded} -j DNAT --to-destination ${home.host}:${kind === 'udp' ? ports.wildcard : ports.stream}`,
    nft: `iifname ${name} ${kind} dport ${ports.forwarded} dnat to ${home.host}:${kind === 'udp' ? ports.wildcard : ports.stream}`,
  })),
  fc.tuple(line, one('udp', 'tcp')).map(([{ name, address }, kind]): Filter => ({
    ...{ table: 'nat', chain: 'PREROUTING', tries: 'REDIRECT' },
    iptables: `-i ${name} -d ${address} -p ${kind} --dport ${ports.closed} -j REDIRECT --to-ports ${kind === 'udp' ? ports.wildcard : ports.stream}`,
    nft: `iifname ${name} ip daddr ${address} ${kind} dport ${ports.closed} redirect to :${kind === 'udp' ? ports.wildcard : ports.stream}`,
  })),
  fc.tuple(one('udp', 'tcp'), one(elsewhere, home.host)).map(([kind, to]): Filter => ({
    ...{ table: 'nat', chain: 'OUTPUT', tries: 'DNAT in OUTPUT' },
    iptables: `-p ${kind} --dport ${ports.closed} -j DNAT --to-destination ${to}:${kind === 'udp' ? ports.wildcard : ports.stream}`,
    nft: `${kind} dport ${ports.closed} dnat to ${to}:${kind === 'udp' ? ports.wildcard : ports.stream}`,
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
  fc.tuple(one('INPUT', 'FORWARD'), uplink, protocol, reason).map(([chain, name, kind, why]): Filter => ({
    ...{ table: 'filter', chain, tries: `reject in ${chain}` },
    iptables: `-i ${name} -p ${kind} -m conntrack --ctstate NEW -j REJECT${why && ` --reject-with icmp-${why}`}`,
    nft: `iifname ${name} meta l4proto ${kind} ct state new reject${why && ` with icmp type ${why}`}`,
  })),
  one('INPUT', 'FORWARD', 'OUTPUT').map((chain): Filter => ({
    ...{ table: 'filter', chain, tries: 'reject by reset' },
    iptables: '-p tcp -m conntrack --ctstate ESTABLISHED -j REJECT --reject-with tcp-reset',
    nft: 'ct state established meta l4proto tcp reject with tcp reset',
  })),
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
