import type { Cause } from '../backend/cause.ts';
import type { Crossing, Drop, Evidence } from '../backend/crossing.ts';
import { peersOf, type Topology } from '../topology/topology.ts';

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
 * Why packets were dropped is what the kernel says, where it says anything. Otherwise it is inferred, for the server: what
 * came back in over a link of the server's own was a martian; what came in by a line, and nothing came of it, fell to
 * the reverse-path filter if that has dropped any. A scenario that relies on this compares the count with the packets.
 */
export function droppedIn(topology: Topology, { drops, filtered }: Evidence): DroppedAt {
  if (drops === null) {
    return ({ host, interface: name, direction }) => {
      if (host !== topology.server.host || direction === 'out') return undefined;
      if (peersOf(topology, host, name).length === 0) return { cause: 'martian-source', drop: null };
      return filtered.value > 0 ? { cause: 'reverse-path', drop: null } : undefined;
    };
  }
  const byPlace = new Map(drops.map((drop) => [placeOf(drop), drop]));
  return (last) => {
    const drop = last.direction === 'in' ? byPlace.get(placeOf(last)) : undefined;
    const cause = drop && causeOf[drop.reason];
    return cause && { cause, drop };
  };
}

function placeOf(each: Pick<Drop, 'host' | 'interface' | 'time'>): string {
  return `${each.host} ${each.interface} ${each.time ?? ''}`;
}

/** Who says so, for people; to follow what is said. */
export function sourceOf({ drop }: Dropped): string {
  return drop ? ` (the kernel's word: ${drop.reason}, in ${drop.function})` : ' (inferred from captures and counters)';
}
