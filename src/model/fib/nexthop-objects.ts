import type { FibNexthop } from './fib-info.ts';

/** `ip nexthop` objects of a host, by their id. */
export interface NexthopObjects {
  readonly byId: Map<number, NexthopObject>;
}

export type NexthopObject =
  | { readonly kind: 'single'; readonly id: number; readonly nexthop: FibNexthop }
  | { readonly kind: 'blackhole'; readonly id: number }
  /** Members change as their devices come and go. */
  | { readonly kind: 'group'; readonly id: number; members: readonly GroupMember[] };

export interface GroupMember {
  readonly id: number;
  readonly weight: number;
}

/** What a route that names an object leads to. */
export interface NexthopGroup {
  readonly id: number;
  nexthops(): readonly FibNexthop[];
  /** The largest hash that each of them takes. */
  upperBounds(): readonly number[];
}

export function createNexthopObjects(): NexthopObjects {
  return { byId: new Map() };
}

/** A view of an object for the routes that use it; empty once the object is gone. */
export function groupOf(objects: NexthopObjects, id: number): NexthopGroup {
  const singles = (): readonly { readonly nexthop: FibNexthop; readonly weight: number }[] => {
    const object = objects.byId.get(id);
    if (object?.kind === 'single') return [{ nexthop: object.nexthop, weight: 1 }];
    if (object?.kind !== 'group') return [];
    return object.members.flatMap(({ id: member, weight }) => {
      const each = objects.byId.get(member);
      return each?.kind === 'single' ? [{ nexthop: each.nexthop, weight }] : [];
    });
  };
  return {
    id,
    nexthops: () => singles().map(({ nexthop }) => nexthop),
    upperBounds: () => {
      const members = singles();
      const total = members.reduce((sum, { weight }) => sum + weight, 0);
      let shares = 0;
      return members.map(({ weight }) => {
        shares += weight;
        return Math.min(Math.floor((shares * 2 ** 31 + Math.floor(total / 2)) / total) - 1, 0x7fffffff);
      });
    },
  };
}
