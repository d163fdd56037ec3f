import { formatIPv4, formatPrefix } from '../../net/address.ts';
import { endsOf, parseEndAddress, type End, type Topology } from '../../topology/topology.ts';
import type { Location } from '../commands/location.ts';
import { refuse } from '../commands/refusal.ts';
import type { Word } from '../commands/word.ts';
import { countOf, expected, itemsOf, membersOf, textOf, wordOf, type Json, type Members } from './json.ts';
import { command, type Command } from './step.ts';

/** What `ip -d -j addr` says of an interface. */
interface Link {
  readonly at: Location;
  readonly name: Word;
  readonly index: number;
  readonly up: boolean;
  readonly carrier: boolean;
  readonly loopback: boolean;
  /** `veth`, `bridge`, …; null: not said. */
  readonly kind: string | null;
  /** The other end of a veth pair, if it is in the same host. */
  readonly peer: string | null;
  readonly hardware: Word | null;
  /** The bridge or VRF that it belongs to. */
  readonly master: Json | null;
  readonly addresses: readonly Address[];
}

interface Address {
  readonly at: Location;
  /** `203.0.113.2/24`, or `203.0.113.2 peer 203.0.113.1/32`, as `ip address add` takes it. */
  readonly text: string;
  readonly rest: readonly Word[];
}

const withoutBearing = new Set([
  ...['ifalias', 'altnames', 'mtu', 'qdisc', 'operstate', 'linkmode', 'group', 'txqlen', 'link_type', 'broadcast'],
  ...['permaddr', 'promiscuity', 'allmulti', 'min_mtu', 'max_mtu', 'inet6_addr_gen_mode', 'num_tx_queues'],
  ...['num_rx_queues', 'gso_max_size', 'gso_max_segs', 'tso_max_size', 'tso_max_segs', 'gro_max_size'],
  ...['gso_ipv4_max_size', 'gro_ipv4_max_size', 'max_pacing_offload_horizon', 'netns-immutable', 'parentbus'],
  ...['parentdev', 'phys_port_name', 'phys_port_id', 'phys_switch_id', 'link_index', 'link_netnsid', 'link_netns'],
  ...['link_pointtopoint', 'address_pointtopoint', 'proto_down', 'xdp', 'stats64', 'stats', 'vfinfo_list', 'event'],
]);
const withoutBearingOfAddress = new Set([
  ...['label', 'dynamic', 'valid_life_time', 'preferred_life_time', 'secondary', 'protocol', 'proto', 'autojoin'],
]);

/**
 * The interfaces of a dump, as they come to be where the topology's are.
 *
 * @returns what makes links and gives addresses, and the names of all interfaces that there are then
 * @throws LabError 'invalid' where the topology's server has an interface or an address that the dump hasn't, or the dump
 *   addresses of an interface that can't be made
 */
export function readLinks(document: Json, topology: Topology): LinksRead {
  const ends = endsOf(topology, topology.server.host);
  const links = itemsOf(document, 'what ip -d -j addr prints')
    // `ip addr show dev …` leaves empty objects.
    .filter((item) => item.kind !== 'object' || item.members.size > 0)
    .map(readLink);
  for (const end of ends) assertPresent(end, links, document.at, topology);
  const own = (link: Link): boolean => link.loopback || ends.some((end) => end.interface === link.name.text);
  const made = links.filter((link) => !own(link) && isMade(link));
  const passed = links.filter((link) => !own(link) && !made.includes(link));
  for (const link of passed) assertPassable(link, topology, ends);
  return {
    present: new Set(['lo', ...ends.map((end) => end.interface), ...made.map(({ name }) => name.text)]),
    passed: new Set(passed.map(({ name }) => name.text)),
    links: makeLinks(made),
    addresses: links.filter((link) => !passed.includes(link)).flatMap((link) => addressesFor(link, ends)),
  };
}

export interface LinksRead {
  /** Names of the interfaces that there are. */
  readonly present: ReadonlySet<string>;
  /** Names of those that are left out: no packet of IPv4 comes or goes by them. */
  readonly passed: ReadonlySet<string>;
  readonly links: readonly Command[];
  readonly addresses: readonly Command[];
}

function readLink(json: Json): Link {
  const members = membersOf(json, 'an interface');
  const flags = itemsOf(members.need('flags'), "an interface's flags").map((flag) => textOf(flag, 'a flag'));
  const link: Link = {
    at: json.at,
    name: wordOf(members.need('ifname'), 'the name of an interface'),
    index: countOf(members.need('ifindex'), 'the index of an interface'),
    up: flags.includes('UP'),
    carrier: flags.includes('LOWER_UP'),
    loopback: flags.includes('LOOPBACK'),
    kind: kindOf(members.take('linkinfo')),
    peer: textOrNull(members.take('link'), 'the name of an interface'),
    hardware: hardwareOf(members.take('address')),
    master: members.take('master') ?? null,
    addresses: itemsOf(members.take('addr_info') ?? { kind: 'array', items: [], at: json.at }, 'addresses').flatMap(
      readAddress,
    ),
  };
  members.rest(withoutBearing);
  return link;
}

function textOrNull(json: Json | undefined, what: string): string | null {
  return json ? textOf(json, what) : null;
}

/** Data of a kind of links have a bearing on links that there are no models of; those can't be made. */
function kindOf(json: Json | undefined): string | null {
  if (!json) return null;
  const members = membersOf(json, "an interface's linkinfo");
  const kind = members.take('info_kind');
  members.rest(new Set(['info_data', 'info_slave_kind', 'info_slave_data', 'info_xstats']));
  return textOrNull(kind, 'a kind of links');
}

function hardwareOf(json: Json | undefined): Word | null {
  // Tunnels and point-to-point links have something else there.
  const text = json ? textOf(json, 'a hardware address') : '';
  return json && /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/i.test(text) ? { text, at: json.at } : null;
}

function readAddress(json: Json): readonly Address[] {
  if (json.kind === 'object' && json.members.size === 0) return [];
  const members = membersOf(json, 'an address');
  if (textOf(members.need('family'), 'a family') !== 'inet') return [];
  const local = wordOf(members.need('local'), 'an address');
  const length = countOf(members.need('prefixlen'), 'a prefix length');
  const peer = members.take('address');
  const address = {
    at: json.at,
    text: peer ? `${local.text} peer ${wordOf(peer, 'an address').text}/${length}` : `${local.text}/${length}`,
    rest: [
      ...option(members, 'broadcast', 'broadcast'),
      ...option(members, 'scope', 'scope'),
      ...option(members, 'metric', 'metric'),
      ...flag(members, 'noprefixroute'),
    ],
  };
  members.rest(withoutBearingOfAddress);
  return [address];
}

function option(members: Members, key: string, name: string): readonly Word[] {
  const value = members.take(key);
  return value ? [{ text: name, at: value.at }, wordOf(value, `a ${name}`)] : [];
}

function flag(members: Members, name: string): readonly Word[] {
  const value = members.take(name);
  if (!value) return [];
  if (value.kind !== 'boolean') return expected(value, 'true or false');
  return value.value ? [{ text: name, at: value.at }] : [];
}

function assertPresent(end: End, links: readonly Link[], at: Location, topology: Topology): void {
  const { host } = topology.server;
  const link = links.find(({ name }) => name.text === end.interface);
  if (!link) {
    const names = links.map(({ name }) => name.text).join(', ');
    const hint = `the dump has ${names}: rename them in it, or choose another topology`;
    return refuse(at, `interface ${end.interface} is missing, which ${host} has in ${topology.name}`, hint);
  }
  if (!link.up || !link.carrier) {
    refuse(link.at, `interface ${end.interface} was down when the dump was taken`, "the lab's lines are up");
  }
  const missing = end.addresses.find((address) => !link.addresses.some(({ text }) => sameAddress(text, address)));
  if (missing !== undefined) {
    const has = link.addresses.map(({ text }) => text).join(', ') || 'none';
    const hint = `${end.interface} has ${has}`;
    refuse(link.at, `address ${missing} is missing, which ${end.interface} of ${host} has in ${topology.name}`, hint);
  }
}

/** Whether an address that `ip` prints is that of a topology. */
function sameAddress(text: string, described: string): boolean {
  const { address, network } = parseEndAddress(described);
  const own = formatIPv4(address);
  if (!described.includes(' peer ')) return text === `${own}/${network.length}`;
  return text === `${own} peer ${formatPrefix(network)}`;
}

const makeable = ['veth', 'dummy', 'bridge'];

/** Whether a link is made: of a veth pair, both ends have to be here. */
function isMade({ kind, peer, master }: Link): boolean {
  return master === null && kind !== null && makeable.includes(kind) && (kind !== 'veth' || peer !== null);
}

function assertPassable(link: Link, topology: Topology, ends: readonly End[]): void {
  const [address] = link.addresses;
  if (!address) return;
  const { host } = topology.server;
  const names = ends.map((end) => end.interface).join(', ');
  refuse(
    link.at,
    `interface ${link.name.text} has an address, ${address.text}, and ${host} has no such interface in ${topology.name}`,
    `${host} has ${names}; beside them there may be ${makeable.join(', ')}. If it doesn't matter, leave it out of the dump`,
  );
}

function makeLinks(made: readonly Link[]): readonly Command[] {
  // Of a pair, the kernel makes the peer first.
  const inOrder = made.toSorted((one, other) => one.index - other.index);
  const commands: Command[] = [];
  for (const link of inOrder) {
    const { at, name, kind, peer } = link;
    const hardware = link.hardware ? [{ text: 'address', at }, link.hardware] : [];
    if (kind !== 'veth') commands.push(command(at, 'link add', name, hardware, `type ${kind ?? ''}`));
    else if (peer !== null) {
      const other = made.find((each) => each.name.text === peer);
      if (other?.peer !== name.text)
        refuse(at, `${name.text} is one end of a pair, and its other end, ${peer}, is missing`);
      if (other.index > link.index) continue;
      const its = other.hardware ? [{ text: 'address', at: other.at }, other.hardware] : [];
      commands.push(command(at, 'link add', name, hardware, 'type veth peer name', other.name, its));
    }
  }
  return [...commands, ...inOrder.filter(({ up }) => up).map(({ at, name }) => command(at, 'link set', name, 'up'))];
}

/** What brings an interface from the topology's addresses to the dump's; nothing where they are the same. */
function addressesFor(link: Link, ends: readonly End[]): readonly Command[] {
  const { at, name, loopback, addresses } = link;
  const end = ends.find((each) => each.interface === name.text);
  const before = loopback ? ['127.0.0.1/8'] : (end?.addresses ?? []);
  const plain = ({ rest }: Address): boolean => rest.every(({ text }) => ['scope', 'global', 'host'].includes(text));
  const same =
    before.length === addresses.length &&
    before.every((address, index) => sameAddress(addresses[index]?.text ?? '', address)) &&
    addresses.every(plain);
  if (same) return [];
  return [
    ...(before.length > 0 ? [command(at, 'address flush dev', name)] : []),
    ...addresses.map((address) => command(address.at, 'address add', address.text, address.rest, 'dev', name)),
  ];
}
