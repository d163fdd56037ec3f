import type { Device } from './device.ts';
import type { Host } from './host.ts';
import type { Packet } from './packet.ts';
import type { Route } from './route-output.ts';
import type { Trail } from './trail.ts';

/**
 * The route cache of kernels before 3.6 (net/ipv4/route.c, rt_hash_table; read in 2.6.32 and 3.5). What was found once for a
 * packet is found again for all that are like it, the choice among nexthops and the source address included: so the choice
 * is made by the first packet between two addresses, and holds. The reverse-path filter is asked by that packet alone, too.
 *
 * All of it is void as soon as a route, rule, address, device or sysctl changes, or by `ip route flush cache`; an entry, when
 * nothing has asked for it for `idleTime`. What is not modelled: entries that a full table or a long chain costs, and the
 * rebuilding every ten minutes that was there until 2.6.34 (rt_secret_interval).
 */
export interface RouteCache {
  readonly entries: Map<string, Entry>;
}

interface Entry {
  readonly key: CacheKey;
  found: unknown;
  /** The host's `routeGeneration` when it was found. */
  readonly generation: number;
  /** Seconds, on the host's clock: when it was last asked for. */
  used: number;
}

/** What a look-up is known again by. */
interface CacheKey {
  readonly destination: number;
  /** As the sender has said it; 0: it hasn't. */
  readonly source: number;
  /** The device that it came in by; null: it is the host's own. */
  readonly input: Device | null;
  readonly output: Device | null;
  readonly mark: number;
  readonly tos: number;
  /** The source may be another host's. */
  readonly anySource: boolean;
}

/** Seconds: net.ipv4.route.gc_timeout. */
const idleTime = 300;
/** IPTOS_RT_MASK: of the type of service, what routing heeds. */
const tosMask = 0x1c;

export function createRouteCache(): RouteCache {
  return { entries: new Map() };
}

/**
 * What a look-up finds: what the cache has, or else what `lookUp` does.
 *
 * @param lasts whether something that was found is to be kept; errors aren't
 * @param describe what was found, in words
 */
export function throughCache<Found>(
  host: Host,
  key: CacheKey,
  trail: Trail,
  lookUp: () => Found,
  lasts: (found: Found) => boolean,
  describe: (found: Found) => string,
): Found {
  const { entries } = host.routeCache;
  const { now } = host.clock;
  const name = nameOf(key);
  const known = entries.get(name);
  if (known?.generation === host.routeGeneration && now - known.used <= idleTime) {
    known.used = now;
    // One key is of one kind of look-up.
    const found = known.found as Found;
    trail?.('route', `the route cache has it: ${describe(found)}`);
    return found;
  }
  const found = lookUp();
  if (lasts(found)) entries.set(name, { key, found, generation: host.routeGeneration, used: now });
  else entries.delete(name);
  return found;
}

/**
 * Has what was found for the host's own packets lead by another gateway, as a redirect says (ip_rt_redirect): as long as the
 * entry holds.
 */
export function redirectCached(
  host: Host,
  { source, destination }: Packet,
  { input, from, to }: { readonly input: Device; readonly from: number; readonly to: number },
): void {
  for (const entry of host.routeCache.entries.values()) {
    const { key, generation } = entry;
    if (key.input !== null || generation !== host.routeGeneration || key.destination !== destination) continue;
    if ((key.source !== 0 && key.source !== source) || (key.output !== null && key.output !== input)) continue;
    // What was found for a packet of the host's own is a route.
    const route = entry.found as Route;
    if (route.gateway !== from || route.device !== input || route.source !== source) continue;
    const exception = { gateway: to, until: Infinity, generation: host.exceptionGeneration };
    entry.found = { ...route, nexthop: to, gateway: to, exception } satisfies Route;
  }
}

function nameOf({ destination, source, input, output, mark, tos, anySource }: CacheKey): string {
  return [destination, source, input?.index ?? 0, output?.index ?? 0, mark, tos & tosMask, anySource].join(' ');
}
