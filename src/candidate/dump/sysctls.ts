import type { Input } from '../commands/input.ts';
import { refuse } from '../commands/refusal.ts';
import { command, type Command } from './step.ts';

/** Below `net.ipv4.conf.<interface>`: what bears on a packet's way. */
const perInterface = [
  ...['forwarding', 'rp_filter', 'accept_local', 'src_valid_mark', 'route_localnet', 'ignore_routes_with_linkdown'],
  ...['send_redirects', 'accept_redirects', 'secure_redirects', 'shared_media', 'accept_source_route', 'log_martians'],
  ...['arp_ignore', 'arp_filter', 'arp_announce', 'arp_accept', 'arp_notify', 'proxy_arp', 'promote_secondaries'],
];

/** Below `net`. */
const global = new Set([
  ...['ipv4.ip_forward', 'ipv4.fib_multipath_hash_policy', 'ipv4.fib_multipath_hash_fields'],
  ...['ipv4.fib_multipath_use_neigh', 'ipv4.fwmark_reflect', 'ipv4.tcp_fwmark_accept', 'ipv4.ip_nonlocal_bind'],
  ...['ipv4.icmp_echo_ignore_all', 'ipv4.ip_default_ttl', 'netfilter.nf_conntrack_tcp_loose'],
  ...['netfilter.nf_conntrack_tcp_be_liberal', 'netfilter.nf_conntrack_udp_timeout'],
  ...['netfilter.nf_conntrack_udp_timeout_stream', 'netfilter.nf_conntrack_icmp_timeout'],
  'netfilter.nf_conntrack_generic_timeout',
  ...['syn_sent', 'syn_recv', 'established', 'fin_wait', 'close_wait', 'last_ack', 'time_wait', 'close'].map(
    (state) => `netfilter.nf_conntrack_tcp_timeout_${state}`,
  ),
]);

/** What bears on it, too, and is modelled as the kernel has it by default only. */
const onlyAt: Readonly<Record<string, string>> = {
  ...{ 'ipv4.ip_early_demux': '1', 'ipv4.tcp_early_demux': '1', 'ipv4.udp_early_demux': '1' },
  ...{ 'ipv4.ip_dynaddr': '0', 'ipv4.icmp_errors_use_inbound_ifaddr': '0', 'ipv4.nexthop_compat_mode': '1' },
  ...{ 'ipv4.conf.*.bc_forwarding': '0', 'ipv4.conf.*.medium_id': '0', 'ipv4.conf.*.proxy_arp_pvlan': '0' },
  ...{ 'ipv4.conf.*.mc_forwarding': '0', 'ipv4.conf.*.drop_unicast_in_l2_multicast': '0' },
};

/**
 * What doesn't: other parts of the system, IPv6, how fast connections go, how much there is room for. The seed of the choice
 * among nexthops is the run's own (`--seed`): a host has another at each start, unless somebody has set it.
 */
const withoutBearing =
  /^(?:(?!net\.)|net\.(?!ipv4\.|netfilter\.|bridge\.)|net\.bridge\.|net\.ipv4\.(?:tcp_|udp_|icmp_|igmp_|neigh\.|route\.|ipfrag_|inet_peer_|cipso_|ping_group_range|xfrm4_gc_thresh|raw_l3mdev_accept|ip_(?:local_(?:port_range|reserved_ports)|unprivileged_port_start|autobind_reuse|no_pmtu_disc|forward_use_pmtu|forward_update_priority)|fib_(?:multipath_hash_seed|notify_on_flag_change|sync_mem)|nf_conntrack_max$|conf\.[^.]+\.(?:arp_evict_nocarrier|bootp_relay|disable_policy|disable_xfrm|drop_gratuitous_arp|force_igmp_version|igmpv[23]_unsolicited_report_interval|tag)$)|net\.netfilter\.nf_(?:log|hooks_lwtunnel|flowtable_|conntrack_(?:acct|buckets|checksum|count|dccp_|events|expect_max|frag6_|gre_|helper|icmpv6_|log_invalid|max|sctp_|tcp_(?:ignore_invalid_rst|max_retrans|timeout_(?:max_retrans|unacknowledged))|timestamp)))/;

/** Interfaces that each host has settings for. */
const everywhere = ['all', 'default', 'lo'];

/** Whether a sysctl, by its whole name, bears on a packet's way. */
export function bearsOnPackets(name: string): boolean {
  const [, key] = /^net\.ipv4\.conf\.[^.]+\.([^.]+)$/.exec(name) ?? [];
  return key === undefined
    ? name.startsWith('net.') && global.has(name.slice('net.'.length))
    : perInterface.includes(key);
}

/**
 * What `sysctl -a` says that bears on a packet's way, as commands in the order in which they have to be given: forwarding, for
 * it sets others, what new interfaces get, for old ones may get it, too, and the rest.
 *
 * @param present names of the interfaces that there are
 * @param passed names of the interfaces that are left out; where there is one of that name nevertheless, it gets its settings
 * @throws LabError 'invalid' with `file:line:column` for a line that is none, an interface that isn't there, and for what bears
 *   on a packet's way and isn't modelled
 */
export function readSysctls(
  { text, at }: Input,
  present: ReadonlySet<string>,
  passed: ReadonlySet<string>,
): readonly Command[] {
  const ranked = text.split('\n').flatMap((line, index) => {
    const where = { ...at, line: at.line + index };
    if (line.trim() === '') return [];
    const [, name, value] = /^([^\s=]+) = ?(.*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) {
      return refuse(where, `expected NAME = VALUE, got ${JSON.stringify(line.slice(0, 80))}`, 'as sysctl -a prints it');
    }
    const [, device, key] = /^net\.ipv4\.conf\.([^.]+)\.([^.]+)$/.exec(name) ?? [];
    const known = device === undefined ? name.replace(/^net\./, '') : `ipv4.conf.*.${key ?? ''}`;
    const only = onlyAt[known];
    if (only !== undefined && value !== only) {
      refuse(where, `${name} = ${value} is not modelled`, `only ${name} = ${only} is`);
    }
    if (!bearsOnPackets(name)) {
      if (only !== undefined || withoutBearing.test(name)) return [];
      return refuse(where, `${name} is not modelled`, 'if it has no bearing on where packets go, leave the line out');
    }
    // What has a dot in its name, has a slash here.
    const named = device?.replaceAll('/', '.');
    const isPassed = named !== undefined && passed.has(named);
    if (named !== undefined && !isPassed && !everywhere.includes(named) && !present.has(named)) {
      refuse(where, `${name}: there is no interface ${named}`, 'ip-addr.json tells which interfaces there are');
    }
    // A kernel that hasn't got it does as others do where it is 0; and a tunnel may be there before it has an address.
    const neutral = value === '0' || (known.endsWith('hash_fields') && value === '7');
    const optional = neutral || isPassed ? ['-e'] : [];
    const said = { text: `${name}=${value}`, at: where };
    const rank = known === 'ipv4.ip_forward' ? 0 : named === 'all' ? 1 : named === 'default' ? 2 : 3;
    return [{ rank, command: command(where, '-q', ...optional, '-w', said) }];
  });
  return ranked.toSorted((one, other) => one.rank - other.rank).map((each) => each.command);
}
