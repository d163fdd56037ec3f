import type { Cause } from '../backend/cause.ts';
import type { Crossing, Drop, Evidence } from '../backend/crossing.ts';
import { contains, parseIPv4, parsePrefix } from '../net/address.ts';
import { withoutPayload } from '../net/packet.ts';
import { hostNamed, peersOf, type Topology } from '../topology/topology.ts';

/** Why a packet that had come in at a host went no further. */
export interface Dropped {
  readonly cause: Cause;
  /** The kernel's own word for it; null if it is inferred. */
  readonly drop: Drop | null;
}

/** Tells why a packet that went no further than this crossing was dropped there; `undefined` if nothing says that it was. */
export type DroppedAt = (last: Crossing) => Dropped | undefined;

/** The kernel's reasons that are causes of ours. */
const causeOf: Readonly<Record<string, Cause>> = {
  IP_RPFILTER: 'reverse-path',
  IP_LOCAL_SOURCE: 'martian-source',
};

/**
 * Why packets were dropped is what the kernel says, where it says all of it: that netfilter did it is all it says of what a source
 * filter or a NAT refused, and where. Otherwise it is inferred: what came to such a host and should be refused there, was.
 * For the server: what came back in over a link of the server's own was a martian; what came in by a line, and nothing came of it,
 * fell to the reverse-path filter if that has dropped any. A scenario that relies on this compares the count with the packets.
 *
 * Of ARP the kernel never says anything: a question from an address that is the server's own, it takes and forgets.
 */
export function droppedIn(topology: Topology, { drops, dropsMissed = 0, filtered }: Evidence): DroppedAt {
  const isTold = drops !== null && dropsMissed === 0;
  const byPlace = new Map(drops?.map((drop) => [placeOf(drop), drop]));
  return (last) => {
    const { host, interface: name, direction, protocol } = last;
    if (direction === 'out') return undefined;
    const drop = byPlace.get(placeOf(last));
    const cause = drop && causeOf[drop.reason];
    if (cause) return { cause, drop };
    const refused = refusedAt(topology, last);
    if (refused && !drop && !isTold) return { cause: refused, drop: null };
    if (refused && drop?.reason === 'NETFILTER_DROP') return { cause: refused, drop };
    if (host !== topology.server.host || drop || (isTold && protocol !== 'arp')) return undefined;
    if (peersOf(topology, host, name).length === 0) return { cause: 'martian-source', drop: null };
    return filtered.value > 0 && protocol !== 'arp' ? { cause: 'reverse-path', drop: null } : undefined;
  };
}

/** For what a host must drop a packet that comes in there; `undefined`: for nothing that the topology tells. */
function refusedAt(topology: Topology, { host, interface: name, source, destination }: Crossing): Cause | undefined {
  const { sourceFilter, nat } = hostNamed(topology, host);
  if (name === sourceFilter?.interface) {
    const address = parseIPv4(withoutPort(source));
    if (!sourceFilter.allowed.some((prefix) => contains(parsePrefix(prefix), address))) return 'source-filtered';
  }
  return name === nat?.outside && withoutPort(destination) === nat.address ? 'no-mapping' : undefined;
}

const withoutPort = (end: string): string => end.replace(/:.*$/, '');

/** Where a packet came in, and which it is. NAT may have changed its destination before it was dropped. */
function placeOf(each: Pick<Drop, 'host' | 'interface' | 'source' | 'identity'>): string {
  return [each.host, each.interface, each.source, withoutPayload(each.identity)].join(' ');
}

/** Who says so, for people; to follow what is said. */
export function sourceOf({ drop }: Dropped): string {
  return drop ? ` (the kernel's word: ${drop.reason}, in ${drop.function})` : ' (inferred from captures and counters)';
}
