import { LabError } from '../net/error.ts';
import type { Host } from './topology.ts';

/**
 * The sysctls under which a host runs. A new network namespace inherits some of the machine's, so every one that the
 * lab's subject depends on is set, and the set has a name: which profile a recipe was tried under is half of why it
 * works for one person and not for another.
 */
export const profiles = {
  /** The kernel's own defaults. */
  kernel: { accept_source_route: 1, promote_secondaries: 0, rp_filter: 0 },
  /** What systemd's 50-default.conf makes of them on most distributions, loose reverse-path filtering first of all. */
  systemd: { accept_source_route: 0, promote_secondaries: 1, rp_filter: 2 },
} as const;

export type ProfileName = keyof typeof profiles;

/** @throws LabError `invalid` if there is none of that name */
export function profileNamed(name: string): ProfileName {
  if (Object.hasOwn(profiles, name)) return name as ProfileName;
  throw new LabError(
    'invalid',
    `there is no sysctl profile '${name}'`,
    `There are: ${Object.keys(profiles).join(', ')}`,
  );
}

/** Values below /proc/sys/net/ipv4 that are the same in every profile: the kernel's defaults. */
const common: Readonly<Record<string, number>> = {
  fib_multipath_hash_policy: 0,
  fib_multipath_use_neigh: 0,
  fwmark_reflect: 0,
  tcp_fwmark_accept: 0,
  icmp_echo_ignore_all: 0,
  ip_nonlocal_bind: 0,
};

/** Values below /proc/sys/net/ipv4/conf/<interface>, for `all`, `default` and each interface. */
const perInterface: Readonly<Record<string, number>> = {
  accept_local: 0,
  arp_announce: 0,
  arp_filter: 0,
  arp_ignore: 0,
  ignore_routes_with_linkdown: 0,
  log_martians: 0,
  proxy_arp: 0,
  route_localnet: 0,
  send_redirects: 1,
  src_valid_mark: 0,
};

/** Conntrack's timeouts for UDP, in seconds, below /proc/sys/net/netfilter. */
const conntrack: Readonly<Record<string, number>> = {
  nf_conntrack_udp_timeout: 30,
  nf_conntrack_udp_timeout_stream: 120,
};

/** A sysctl's path below /proc/sys/net, and its value. */
export type Setting = readonly [path: string, value: number];

/** The seed of the choice among nexthops: not every kernel has it. */
export const hashSeedPath = 'ipv4/fib_multipath_hash_seed';

/**
 * All of a host's sysctls, in the order in which they are to be written, when its interfaces exist.
 *
 * @param seed of the choice among nexthops, 1 to 2³²−1
 */
export function sysctlsOf(
  host: Host,
  interfaces: readonly string[],
  profile: ProfileName,
  seed: number,
): readonly Setting[] {
  const names = ['all', 'default', 'lo', ...interfaces];
  return [
    ['ipv6/conf/all/disable_ipv6', 1],
    ['ipv6/conf/default/disable_ipv6', 1],
    // Forwarding first: writing it resets other values of each interface.
    ['ipv4/ip_forward', host.forwarding ? 1 : 0],
    ...Object.entries(common).map(([key, value]): Setting => [`ipv4/${key}`, value]),
    ...names.flatMap((name) =>
      Object.entries(perInterface).map(([key, value]): Setting => [`ipv4/conf/${name}/${key}`, value]),
    ),
    // A router takes no redirects unless it is told to; the kernel itself ties the one to the other.
    ...names.map((name): Setting => [`ipv4/conf/${name}/accept_redirects`, host.forwarding ? 0 : 1]),
    // What holds is made up of the values of `all` and of the interface; systemd leaves `all` alone.
    ...names.flatMap((name) =>
      Object.entries(profiles[profile]).map(([key, value]): Setting => [
        `ipv4/conf/${name}/${key}`,
        name === 'all' ? 0 : value,
      ]),
    ),
    ...Object.entries(conntrack).map(([key, value]): Setting => [`netfilter/${key}`, value]),
    [hashSeedPath, seed],
  ];
}
