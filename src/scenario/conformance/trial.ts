import type { Ping } from '../../backend/lab.ts';
import type { Shot } from '../../backend/volley.ts';

/** A router that is set up at random, and what is sent through it, in one phase after another. */
export interface Trial {
  /** Of the multipath hash. */
  readonly seed: number;
  readonly phases: readonly Phase[];
}

export interface Phase {
  /** What is done before, each on a host, in turn. */
  readonly steps: readonly Step[];
  readonly shots: readonly Shot[];
}

/** A piece of a script. */
export interface Step {
  readonly host: string;
  /** One command, or a document for one. */
  readonly script: string;
  /** The mechanisms that it is about, for the count of what was tried. */
  readonly tries: readonly string[];
}

/** The lines of the crossroads' server, and what its networks are. */
export const lines = [1, 2, 3, 4].map((number) => ({
  name: `up${number}`,
  address: `203.0.${112 + number}.2`,
  gateway: `203.0.${112 + number}.1`,
  /** Its first three numbers. */
  network: `203.0.${112 + number}`,
  table: 100 + number,
}));
export const home = { name: 'lan', router: '192.168.7.1', host: '192.168.7.10', network: '10.8.0.0/16' };
/** Addresses that the host in the internet claims to have, too. */
export const claimed = { network: '10.8.240.0/20', first: 240 };

/** An address in the internet that is no shot's own. */
export const elsewhere = '198.18.0.1';

/** Ports that something answers at: by a wildcard UDP socket, by one bound to the address, over TCP; and one where nothing does. */
export const ports = { wildcard: 7, bound: 8, stream: 9, closed: 11, forwarded: 80 };
/** Where a name server answers with the address that was asked, and the name that it knows. */
export const names = { port: 53, known: 'conformance.test' };

/**
 * Brings the server, and the other ends of its lines, to what they were, whatever was done to them. A part of each trial's
 * script, so that what it leaves behind is left behind on both backends.
 */
export function resetOf(seed: number): readonly Step[] {
  const ip = (commands: readonly string[]): string => `ip -batch - <<'END'\n${commands.join('\n')}\nEND`;
  const perDevice = ['all', 'default', 'lo', home.name, ...lines.map(({ name }) => name)].flatMap((device) =>
    Object.entries(interfaceDefaults).map(([key, value]) => `echo ${value} >/proc/sys/net/ipv4/conf/${device}/${key}`),
  );
  return [
    {
      host: 'internet',
      script: [
        ip([
          ...uplinks.map((name) => `link set ${name} up`),
          `route replace local ${claimed.network} dev lo table local`,
          // A quarter of the addresses at home are to be found over each line.
          ...lines.map(({ address }, index) => `route replace 10.8.${index * 64}.0/18 via ${address}`),
        ]),
        afresh(uplinks),
      ].join('\n'),
      tries: [],
    },
    { host: 'lan', script: afresh(['server']), tries: [] },
    {
      host: 'server',
      script: [
        'nft flush ruleset',
        ip([
          ...lines.map(({ name }) => `link set ${name} up`),
          'rule flush',
          'nexthop flush',
          'rule add priority 32766 from all lookup main',
          'rule add priority 32767 from all lookup default',
          ...['main', ...lines.map(({ table }) => table), 200].map((table) => `route flush table ${table}`),
          ...lines.flatMap(({ name, address }) => [
            `address flush dev ${name}`,
            `address add ${address}/24 dev ${name}`,
          ]),
          `address flush dev ${home.name}`,
          `address add 192.168.7.1/24 dev ${home.name}`,
          `route add ${home.network} via ${home.host} dev ${home.name}`,
        ]),
        'conntrack -F 2>/dev/null',
        afresh([...uplinks, home.name]),
        ...perDevice,
        ...Object.entries(hostDefaults).map(([key, value]) => `echo ${value} >/proc/sys/net/ipv4/${key}`),
        ...Object.entries({ fib_multipath_hash_fields: 7, fib_multipath_hash_seed: seed }).map(([key, value]) => {
          const file = `/proc/sys/net/ipv4/${key}`;
          return `if [ -e ${file} ]; then echo ${value} >${file}; fi`;
        }),
        ...['udp', 'icmp'].map((name) => `echo 30 >/proc/sys/net/netfilter/nf_conntrack_${name}_timeout`),
      ].join('\n'),
      tries: [],
    },
  ];
}

const interfaceDefaults = {
  forwarding: 1,
  rp_filter: 0,
  accept_local: 0,
  src_valid_mark: 0,
  ignore_routes_with_linkdown: 0,
  send_redirects: 0,
};

const hostDefaults = {
  fib_multipath_hash_policy: 0,
  fib_multipath_use_neigh: 0,
  fwmark_reflect: 0,
  tcp_fwmark_accept: 0,
};

/**
 * What is to be answered over each link while nothing is in its way: so that who asks whom for its hardware address, and when, is no
 * matter of time.
 */
export const acquaintance: readonly Ping[] = [
  ...lines.map(({ address }) => ({ host: 'internet', destination: address })),
  { host: home.name, destination: '192.168.7.1' },
];

/** ICMP errors are not to be too many for the kernel to tell; and nobody waits for an answer to a question of ARP's of long ago. */
const afresh = (devices: readonly string[]): string =>
  ['echo 0 >/proc/sys/net/ipv4/icmp_ratemask', ...devices.map((name) => `ip neighbour flush dev ${name}`)].join('\n');
const uplinks = lines.map(({ name }) => name);
