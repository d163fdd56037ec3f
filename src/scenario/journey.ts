import type { Crossing, Evidence, Protocol } from '../backend/crossing.ts';
import { hostNamed, ownerOf, peersOf, type Topology } from '../topology/topology.ts';

/** A client's conversation with one address and port of a server. */
export interface Flow {
  readonly client: string;
  readonly protocol: Protocol;
  /** `any`: all of the client's sockets. */
  readonly sourcePort: number | 'any';
  /** The address the client called. */
  readonly server: string;
  readonly port: number;
  /** The host behind the server that the port is forwarded to; absent: the server answers itself. */
  readonly behind?: string;
}

/** What was captured. */
type Recording = Pick<Evidence, 'crossings' | 'until'>;

/** What was recorded of a flow. */
export interface FlowRecord {
  /** Each packet of the client's, as far as it got. */
  readonly requests: readonly (readonly Crossing[])[];
  /** Each packet that was sent back and left the server, as far as it got, with the request that it follows. */
  readonly replies: readonly { readonly request: readonly Crossing[]; readonly reply: readonly Crossing[] }[];
  /** Packets that the server sent to itself, over a link that the candidate made, and that were lost there. */
  readonly lostLoops: readonly (readonly Crossing[])[];
}

/**
 * Follows every packet of a flow from hop to hop, through routers and NATs.
 *
 * A reply is what the answering host sends to the address and port that a request came from there, from whatever address:
 * which one it is, is the question. It comes by the service's port, or by one that was never called from there, which NAT must
 * have given it.
 */
export function recordFlow(topology: Topology, evidence: Recording, flow: Flow): FlowRecord {
  const { sent, callers } = indexOf(evidence.crossings);
  const follow = follower(topology, evidence.crossings);
  /** What set out from a host for an address in time to be recorded to its journey's end. */
  const setOut = (host: string, to: string): readonly Crossing[] =>
    (sent.get(wayOf(host, flow.protocol, to)) ?? []).filter(({ time }) => time < evidence.until);
  const owner = ownerOf(topology, flow.server);
  const answering = flow.behind ?? owner;
  const hasPorts = flow.protocol !== 'icmp';
  const called = hasPorts ? `${flow.server}:${flow.port}` : flow.server;
  const requests = setOut(flow.client, called)
    .filter(({ source, echo }) =>
      hasPorts ? flow.sourcePort === 'any' || portOf(source) === String(flow.sourcePort) : echo !== undefined,
    )
    .map(follow);
  const arrived = requests.flatMap((path) => {
    const last = path.at(-1);
    return last && last.host === answering && last.direction === 'in' ? [{ path, last }] : [];
  });
  const bySource = new Map<string, Arrival[]>();
  for (const arrival of arrived) put(bySource, arrival.last.source, arrival);
  const seen = new Set<Crossing>();
  const replies = [...bySource]
    .flatMap(([source, requests]) =>
      setOut(answering ?? '', source).map((first) => ({
        first,
        request: requests.findLast(
          ({ last }) =>
            last.time <= first.time &&
            (portOf(last.destination) === portOf(first.source) ||
              !callers().has(callOf(first.host, first.destination, first.source))) &&
            last.echo === first.echo,
        )?.path,
      })),
    )
    .sort((one, other) => one.first.time - other.first.time)
    .flatMap(({ first, request }) => {
      if (!request || seen.has(first)) return [];
      const reply = follow(first);
      for (const crossing of reply) seen.add(crossing);
      return [{ request, reply }];
    })
    .filter(({ reply }) => reply.some(({ host, direction }) => host === owner && direction === 'out'));
  const since = arrived[0]?.last.time ?? Infinity;
  const lostLoops = loopsIn(topology, evidence).filter(([first]) => first.time >= since);
  return { requests, replies, lostLoops };
}

/** A request that came to the host that is to answer it. */
interface Arrival {
  readonly path: readonly Crossing[];
  readonly last: Crossing;
}

/** Who calls a host, and by which of its ports. */
function callOf(host: string, caller: string, called: string): string {
  return `${host} ${caller} ${portOf(called)}`;
}

/** A host, and to whom it sends by which protocol. */
function wayOf(host: string, protocol: Protocol, to: string): string {
  return `${host} ${protocol} ${to}`;
}

/**
 * Packets that went out of the server by an interface that is no end of any of the topology's links, came back in by
 * another, and went no further: a question of ARP without its answer, or a packet that was to be passed on and wasn't.
 */
function loopsIn(topology: Topology, { crossings, until }: Recording): readonly (readonly [Crossing, Crossing])[] {
  const { host } = topology.server;
  const ends = topology.links.flatMap((link) => link.ends).filter((end) => end.host === host);
  const outer = new Set(ends.map((end) => end.interface));
  const { byIdentity, byInterface } = indexOf(crossings);
  const inner = [...(byInterface.get(host) ?? [])]
    .flatMap(([name, crossed]) => (outer.has(name) ? [] : crossed))
    .sort((one, other) => one.time - other.time);
  return inner.flatMap((first): readonly (readonly [Crossing, Crossing])[] => {
    if (first.direction !== 'out' || first.time >= until) return [];
    const same = (byIdentity.get(first.identity) ?? []).filter(
      (next) => next !== first && next.host === host && next.time >= first.time,
    );
    const back = same.find((next) => next.direction === 'in' && !outer.has(next.interface));
    if (!back) return [];
    // What goes out by the same interface once more, is asked once more.
    const wentOn = same.some(
      (next) => next.direction === 'out' && next.time >= back.time && next.interface !== first.interface,
    );
    // A question and its answer vouch for each other.
    const answered = inner.some(
      ({ source, destination }) => source === first.destination && destination === first.source,
    );
    return wentOn || answered ? [] : [[first, back]];
  });
}

/** A recording's crossings, in each list in order of time. */
interface Index {
  readonly byIdentity: ReadonlyMap<string, readonly Crossing[]>;
  /** By host, then by interface. */
  readonly byInterface: ReadonlyMap<string, ReadonlyMap<string, readonly Crossing[]>>;
  /** What went out, by host, protocol and destination (`wayOf`). */
  readonly sent: ReadonlyMap<string, readonly Crossing[]>;
  /** Who called which host, and by which port (`callOf`). */
  readonly callers: () => ReadonlySet<string>;
}

/** By recording: every flow of a trial is looked for in the same one. */
const indices = new WeakMap<readonly Crossing[], Index>();

function indexOf(crossings: readonly Crossing[]): Index {
  const found = indices.get(crossings);
  if (found) return found;
  const byIdentity = new Map<string, Crossing[]>();
  const byInterface = new Map<string, Map<string, Crossing[]>>();
  const sent = new Map<string, Crossing[]>();
  for (const crossing of crossings) {
    const { host, protocol, destination } = crossing;
    put(byIdentity, crossing.identity, crossing);
    let interfaces = byInterface.get(host);
    if (!interfaces) byInterface.set(host, (interfaces = new Map<string, Crossing[]>()));
    put(interfaces, crossing.interface, crossing);
    if (crossing.direction === 'out') put(sent, wayOf(host, protocol, destination), crossing);
  }
  // Only where an answer comes by another port than was called is it asked who has called that.
  let known: ReadonlySet<string> | undefined;
  const callers = (): ReadonlySet<string> => {
    known ??= new Set(
      crossings.flatMap(({ direction, host, source, destination }) =>
        direction === 'in' ? [callOf(host, source, destination)] : [],
      ),
    );
    return known;
  };
  const index = { byIdentity, byInterface, sent, callers };
  indices.set(crossings, index);
  return index;
}

function put<T>(index: Map<string, T[]>, key: string, value: T): void {
  const same = index.get(key);
  if (same) same.push(value);
  else index.set(key, [value]);
}

/**
 * Returns a function that follows a packet from its first crossing to its last. Where a packet was sent again, byte for
 * byte, each sending takes the crossings that come first after it and that no earlier one has taken. Where two flows
 * carry the same bytes, each keeps its addresses and ports but in a NAT, and of what left that, its port if it can.
 */
function follower(topology: Topology, crossings: readonly Crossing[]): (first: Crossing) => readonly Crossing[] {
  const { byIdentity } = indexOf(crossings);
  const taken = new Set<Crossing>();
  const next = (last: Crossing): Crossing | undefined => {
    const mayFollow = last.direction === 'out' ? alongLink(topology, last) : throughHost(topology, last);
    const following = (byIdentity.get(last.identity) ?? []).filter(
      (crossing) => crossing.time >= last.time && !taken.has(crossing) && mayFollow(crossing),
    );
    if (following.length < 2) return following[0];
    return (
      following.find((each) => each.source === last.source && each.destination === last.destination) ??
      following.find((each) => samePorts(each, last)) ??
      following[0]
    );
  };
  return (first) => {
    const path: Crossing[] = [];
    for (let at: Crossing | undefined = first; at; at = next(at)) {
      taken.add(at);
      path.push(at);
    }
    return path;
  };
}

/**
 * Whether a crossing can be that of a packet at the far end of the link it was sent on. A link that isn't the topology's
 * was made by the candidate, and both of its ends are on the server.
 */
function alongLink(topology: Topology, last: Crossing): (next: Crossing) => boolean {
  const peers = peersOf(topology, last.host, last.interface);
  return (next) =>
    next.direction === 'in' &&
    next.source === last.source &&
    next.destination === last.destination &&
    (peers.length > 0
      ? peers.some((peer) => next.host === peer.host && next.interface === peer.interface)
      : next.host === last.host && peersOf(topology, next.host, next.interface).length === 0);
}

/**
 * Whether a crossing can be that of a packet as it leaves the host that it came to. A host that doesn't forward lets
 * none through; what leaves it with the same bytes is an echo. A NAT translates sources on the way out, destinations on
 * the way in. What a candidate makes of the server can't be known here: it may forward, and translate one of the two.
 */
function throughHost(topology: Topology, last: Crossing): (next: Crossing) => boolean {
  const { forwarding, nat } = hostNamed(topology, last.host);
  const isServer = last.host === topology.server.host;
  return (next) => {
    const [sameSource, sameDestination] = [next.source === last.source, next.destination === last.destination];
    return (
      (forwarding || isServer) &&
      next.host === last.host &&
      next.direction === 'out' &&
      (isServer
        ? sameSource || sameDestination
        : (sameSource || next.interface === nat?.outside) && (sameDestination || last.interface === nat?.outside))
    );
  };
}

function samePorts(one: Crossing, other: Crossing): boolean {
  return portOf(one.source) === portOf(other.source) && portOf(one.destination) === portOf(other.destination);
}

/** Empty for ICMP. */
function portOf(endpoint: string): string {
  const colon = endpoint.indexOf(':');
  return colon < 0 ? '' : endpoint.slice(colon + 1);
}
