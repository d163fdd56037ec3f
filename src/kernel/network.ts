import {
  beneath,
  endsOf,
  ethernetOf,
  isCable,
  losesByChance,
  type End,
  type Host,
  type Impairment,
  type Link,
  type Topology,
} from '../topology/topology.ts';
import { hostRuleset } from '../topology/ruleset.ts';
import { sysctlsOf, type ProfileName } from '../topology/profile.ts';
import { sysctlScript } from './sysctl.ts';
import type { Sandbox } from './sandbox.ts';

export interface NetworkOptions {
  /** The server's; every other host runs under the kernel's own defaults, so that the network itself drops nothing. */
  readonly profile: ProfileName;
  /** Seed of the multipath hash, 1 to 2³²−1. */
  readonly seed: number;
  /** Tunnel devices to be there from the start, by host, so that captures have them. */
  readonly tunnels: Readonly<Record<string, readonly string[]>>;
}

/** Builds a topology inside a sandbox: a namespace a host, veth pairs made straight into their hosts, then each host. */
export async function buildNetwork(sandbox: Sandbox, topology: Topology, options: NetworkOptions): Promise<void> {
  await sandbox.run('building the network', null, ['sh', '-eu'], { input: buildScript(topology, options) });
}

/** One `ip -batch` makes all namespaces and links; then the hosts are set up side by side, one `ip -batch` each. */
export function buildScript(topology: Topology, options: NetworkOptions): string {
  const links = [
    ...topology.hosts.map(({ name }) => `netns add ${name}`),
    ...topology.links.flatMap((link, index) => linkCommands(topology, link, bridgeOf(index))),
  ];
  const impairments = impairmentCommands(topology, 'add', (impairment) => impairment);
  return [
    // The switches stand in the sandbox's own namespace, and are to say nothing themselves.
    'echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6',
    // Where conntrack is a module, its sysctls aren't there until somebody has asked for it.
    'test -e /proc/sys/net/netfilter/nf_conntrack_udp_timeout || conntrack --count >/dev/null',
    document('ip -batch -', links.join('\n')),
    ...(impairments.length > 0 ? [document('tc -batch -', impairments.join('\n'))] : []),
    'children=',
    ...topology.hosts.map((host) => {
      const script = hostScript(topology, host, options);
      return `${document(`nsenter --net=/run/netns/${host.name} sh -eu`, script, '&', 'host')}\nchildren="$children $!"`;
    }),
    'for child in $children; do wait "$child"; done',
    '',
  ].join('\n');
}

/** The bridge in the middle of a link that isn't a cable, and its port to an end. */
const bridgeOf = (link: number): string => `switch${link}`;
const portOf = (bridge: string, end: number): string => `${bridge}p${end}`;

/**
 * A cable is a pair of veth, also beneath PPP; a switch is a bridge with such a pair to each host, and so is a line that impairs what
 * it carries.
 */
export function linkCommands(topology: Topology, link: Link, bridge: string): readonly string[] {
  const { ends } = link;
  const near = (end: End): string =>
    `link add name ${beneath(link, end).interface} address ${macOf(topology, end)} netns ${end.host} type veth peer name`;
  const [one, other] = ends;
  if (isCable(link)) {
    return [`${near(one)} ${beneath(link, other).interface} address ${macOf(topology, other)} netns ${other.host}`];
  }
  return [
    `link add name ${bridge} type bridge mcast_snooping 0`,
    `link set ${bridge} up`,
    ...ends.flatMap((end, index) => {
      const port = portOf(bridge, index);
      return [`${near(end)} ${port}`, `link set ${port} master ${bridge}`, `link set ${port} up`];
    }),
  ];
}

/**
 * Has netem, at the ports in the middle of lines, do to packets what the lines are to do to them, by `tc -batch` in the sandbox's
 * own namespace: so it is done to what has left one end, and was recorded there, and the ends' own queues are free for a rate, or
 * for a candidate's. Its own queue is longer than any that forms.
 *
 * @param change what a line is to do instead of what the topology says
 */
function impairmentCommands(
  { links }: Topology,
  action: 'add' | 'change',
  change: (impairment: Impairment) => Impairment,
): readonly string[] {
  return links.flatMap(({ ends, impairment }, index) => {
    if (!impairment) return [];
    const { delay, loss } = change(impairment);
    const netem = [
      'netem limit 100000',
      ...(delay > 0 ? [`delay ${Math.round(delay * 1e6)}us`] : []),
      ...(loss > 0 ? [`loss ${(loss * 100).toFixed(6)}%`] : []),
    ].join(' ');
    return ends.map((_, end) => `qdisc ${action} dev ${portOf(bridgeOf(index), end)} root ${netem}`);
  });
}

/** A script for the sandbox's own namespace after which no line loses packets any more; what is on its way still comes. */
export function loseNothing(topology: Topology): string {
  if (!losesByChance(topology)) return '';
  const commands = impairmentCommands(topology, 'change', ({ delay }) => ({ delay, loss: 0 }));
  return `${document('tc -batch -', commands.join('\n'))}\n`;
}

function hostScript(topology: Topology, host: Host, options: NetworkOptions): string {
  const ends = ethernetOf(topology, host.name);
  const tunnels = options.tunnels[host.name] ?? [];
  const profile = host.name === topology.server.host ? options.profile : 'kernel';
  const commands = [
    'link set lo up',
    ...tunnels.flatMap((name) => [`tuntap add dev ${name} mode tun`, `link set ${name} up`]),
    ...ends.flatMap((end) => endCommands(topology, end)),
    ...host.routes.map(({ to, via }) => `route add ${to} via ${via}`),
    ...(host.ownPrefixes ?? []).map((prefix) => `route add local ${prefix} dev lo`),
    ...(host.aggregates ?? []).map((prefix) => `route add unreachable ${prefix}`),
  ];
  const rates = rateCommands(ends);
  const rules = hostRuleset(host);
  return [
    sysctlScript(
      sysctlsOf(
        host,
        ends.map((end) => end.interface),
        profile,
        options.seed,
      ),
    ),
    document('ip -batch -', commands.join('\n')),
    ...(rates.length > 0 ? [document('tc -batch -', rates.join('\n'))] : []),
    ...(rules ? [document('nft -f -', rules)] : []),
  ].join('\n');
}

/** Gives an interface its addresses and sets it up, by `ip -batch`. */
export function endCommands(topology: Topology, end: End): readonly string[] {
  const counted = topology.hosts.some(({ loss }) => loss) || losesByChance(topology);
  return [
    ...end.addresses.map((address) => `address add ${address} dev ${end.interface}`),
    ...(counted ? [`link set ${end.interface} gso_max_segs 1`] : []),
    `link set ${end.interface} up`,
  ];
}

/** Limits what leaves by interfaces, by `tc -batch`. */
export function rateCommands(ends: readonly End[]): readonly string[] {
  return ends.flatMap(({ interface: name, rate }) =>
    rate === undefined ? [] : [`qdisc add dev ${name} root tbf rate ${rate}bit burst 16kb latency 400ms`],
  );
}

/** The hardware address of an interface: locally administered, and the same in every lab of the topology. */
export function macOf(topology: Topology, { host, interface: name }: Pick<End, 'host' | 'interface'>): string {
  const hostIndex = topology.hosts.findIndex((candidate) => candidate.name === host);
  const interfaceIndex = endsOf(topology, host).findIndex((end) => end.interface === name);
  const byte = (value: number): string => value.toString(16).padStart(2, '0');
  return `02:4d:48:00:${byte(hostIndex)}:${byte(interfaceIndex)}`;
}

/** A command with its standard input as a here-document. */
export function document(command: string, input: string, suffix = '', level = 'end'): string {
  return `${command} <<'${level}' ${suffix}\n${input}\n${level}`;
}
