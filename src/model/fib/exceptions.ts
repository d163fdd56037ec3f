import type { Host } from '../host.ts';
import type { FibNexthop } from './fib-info.ts';

/** Another gateway, learned for one destination: an exception from what its nexthop says (struct fib_nh_exception). */
export interface NexthopException {
  readonly gateway: number;
  /** Seconds, on the host's clock. */
  readonly until: number;
  /** The host's `exceptionGeneration` when it was learned. */
  readonly generation: number;
}

/** Seconds that an exception lasts: net.ipv4.route.gc_timeout. */
const lifetime = 300;

/** Has a nexthop lead by another gateway, to one destination (net/ipv4/route.c, update_or_create_fnhe). */
export function learnException(host: Host, nexthop: FibNexthop, destination: number, gateway: number): void {
  const until = host.clock.now + lifetime;
  nexthop.exceptions ??= new Map();
  nexthop.exceptions.set(destination, { gateway, until, generation: host.exceptionGeneration });
  // Routes that sockets remember don't know of it.
  host.routeGeneration += 1;
}

/** What has been learned of a destination, if it still holds (find_exception). */
export function exceptionFor(host: Host, { exceptions }: FibNexthop, destination: number): NexthopException | null {
  const found = exceptions?.get(destination);
  if (!found) return null;
  if (host.clock.now <= found.until && found.generation === host.exceptionGeneration) return found;
  exceptions?.delete(destination);
  return null;
}
