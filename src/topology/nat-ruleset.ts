import type { Nat } from './topology.ts';

/** Ports that a NAT without memory uses in turn for what it sends. */
const ports = Array.from({ length: 64 }, (_, index) => 40001 + index);

/** A NAT as an nftables ruleset, which takes the place of the host's last one. */
export function natRules(nat: Nat): string {
  const { outside, customers, address } = nat;
  return [
    'table ip carrier-nat',
    'delete table ip carrier-nat',
    'table ip carrier-nat {',
    '  chain postrouting {',
    '    type nat hook postrouting priority srcnat',
    `    oifname "${outside}" ip saddr ${customers} snat to ${address}`,
    '  }',
    // What comes for the shared address without a mapping is nobody's; a carrier's NAT drops it without a word.
    '  chain input {',
    '    type filter hook input priority filter',
    `    iifname "${outside}" ip daddr ${address} counter drop`,
    '  }',
    ...modeRules(nat),
    '}',
  ].join('\n');
}

function modeRules(nat: Nat): readonly string[] {
  switch (nat.mode) {
    case 'stateful':
      return [];
    case 'short-lived':
      return shortLived(nat.lifetime, nat);
    case 'one-way':
      return [...raw('meta l4proto udp notrack'), ...stateless(nat)];
    case 'table-full':
      return [
        '  chain forward {',
        '    type filter hook forward priority filter',
        `    oifname "${nat.outside}" ip saddr ${nat.customers} ct state new ct count over ${nat.room} counter drop`,
        '  }',
      ];
  }
}

/**
 * Conntrack refreshes a mapping with each packet. So a flow's first packet is put into a set whose elements die by age
 * alone, and replies pass only while it is there; and into another that is kept, so that it is no first packet again.
 */
function shortLived(lifetime: number, nat: Nat): readonly string[] {
  const flow = 'ip saddr . udp sport . ip daddr . udp dport';
  const outward = `ip saddr ${nat.customers} ${flow}`;
  return [
    '  set alive {',
    '    type ipv4_addr . inet_service . ipv4_addr . inet_service',
    `    flags dynamic,timeout; timeout ${lifetime}s; size 65535`,
    '  }',
    '  set known {',
    '    type ipv4_addr . inet_service . ipv4_addr . inet_service',
    '    flags dynamic; size 65535',
    '  }',
    ...raw(
      `${outward} @alive accept`,
      `${outward} @known notrack accept`,
      `ip saddr ${nat.customers} meta l4proto udp add @known { ${flow} } add @alive { ${flow} }`,
    ),
    '  chain forward {',
    '    type filter hook forward priority filter',
    `    iifname "${nat.outside}" ip daddr . udp dport . ip saddr . udp sport != @alive counter drop`,
    '  }',
    ...stateless(nat),
  ];
}

function raw(...rules: readonly string[]): readonly string[] {
  return [
    '  chain raw {',
    '    type filter hook prerouting priority raw',
    ...rules.map((rule) => `    ${rule}`),
    '  }',
  ];
}

/** What isn't tracked is translated packet by packet. (`numgen … offset` without a map would write port 0.) */
function stateless({ outside, customers, address }: Nat): readonly string[] {
  const map = ports.map((port, index) => `${index} : ${port}`).join(', ');
  return [
    '  chain stateless {',
    '    type filter hook postrouting priority srcnat + 10',
    `    oifname "${outside}" ip saddr ${customers} ct state untracked meta l4proto udp ` +
      `ip saddr set ${address} udp sport set numgen inc mod ${ports.length} map { ${map} }`,
    '  }',
  ];
}
