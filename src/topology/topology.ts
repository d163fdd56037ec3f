import { contains, networkOf, parseIPv4, parsePrefix, type Prefix } from '../net/address.ts';

/**
 * A network as pure data: hosts, the links between them, and what each router does with what it forwards.
 * Both backends build the same network from it.
 */
export interface Topology {
  readonly name: string;
  readonly title: string;
  readonly hosts: readonly Host[];
  readonly links: readonly Link[];
  /** The multihomed machine that candidates are tried on. */
  readonly server: Server;
  /**
   * What must answer a ping before a candidate is there, beside every link's other end. Absent: each host that is neither
   * a router nor the server reaches every uplink's gateway.
   */
  readonly control?: readonly Reach[];
}

/** A host, and an address that it reaches. */
export interface Reach {
  readonly host: string;
  readonly destination: string;
}

/** One network stack. */
export interface Host {
  /** Lower-case letters, digits and dashes. */
  readonly name: string;
  /** Whether it forwards packets between its interfaces. */
  readonly forwarding: boolean;
  readonly routes: readonly Route[];
  /** An ISP's filter for what its customer sends (BCP 38); absent: the ISP doesn't filter. */
  readonly sourceFilter?: SourceFilter;
  /** Whom its TCP services refuse; absent: nobody. */
  readonly admission?: Admission;
  /** Prefixes whose every address is the host's own, besides those of its interfaces: one host for a whole internet. */
  readonly ownPrefixes?: readonly string[];
  /** Prefixes that a router answers for as a whole: what it has no closer route for, such as a customer who is gone, is unreachable. */
  readonly aggregates?: readonly string[];
  /** Translation of addresses; absent: the host is a plain router. */
  readonly nat?: Nat;
  /** Packets that it loses on their way through; absent: none. */
  readonly loss?: Loss;
}

/** A static route of a host other than the server, whose routes are the candidate's. */
export interface Route {
  /** `default`, or a prefix such as `198.51.100.0/24`. */
  readonly to: string;
  /** The next router's address. */
  readonly via: string;
}

/** Drops what comes in by `interface` to be forwarded, unless its source lies within one of `allowed`. */
export interface SourceFilter {
  readonly interface: string;
  /** Prefixes. */
  readonly allowed: readonly string[];
}

/** Answers new TCP connections with a reset, unless their source lies within one of `from`. */
export interface Admission {
  /** Prefixes. */
  readonly from: readonly string[];
}

/**
 * Loses one of so many packets that are forwarded out of `interface`, and one of so many that are forwarded in by it: by count,
 * not by chance. No host of such a network joins TCP segments into bigger packets, so that a packet is one on the wire.
 */
export interface Loss {
  readonly interface: string;
  readonly oneOf: number;
}

/**
 * What leaves by `outside` with a source in `customers` takes `address`. The modes differ in what a NAT remembers of it, and
 * so in which replies find their way back.
 */
export type Nat = StatefulNat | ShortLivedNat | OneWayNat | FullNat;

/** Remembers each flow for as long as it is used. */
export interface StatefulNat extends Translation {
  readonly mode: 'stateful';
}

/**
 * Forgets a UDP flow a fixed time after its first packet, whatever the traffic, and for good: what the flow sends later
 * goes out as from a one-way NAT. A new flow gets a new mapping. TCP and ICMP are as from a stateful NAT.
 */
export interface ShortLivedNat extends Translation {
  readonly mode: 'short-lived';
  /** Seconds from a mapping's birth to its death. */
  readonly lifetime: number;
}

/** Remembers nothing of UDP: each packet goes out from another port, and no reply comes in. TCP and ICMP are as usual. */
export interface OneWayNat extends Translation {
  readonly mode: 'one-way';
}

/** Remembers the flows that it has, and takes no more than `room` new ones, of whatever protocol. */
export interface FullNat extends Translation {
  readonly mode: 'table-full';
  readonly room: number;
}

interface Translation {
  readonly outside: string;
  /** The prefix whose addresses are translated. */
  readonly customers: string;
  /** The outside address that all customers share. */
  readonly address: string;
}

/** A cable between two interfaces, a line where it impairs what it carries, or a switch where there are more than two. */
export interface Link {
  readonly ends: readonly [End, End, ...End[]];
  /** What becomes of packets between the two ends of a line; absent: they arrive at once, and all of them. */
  readonly impairment?: Impairment;
  /** Absent: the interfaces are Ethernet's. */
  readonly pppoe?: Pppoe;
}

/**
 * What a line does to packets that have left one of its ends, in each direction for itself. There is equipment between its ends:
 * each has a signal whatever becomes of the other. Not every kernel can have one (`netem`).
 */
export interface Impairment {
  /** Seconds that a packet is on its way, heeded to the microsecond: from 0 to 60. */
  readonly delay: number;
  /** Share of the packets that are lost, each by chance and for itself: from 0 to less than 1. TCP segments aren't joined, as with `Loss`. */
  readonly loss: number;
}

/**
 * A line over PPP: the pppd of the first end dials the second end's access concentrator, which gives it its address. The
 * interfaces of the ends are PPP's, and come and go with the session.
 */
export interface Pppoe {
  /** The names of the Ethernet interfaces beneath, in the order of the ends: they are there all the time, and have no address. */
  readonly ethernet: readonly [string, string];
  /**
   * What pppd of the first end is told to do about a default route by the line. Lines are dialled in the order of the links, and
   * unless it is to replace one, pppd makes none where there is one.
   */
  readonly defaultRoute: 'nodefaultroute' | 'defaultroute' | 'replacedefaultroute';
}

/** One end of a link: an interface of a host, with its addresses. */
export interface End {
  readonly host: string;
  /** At most 15 characters, as the kernel has it. */
  readonly interface: string;
  /**
   * Addresses with their prefix length, e.g. `203.0.113.2/24`; on a line from point to point, as PPP makes it, with the
   * other end's address instead: `203.0.113.2 peer 203.0.113.1`.
   */
  readonly addresses: readonly string[];
  /** Bits per second that leave by it at most; absent: no limit. */
  readonly rate?: number;
}

/** Which host is on trial, and its uplinks in order: 1, 2, 3… in a candidate's `IF1 GW1 IP1 NET1 IF2 …`. */
export interface Server {
  readonly host: string;
  readonly uplinks: readonly Uplink[];
}

/** A server's interface towards one ISP. */
export interface Uplink {
  /** The interface's name is the uplink's name. */
  readonly interface: string;
  readonly address: string;
  /** The ISP's router on that line. */
  readonly gateway: string;
  /** The line's prefix. */
  readonly network: string;
}

/** The host of that name; a name that a valid topology doesn't have is a programming error. */
export function hostNamed(topology: Topology, name: string): Host {
  const host = topology.hosts.find((candidate) => candidate.name === name);
  if (!host) throw new Error(`topology ${topology.name} has no host ${name}`);
  return host;
}

/** Whether a link is a cable: with nothing between its two ends, each loses its signal, and its interface, with the other. */
export function isCable({
  ends,
  impairment,
}: {
  readonly ends: readonly unknown[];
  readonly impairment?: Impairment | undefined;
}): boolean {
  return ends.length === 2 && impairment === undefined;
}

/** Whether which packets arrive is a matter of chance. */
export function losesByChance({ links }: Topology): boolean {
  return links.some(({ impairment }) => impairment !== undefined && impairment.loss > 0);
}

/** A host's ends of links, in the order of the links. */
export function endsOf(topology: Topology, host: string): readonly End[] {
  return topology.links.flatMap((link) => link.ends.filter((end) => end.host === host));
}

/** A host's Ethernet interfaces, in the order of the links: of a line over PPP the one beneath, which has no address. */
export function ethernetOf(topology: Topology, host: string): readonly End[] {
  return topology.links.flatMap((link) =>
    link.ends.filter((end) => end.host === host).map((end) => beneath(link, end)),
  );
}

/** The end itself, or the Ethernet interface beneath it. */
export function beneath({ ends, pppoe }: Link, end: End): End {
  const name = pppoe?.ethernet[ends.indexOf(end)];
  return name === undefined ? end : { ...end, interface: name, addresses: [] };
}

/** The link that this interface is an end of; an interface that the topology doesn't have is a programming error. */
export function linkOf(topology: Topology, host: string, name: string): Link {
  const link = topology.links.find(({ ends }) => ends.some((end) => end.host === host && end.interface === name));
  if (!link) throw new Error(`topology ${topology.name} has no interface ${name} of ${host}`);
  return link;
}

/**
 * The cable that this interface is an end of. Anything else doesn't vanish with one of its interfaces: to ask for it is a programming
 * error.
 */
export function cableOf(topology: Topology, host: string, name: string): Link {
  const link = linkOf(topology, host, name);
  if (link.pppoe) throw new Error(`${name} of ${host} is no end of a cable: it is dialled`);
  if (isCable(link)) return link;
  const to = link.ends.length > 2 ? 'a switch' : 'equipment in a line';
  throw new Error(`${name} of ${host} is no end of a cable: it leads to ${to}`);
}

/**
 * The topology in which an interface at the end of a line from point to point has another address, and the line's other
 * end knows it by that.
 */
export function readdressed(topology: Topology, host: string, name: string, address: string): Topology {
  const line = linkOf(topology, host, name);
  const isThis = (end: End): boolean => end.host === host && end.interface === name;
  const isUplink = (uplink: Uplink): boolean => host === topology.server.host && uplink.interface === name;
  const change = (end: End): End => ({
    ...end,
    addresses: end.addresses.map((each) => {
      const [own, peer] = each.split(' peer ');
      if (own === undefined || peer === undefined) throw new Error(`${name} of ${host} is no line from point to point`);
      return isThis(end) ? `${address} peer ${peer}` : `${own} peer ${address}`;
    }),
  });
  const [one, other, ...others] = line.ends;
  const changed: Link = { ...line, ends: [change(one), change(other), ...others.map(change)] };
  return {
    ...topology,
    links: topology.links.map((link) => (link === line ? changed : link)),
    server: {
      ...topology.server,
      uplinks: topology.server.uplinks.map((uplink) => (isUplink(uplink) ? { ...uplink, address } : uplink)),
    },
  };
}

/** The other ends of the link that this interface is an end of: one, but for a switch. */
export function peersOf(topology: Topology, host: string, name: string): readonly End[] {
  const link = topology.links.find(({ ends }) => ends.some((end) => end.host === host && end.interface === name));
  return link?.ends.filter((end) => end.host !== host || end.interface !== name) ?? [];
}

/** An address of an end of a link. */
export interface EndAddress {
  readonly address: number;
  /** What it makes the host take for reachable on the link itself. */
  readonly network: Prefix;
}

/**
 * Reads `203.0.113.2/24` or `203.0.113.2 peer 203.0.113.1`.
 *
 * @throws LabError 'invalid' for anything else
 */
export function parseEndAddress(text: string): EndAddress {
  const [own, peer] = text.split(' peer ');
  if (own === undefined || peer === undefined) {
    const prefix = parsePrefix(text);
    return { address: prefix.address, network: networkOf(prefix) };
  }
  return { address: parseIPv4(own), network: { address: parseIPv4(peer), length: 32 } };
}

/** The address alone, without its prefix length or peer, as text. */
export function addressOf(text: string): string {
  return text.replace(/[/ ].*$/, '');
}

/** The host that has this address, or `undefined` if none has. */
export function ownerOf(topology: Topology, address: string): string | undefined {
  const ends = topology.links.flatMap((link) => link.ends);
  const end = ends.find(({ addresses }) => addresses.some((each) => addressOf(each) === address));
  if (end) return end.host;
  const owns = (prefix: string): boolean => contains(parsePrefix(prefix), parseIPv4(address));
  return topology.hosts.find(({ ownPrefixes = [] }) => ownPrefixes.some(owns))?.name;
}
