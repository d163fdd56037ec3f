import type { Era } from './era.ts';

/** A network namespace's sysctls, by their path below /proc/sys/net with dots, e.g. `ipv4.conf.all.rp_filter`. */
export interface Sysctls {
  /** The value; 0 for one that the era doesn't have. */
  read(name: string): number;
  /** The value; null if there is no sysctl of that name. */
  value(name: string): number | null;
  /** @returns false if there is no sysctl of that name */
  write(name: string, value: number): boolean;
  /** What was written to variables that bear on nothing here. */
  readonly idle: Map<string, string>;
  /** The values of an interface's that bear on packets, ready for use. */
  interfaceValues(device: string): InterfaceValues;
  /** Gives a new interface the default values. */
  addInterface(device: string): void;
  removeInterface(device: string): void;
}

/** What holds for an interface: `all` and its own value taken together, as the kernel does for each of them. */
export interface InterfaceValues {
  readonly forwarding: boolean;
  /** The greater of the two. */
  readonly reversePath: number;
  readonly acceptLocal: boolean;
  readonly sourceValidMark: boolean;
  readonly logMartians: boolean;
  readonly routeLocalnet: boolean;
  readonly sendRedirects: boolean;
  /** Where the interface forwards, both have to allow it; otherwise either. */
  readonly acceptRedirects: boolean;
  readonly secureRedirects: boolean;
  readonly sharedMedia: boolean;
  readonly ignoreRoutesWithLinkDown: boolean;
  /** arp_ignore: the greater of the two. */
  readonly arpIgnore: number;
  readonly arpFilter: boolean;
  readonly arpAnnounce: number;
  readonly proxyArp: boolean;
  readonly promoteSecondaries: boolean;
}

const perInterface: Readonly<Record<string, number>> = {
  forwarding: 0,
  rp_filter: 0,
  accept_local: 0,
  src_valid_mark: 0,
  log_martians: 0,
  route_localnet: 0,
  send_redirects: 1,
  accept_redirects: 1,
  secure_redirects: 1,
  shared_media: 1,
  accept_source_route: 0,
  ignore_routes_with_linkdown: 0,
  arp_ignore: 0,
  arp_filter: 0,
  arp_announce: 0,
  arp_notify: 0,
  arp_accept: 0,
  proxy_arp: 0,
  promote_secondaries: 0,
};

const global: Readonly<Record<string, number>> = {
  'ipv4.ip_forward': 0,
  'ipv4.fib_multipath_hash_policy': 0,
  'ipv4.fib_multipath_hash_fields': 7,
  'ipv4.fib_multipath_hash_seed': 0,
  'ipv4.fib_multipath_use_neigh': 0,
  'ipv4.fwmark_reflect': 0,
  'ipv4.tcp_fwmark_accept': 0,
  'ipv4.ip_nonlocal_bind': 0,
  'ipv4.icmp_echo_ignore_all': 0,
  'ipv4.icmp_echo_ignore_broadcasts': 1,
  // Milliseconds between errors, and a bit for each type that is held to that.
  'ipv4.icmp_ratelimit': 1000,
  'ipv4.icmp_ratemask': 0x1818,
  'ipv4.ip_default_ttl': 64,
  'netfilter.nf_conntrack_udp_timeout': 30,
  'netfilter.nf_conntrack_udp_timeout_stream': 120,
  'netfilter.nf_conntrack_icmp_timeout': 30,
  'netfilter.nf_conntrack_generic_timeout': 600,
  'netfilter.nf_conntrack_tcp_timeout_syn_sent': 120,
  'netfilter.nf_conntrack_tcp_timeout_syn_recv': 60,
  'netfilter.nf_conntrack_tcp_timeout_established': 432_000,
  'netfilter.nf_conntrack_tcp_timeout_fin_wait': 120,
  'netfilter.nf_conntrack_tcp_timeout_close_wait': 60,
  'netfilter.nf_conntrack_tcp_timeout_last_ack': 30,
  'netfilter.nf_conntrack_tcp_timeout_time_wait': 120,
  'netfilter.nf_conntrack_tcp_timeout_close': 10,
  'netfilter.nf_conntrack_tcp_loose': 1,
  'netfilter.nf_conntrack_tcp_be_liberal': 0,
  'netfilter.nf_conntrack_max': 262_144,
};

/** The kernel's own defaults. */
export function createSysctls(era: Era): Sysctls {
  const values = new Map<string, number>(Object.entries(global));
  values.set('netfilter.nf_conntrack_udp_timeout_stream', era.udpStreamTimeout);
  for (const [since, name] of [
    [era.hashPolicies >= 1, 'ipv4.fib_multipath_hash_policy'],
    [era.hashPolicies >= 3, 'ipv4.fib_multipath_hash_fields'],
    [era.hashSeed, 'ipv4.fib_multipath_hash_seed'],
    [era.useNeighbours, 'ipv4.fib_multipath_use_neigh'],
    [era.tcpFwmarkAccept, 'ipv4.tcp_fwmark_accept'],
    [era.tcpFwmarkAccept, 'ipv4.fwmark_reflect'],
  ] as const) {
    if (!since) values.delete(name);
  }
  const known = Object.keys(perInterface).filter(
    (key) =>
      (key !== 'ignore_routes_with_linkdown' || era.linkDown) &&
      (key !== 'src_valid_mark' || era.sourceValidMark) &&
      (key !== 'accept_local' || era.acceptLocal),
  );
  const devices = new Set<string>();
  const cache = new Map<string, InterfaceValues>();
  const own = (device: string, key: string): number => values.get(`ipv4.conf.${device}.${key}`) ?? 0;

  const addInterface = (device: string): void => {
    devices.add(device);
    for (const key of known) {
      const inherited = device === 'all' || device === 'default' ? perInterface[key] : own('default', key);
      values.set(`ipv4.conf.${device}.${key}`, inherited ?? 0);
    }
  };
  addInterface('all');
  addInterface('default');

  const forwardEverywhere = (value: number): void => {
    for (const device of devices) {
      values.set(`ipv4.conf.${device}.forwarding`, value);
      if (device !== 'default') values.set(`ipv4.conf.${device}.accept_redirects`, value === 0 ? 1 : 0);
    }
    values.set('ipv4.ip_forward', value);
  };

  return {
    idle: new Map(),
    read: (name) => values.get(name) ?? 0,
    value: (name) => values.get(name) ?? null,
    write: (name, value) => {
      if (!values.has(name)) return false;
      cache.clear();
      if (name !== 'ipv4.ip_forward' && name !== 'ipv4.conf.all.forwarding') values.set(name, value);
      // What it was already changes no interface (net/ipv4/devinet.c, devinet_sysctl_forward).
      else if (values.get(name) !== value) forwardEverywhere(value);
      return true;
    },
    interfaceValues: (device) => {
      const cached = cache.get(device);
      if (cached) return cached;
      const either = (key: string): boolean => own('all', key) !== 0 || own(device, key) !== 0;
      const both = (key: string): boolean => own('all', key) !== 0 && own(device, key) !== 0;
      const greater = (key: string): number => Math.max(own('all', key), own(device, key));
      const found: InterfaceValues = {
        forwarding: own(device, 'forwarding') !== 0,
        reversePath: greater('rp_filter'),
        acceptLocal: either('accept_local'),
        sourceValidMark: either('src_valid_mark'),
        logMartians: either('log_martians'),
        routeLocalnet: either('route_localnet'),
        sendRedirects: either('send_redirects'),
        acceptRedirects: own(device, 'forwarding') === 0 ? either('accept_redirects') : both('accept_redirects'),
        secureRedirects: either('secure_redirects'),
        sharedMedia: either('shared_media'),
        ignoreRoutesWithLinkDown: either('ignore_routes_with_linkdown'),
        arpIgnore: greater('arp_ignore'),
        arpFilter: either('arp_filter'),
        arpAnnounce: greater('arp_announce'),
        proxyArp: either('proxy_arp'),
        promoteSecondaries: either('promote_secondaries'),
      };
      cache.set(device, found);
      return found;
    },
    addInterface: (device) => {
      cache.clear();
      addInterface(device);
    },
    removeInterface: (device) => {
      cache.clear();
      devices.delete(device);
      for (const key of known) values.delete(`ipv4.conf.${device}.${key}`);
    },
  };
}
