import type { HashOrder, SourcePreference } from './multipath.ts';
import { compareVersions, knownVersion, versionOf } from './release.ts';

/** What of the data path depends on the kernel's version. Its values for a release: `eraOf`. */
export interface Era {
  /** The release that it stands for, e.g. `6.18.44`. */
  readonly release: string;
  /** Routes that were looked up are remembered by (destination, source, device, mark, tos). */
  readonly routeCache: boolean;
  /** `rotation`: each look-up takes the next share; `hash`: each flow keeps its nexthop. */
  readonly multipathChoice: 'rotation' | 'hash';
  /** What a redirect changes: what the route cache has, or the nexthop, for one destination. */
  readonly redirects: 'cached' | 'exception';
  /** What a local sender's flow is hashed by: always addresses, ports and protocol, or what the hash policy says. */
  readonly localFlowHash: 'layer-4' | 'policy';
  /** Whether a forwarded packet and its answer hash alike. */
  readonly symmetricForwardHash: boolean;
  /** The largest fib_multipath_hash_policy. */
  readonly hashPolicies: number;
  /** Whether fib_multipath_hash_seed makes the hash known; before, it has a secret of its own. */
  readonly hashSeed: boolean;
  readonly hashOrder: HashOrder;
  readonly sourcePreference: SourcePreference;
  /** A connecting socket without a port is hashed with a random one. */
  readonly anySourcePort: boolean;
  /** How many of the waits between a connection's first packets are as long as the first (tcp_syn_linear_timeouts). */
  readonly linearSynTimeouts: number;
  readonly useNeighbours: boolean;
  /** Whether routes know that their device has no carrier. */
  readonly linkDown: boolean;
  readonly nexthopObjects: boolean;
  /** Which tables lose the routes that name an address as their `src` when that is removed. */
  readonly sourceRemoval: 'all' | 'none' | 'main';
  readonly acceptLocal: boolean;
  /** Without reverse-path filter: whether a packet from one of the host's own addresses is refused. */
  readonly localSourceCheck: 'always' | 'never' | 'unless-accept-local';
  /** What a sender gets who names a source that isn't the host's. */
  readonly foreignSource: 'EINVAL' | 'ENETUNREACH';
  /** What a connected socket of the host's own would take is passed on if its destination is the host's no longer. */
  readonly forwardsForSockets: boolean;
  readonly reversePathCounter: boolean;
  /** The lowest address of a network is a broadcast address, too. */
  readonly zeroBroadcast: boolean;
  /** Rules by port and protocol; by user; that suppress short prefixes. */
  readonly rulePorts: boolean;
  readonly ruleUsers: boolean;
  readonly ruleSuppress: boolean;
  /** Whoever lists or flushes a table that isn't there is told so. */
  readonly tableFilter: boolean;
  /** Conntrack's timeout of an answered UDP flow: at once the long one, or only from two seconds of age on. */
  readonly udpStream: 'at-once' | 'after-two-seconds';
  /** Seconds. */
  readonly udpStreamTimeout: number;
  /** A masqueraded connection dies when its packets leave by another device. */
  readonly masqueradeFollowsRoute: boolean;
  /** What the removal of an address does to masqueraded connections: those of the device die, or those from the address. */
  readonly masqueradeOnAddressRemoval: 'device' | 'address';
  /** How a free port is looked for. */
  readonly natPortSearch: 'in-turn' | 'random-start';
  readonly tcpFwmarkAccept: boolean;
  readonly sourceValidMark: boolean;
  readonly nftables: boolean;
}

/** One thing that Linux does differently since some release. */
export interface Difference<Key extends keyof Era = keyof Era> {
  readonly key: Key;
  /** What it is about. */
  readonly title: string;
  readonly changes: readonly Change<Era[Key]>[];
}

interface Change<Value> {
  /** The first release that has it; '0' for what was so before all that is modelled. */
  readonly since: string;
  readonly value: Value;
  /** What is so from then on, for people. */
  readonly text: string;
  /** Commit that made it, in Linus' tree, if known. */
  readonly commit?: string;
}

function difference<Key extends keyof Era>(
  key: Key,
  title: string,
  ...changes: readonly Change<Era[Key]>[]
): Difference<Key> {
  return { key, title, changes };
}

/** All of them, in the order of the first release that differs. */
export const differences: readonly Difference[] = [
  difference(
    'sourceValidMark',
    'src_valid_mark',
    { since: '0', value: false, text: 'the reverse-path filter knows nothing of marks' },
    { since: '2.6.33', value: true, text: 'src_valid_mark has the reverse look-up made with the mark' },
  ),
  difference(
    'acceptLocal',
    'accept_local',
    { since: '0', value: false, text: 'unknown' },
    { since: '2.6.33', value: true, text: 'known' },
  ),
  difference(
    'routeCache',
    'route cache',
    { since: '0', value: true, text: 'look-ups are cached: a choice among nexthops lasts for minutes' },
    { since: '3.6', value: false, text: 'no cache: every look-up chooses anew', commit: '89aef8921bfb' },
  ),
  difference(
    'redirects',
    'ICMP redirects',
    { since: '0', value: 'cached', text: 'change what the route cache has, until anything else changes' },
    {
      since: '3.6',
      value: 'exception',
      text: 'make an exception from a nexthop, for five minutes, and only where a socket has sent what it is about',
      commit: '4895c771c7f0',
    },
  ),
  difference(
    'multipathChoice',
    'choice among nexthops',
    { since: '0', value: 'rotation', text: 'each look-up takes its turn by weight' },
    { since: '4.4', value: 'hash', text: 'a hash of the flow chooses', commit: '0e884c78ee19' },
  ),
  difference(
    'localSourceCheck',
    "packets with one of the host's own addresses as source",
    { since: '0', value: 'always', text: 'refused, unless accept_local' },
    { since: '3.6', value: 'never', text: 'let in where rp_filter is 0' },
    {
      since: '3.16.7',
      value: 'unless-accept-local',
      text: 'refused, unless accept_local (3.18; in the long-term 3.16)',
      commit: '1dced6a85482',
    },
  ),
  difference(
    'forwardsForSockets',
    'packets for a connected socket whose address the host has lost',
    { since: '0', value: true, text: 'passed on as any other' },
    { since: '4.1', value: false, text: 'dropped', commit: '2ab957492d13' },
  ),
  difference(
    'masqueradeFollowsRoute',
    'MASQUERADE and a changed route',
    { since: '0', value: false, text: 'a connection keeps its address' },
    {
      since: '3.8',
      value: true,
      text: 'a connection that leaves by another device is forgotten, and one packet lost',
      commit: 'c65ef8dc7bb2',
    },
  ),
  difference(
    'reversePathCounter',
    'TcpExtIPReversePathFilter',
    { since: '0', value: false, text: 'not counted' },
    { since: '3.3', value: true, text: 'counts what the reverse-path filter drops' },
  ),
  difference(
    'ruleSuppress',
    'ip rule … suppress_prefixlength',
    { since: '0', value: false, text: 'unknown' },
    { since: '3.12', value: true, text: 'known', commit: '7764a45a8f1f' },
  ),
  difference(
    'nftables',
    'nftables',
    { since: '0', value: false, text: 'none' },
    { since: '3.13', value: true, text: 'there' },
  ),
  difference(
    'tcpFwmarkAccept',
    'tcp_fwmark_accept',
    { since: '0', value: false, text: 'unknown' },
    { since: '3.15', value: true, text: 'known', commit: '84f39b08d786' },
  ),
  difference(
    'linkDown',
    'routes by a device without carrier',
    { since: '0', value: false, text: 'carrier has no bearing on routes' },
    {
      since: '4.2',
      value: true,
      text: 'marked linkdown, and passed over with ignore_routes_with_linkdown',
      commit: '8a3d03166f19',
    },
  ),
  difference(
    'localFlowHash',
    "what a local sender's hash takes in",
    { since: '0', value: 'layer-4', text: 'addresses, ports and protocol' },
    { since: '4.12', value: 'policy', text: 'what fib_multipath_hash_policy says: addresses', commit: 'bf4e0a3db97e' },
  ),
  difference(
    'symmetricForwardHash',
    'hash of a forwarded packet and of its answer',
    { since: '0', value: false, text: 'differ' },
    { since: '4.12', value: true, text: 'are the same', commit: 'bf4e0a3db97e' },
  ),
  difference(
    'hashPolicies',
    'fib_multipath_hash_policy',
    { since: '0', value: 0, text: 'unknown' },
    { since: '4.12', value: 1, text: '0 and 1', commit: 'bf4e0a3db97e' },
    { since: '5.3', value: 2, text: '0 to 2', commit: '363887a2cdfe' },
    { since: '5.14', value: 3, text: '0 to 3', commit: '4253b4986f98' },
  ),
  difference(
    'useNeighbours',
    'fib_multipath_use_neigh',
    { since: '0', value: false, text: 'unknown' },
    { since: '4.7', value: true, text: 'known', commit: 'a6db4494d218' },
  ),
  difference(
    'sourceRemoval',
    'routes whose src is an address that is removed',
    { since: '0', value: 'all', text: 'go, in every table' },
    { since: '4.9', value: 'none', text: 'stay', commit: '5a56a0b3a45d' },
    { since: '5.4', value: 'main', text: 'go in the main table, and stay in others', commit: 'e0a312629fef' },
  ),
  difference(
    'ruleUsers',
    'ip rule … uidrange',
    { since: '0', value: false, text: 'unknown' },
    { since: '4.10', value: true, text: 'known', commit: '622ec2c9d524' },
  ),
  difference(
    'rulePorts',
    'ip rule … ipproto, sport, dport',
    { since: '0', value: false, text: 'unknown' },
    { since: '4.17', value: true, text: 'known', commit: 'bfff4862653b' },
  ),
  difference(
    'udpStream',
    'when a UDP flow that is answered gets the long timeout',
    { since: '0', value: 'at-once', text: 'with the first answer' },
    {
      since: '5.0',
      value: 'after-two-seconds',
      text: 'with the first packet after two seconds of age',
      commit: 'd535c8a69c19',
    },
  ),
  difference(
    'udpStreamTimeout',
    'nf_conntrack_udp_timeout_stream, by default',
    { since: '0', value: 180, text: '180 s' },
    { since: '5.0', value: 120, text: '120 s', commit: 'd535c8a69c19' },
  ),
  difference(
    'masqueradeOnAddressRemoval',
    'MASQUERADE and an address that is removed',
    { since: '0', value: 'device', text: "all of the device's connections are forgotten" },
    { since: '5.0', value: 'address', text: 'those from the address are forgotten' },
  ),
  difference(
    'natPortSearch',
    'how NAT looks for a free port',
    { since: '0', value: 'in-turn', text: 'one after the other, from where the last search ended' },
    {
      since: '5.0',
      value: 'random-start',
      text: 'from a random start, a bounded number of tries',
      commit: 'a504b703bb1d',
    },
  ),
  difference(
    'tableFilter',
    "ip route show, and flush, of a table that isn't there",
    { since: '0', value: false, text: 'nothing to show, and no error' },
    { since: '4.20', value: true, text: 'FIB table does not exist' },
  ),
  difference(
    'nexthopObjects',
    'ip nexthop',
    { since: '0', value: false, text: 'unknown' },
    { since: '5.3', value: true, text: 'known' },
  ),
  difference(
    'foreignSource',
    "sending from an address that isn't the host's",
    { since: '0', value: 'EINVAL', text: 'EINVAL' },
    { since: '5.4', value: 'ENETUNREACH', text: 'ENETUNREACH' },
  ),
  difference(
    'zeroBroadcast',
    "a network's lowest address",
    { since: '0', value: true, text: 'is a broadcast address' },
    { since: '5.14', value: false, text: 'is an address like others', commit: '94c821c74bf5' },
  ),
  difference(
    'hashOrder',
    'how a flow is put in order before it is hashed',
    { since: '0', value: 'pairs', text: 'address and port together' },
    { since: '5.15', value: 'signed', text: 'ports apart from addresses', commit: '1e60cebf8294' },
    { since: '6.0', value: 'unsigned', text: 'addresses compared unsigned', commit: '64ae13ed4784' },
  ),
  difference(
    'linearSynTimeouts',
    'waits between the first packets of a connection',
    { since: '0', value: 0, text: 'each twice as long as the one before' },
    { since: '6.5', value: 4, text: 'the first five a second each' },
  ),
  difference(
    'hashSeed',
    'fib_multipath_hash_seed',
    { since: '0', value: false, text: 'none: the hash has a secret of its own, so the model draws one from its seed' },
    { since: '6.11', value: true, text: 'makes the hash known', commit: '4ee2a8cace3f' },
  ),
  difference(
    'sourcePreference',
    'choice among nexthops for a sender with a source address',
    { since: '0', value: 'plain', text: 'by the hash alone' },
    {
      since: '6.16',
      value: 'prefer-last',
      text: 'the nexthop with that address; for an address of none, the last',
      commit: '32607a332cfe',
    },
    {
      since: '6.18.4',
      value: 'score',
      text: 'the nexthop with that address; for an address of none, the hash',
      commit: '6e17474aa9fe',
    },
  ),
  difference(
    'anySourcePort',
    'a connection to be made, hashed by ports',
    { since: '0', value: false, text: 'with source port 0' },
    { since: '6.16', value: true, text: 'with a random source port', commit: '65e9024643c7' },
  ),
];

/**
 * What a release does.
 *
 * @param release e.g. `6.18.44`, `3.16`, `6.1.0-18-amd64`
 * @throws LabError 'invalid' for what is no release, or is older than 2.6
 */
export function eraOf(release: string): Era {
  const version = knownVersion(release);
  const values = differences.map(({ key, changes }) => {
    const current = changes.findLast(({ since }) => compareVersions(versionOf(since), version) <= 0);
    return [key, current?.value] as const;
  });
  return { release, ...(Object.fromEntries(values) as unknown as Omit<Era, 'release'>) };
}

/** One change, with what it put an end to. */
export interface Turn {
  /** The first release that has it. */
  readonly since: string;
  readonly title: string;
  readonly from: string;
  readonly to: string;
  readonly commit: string | null;
}

/**
 * What came after one release, up to and with another, oldest first.
 *
 * @param from absent: from the oldest that is modelled on
 * @param to absent: up to the latest
 * @throws LabError 'invalid' for what is no release, or is older than 2.6
 */
export function turnsBetween(from?: string, to?: string): readonly Turn[] {
  const [after, last] = [from, to].map((release) => (release === undefined ? null : knownVersion(release)));
  const order = (one: Turn, other: Turn): number => compareVersions(versionOf(one.since), versionOf(other.since));
  return differences
    .flatMap(({ title, changes }) =>
      changes.slice(1).map(({ since, text, commit = null }, index): Turn => ({
        ...{ since, title, to: text, commit },
        from: changes[index]?.text ?? '',
      })),
    )
    .filter(({ since }) => !after || compareVersions(versionOf(since), after) > 0)
    .filter(({ since }) => !last || compareVersions(versionOf(since), last) <= 0)
    .sort(order);
}
