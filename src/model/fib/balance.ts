import type { Host } from '../host.ts';
import { upperBounds } from '../multipath.ts';
import type { FibInfo } from './fib-info.ts';
import { ignoresLinkDown } from './fib.ts';

/**
 * Divides the hashes among a route's nexthops (net/ipv4/fib_semantics.c, fib_rebalance): when the route is made and when
 * one of its devices changes, but not when a sysctl does.
 */
export function rebalance(host: Host, { nexthops }: FibInfo): void {
  if (nexthops.length < 2) return;
  const bounds = upperBounds(
    nexthops.map((nexthop) => ({
      weight: nexthop.weight,
      alive: !nexthop.dead && !(nexthop.linkDown && ignoresLinkDown(host, nexthop)),
    })),
  );
  for (const [index, nexthop] of nexthops.entries()) nexthop.upperBound = bounds[index] ?? -1;
}
