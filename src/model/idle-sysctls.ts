/**
 * Variables below /proc/sys/net that the kernel has and that have no bearing on where a packet goes, in the model: scripts may
 * write them. Dots stand for slashes.
 */
const idle =
  /^(?:ipv6[.]|core[.]|ipv4[.](?:tcp_(?!fwmark_accept)|udp_|icmp_(?!echo_ignore_all|ratelimit|ratemask)|igmp_|neigh[.]|route[.]|ipfrag_|ip_local_port_range$|conf[.][^.]+[.](?:bootp_relay|disable_policy|disable_xfrm|tag|mc_forwarding|medium_id|drop_|force_igmp)))/;

/** Their values in a new network namespace, of those whose value depends neither on the machine nor on how its kernel was made. */
export const defaults: Readonly<Record<string, string>> = {
  'ipv4.tcp_syn_retries': '6',
  'ipv4.tcp_synack_retries': '5',
  'ipv4.tcp_retries1': '3',
  'ipv4.tcp_retries2': '15',
  'ipv4.tcp_orphan_retries': '0',
  'ipv4.tcp_keepalive_time': '7200',
  'ipv4.tcp_keepalive_intvl': '75',
  'ipv4.tcp_keepalive_probes': '9',
  'ipv4.tcp_fin_timeout': '60',
  'ipv4.tcp_timestamps': '1',
  'ipv4.tcp_sack': '1',
  'ipv4.tcp_dsack': '1',
  'ipv4.tcp_window_scaling': '1',
  'ipv4.tcp_ecn': '2',
  'ipv4.tcp_syncookies': '1',
  'ipv4.tcp_mtu_probing': '0',
  'ipv4.tcp_base_mss': '1024',
  'ipv4.tcp_slow_start_after_idle': '1',
  'ipv4.tcp_moderate_rcvbuf': '1',
  'ipv4.tcp_no_metrics_save': '0',
  'ipv4.tcp_tw_reuse': '2',
  'ipv4.tcp_rfc1337': '0',
  'ipv4.tcp_early_demux': '1',
  'ipv4.tcp_l3mdev_accept': '0',
  'ipv4.udp_early_demux': '1',
  'ipv4.udp_l3mdev_accept': '0',
  'ipv4.icmp_echo_ignore_broadcasts': '1',
  'ipv4.icmp_errors_use_inbound_ifaddr': '0',
  'ipv4.icmp_ignore_bogus_error_responses': '1',
  'ipv4.igmp_max_memberships': '20',
  'ipv4.ip_local_port_range': '32768\t60999',
  'ipv4.ipfrag_time': '30',
};

/** Those of each interface, but for the loopback device. */
export const interfaceDefaults: Readonly<Record<string, string>> = {
  bootp_relay: '0',
  disable_policy: '0',
  disable_xfrm: '0',
  tag: '0',
  mc_forwarding: '0',
  medium_id: '0',
  drop_gratuitous_arp: '0',
  drop_unicast_in_l2_multicast: '0',
  force_igmp_version: '0',
};

export function isIdle(name: string): boolean {
  return idle.test(name);
}

/** Null: it isn't known. */
export function defaultOf(name: string): string | null {
  const [, device, key] = /^ipv4[.]conf[.]([^.]+)[.](\w+)$/.exec(name) ?? [];
  if (device !== undefined && key !== undefined) return device === 'lo' ? null : (interfaceDefaults[key] ?? null);
  return defaults[name] ?? null;
}
