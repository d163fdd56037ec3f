import type { FlowKey, RouteError } from '../flow.ts';
import type { Host } from '../host.ts';
import { routeOutput, type Route } from '../route-output.ts';
import type { Trail } from '../trail.ts';

/** The route that a socket remembers. It holds for as long as nothing changes that routes go by (sk_dst_check). */
export interface RememberedRoute {
  readonly route: Route;
  /** How old the tables were. */
  readonly generation: number;
  /** What was decided as it was looked up, for each packet that goes by it. */
  readonly why: readonly Parameters<NonNullable<Trail>>[];
}

/** Looks up a route to be remembered. */
export function remember(host: Host, flow: FlowKey): RememberedRoute | RouteError {
  const why: Parameters<NonNullable<Trail>>[] = [];
  const trail: Trail = host.trailOf && ((...decision) => void why.push(decision));
  const route = routeOutput(host, flow, trail);
  return typeof route === 'string' ? route : { route, generation: host.routeGeneration, why };
}

/** The route that is remembered, if it still holds. */
export function recall(host: Host, remembered: RememberedRoute | null, trail: Trail): Route | null {
  if (remembered?.generation !== host.routeGeneration) return null;
  if (trail) for (const decision of remembered.why) trail(...decision);
  return remembered.route;
}

/** Looks up the route of a socket that is being connected: if it has no source yet, first for that (include/net/route.h, ip_route_connect). */
export function routeConnect(host: Host, flow: FlowKey): RememberedRoute | RouteError {
  if (flow.source !== 0) return remember(host, flow);
  const first = routeOutput(host, flow, null);
  return typeof first === 'string' ? first : remember(host, { ...flow, source: first.source });
}
