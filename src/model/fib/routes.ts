import type { NexthopSpecification, RouteSpecification, RouteType } from '../../candidate/commands/ip.ts';
import type { Location } from '../../candidate/commands/location.ts';
import { isLocalAddress } from '../addresses.ts';
import { maskOf, scopes, type Device } from '../device.ts';
import { deviceNamed, type Host } from '../host.ts';
import { ownFlow } from '../route-output.ts';
import { lookUp } from '../rules.ts';
import type { FibNexthop, FibRoute } from './fib-info.ts';
import { lookUpTable, protocols, tableOf, tables } from './fib.ts';
import { newInfo, newNexthop, replaceRoutes } from './kernel-routes.ts';
import { groupOf } from './nexthop-objects.ts';

/** Why a change was refused: what `ip` would say. */
export interface Refusal {
  readonly message: string;
}

const refuse = (message: string): Refusal => ({ message });

export type RouteAction = 'add' | 'append' | 'prepend' | 'replace' | 'change';

/** Adds a route (net/ipv4/fib_trie.c, fib_table_insert; net/ipv4/fib_semantics.c, fib_create_info). */
export function addRoute(
  host: Host,
  action: RouteAction,
  wanted: RouteSpecification,
  at: Location | null,
): Refusal | null {
  const { destination, tos, type } = wanted;
  if ((destination.address & ~maskOf(destination.length)) !== 0) return refuse('RTNETLINK answers: Invalid argument');
  const { table: number } = wanted;
  if (type === null) return refuse('RTNETLINK answers: Invalid argument');
  // The table is made first, and stays where the route can't be (net/ipv4/fib_frontend.c, inet_rtm_newroute).
  const table = tableOf(host.fib, number);
  const scope = wanted.scope ?? scopes.universe;
  const nexthops = resolveNexthops(host, wanted, number, scope);
  if ('message' in nexthops) return nexthops;
  const preferredSource = wanted.source ?? 0;
  const isOwnSource = type === 'local' && preferredSource === destination.address;
  if (preferredSource !== 0 && !isOwnSource && !isLocalAddress(host, preferredSource)) {
    return refuse('Error: Invalid prefsrc address.');
  }
  const metric = wanted.metric ?? 0;
  const present = table.at(destination.address, destination.length);
  const isTwin = (route: FibRoute): boolean => route.tos === tos && route.info.metric === metric;
  const first = present.findIndex(isTwin);
  if (first >= 0 && action === 'add') return refuse('RTNETLINK answers: File exists');
  if (first < 0 && action === 'change') return refuse('RTNETLINK answers: No such file or directory');
  const info = newInfo(host, {
    type,
    protocol: wanted.protocol ?? protocols.boot,
    scope,
    preferredSource,
    metric,
    table: number,
    nexthops: nexthops.list,
    group: wanted.nexthopId === null ? null : groupOf(host.fib.objects, wanted.nexthopId),
  });
  const route: FibRoute = {
    destination: destination.address,
    length: destination.length,
    tos,
    table: number,
    info,
    at,
    lastDefault: -1,
    accessed: false,
  };
  if (type === 'local') host.fib.hasOwnLocal = true;
  const same = present.find((each) => isTwin(each) && sameWay(each, route));
  const replaces = first >= 0 && (action === 'replace' || action === 'change');
  // One that is replaced by itself stays, with all that it remembers.
  if (same) return replaces && present[first] === same ? null : refuse('RTNETLINK answers: File exists');
  replaceRoutes(host, number, route.destination, route.length, (routes) => {
    if (replaces) return routes.with(first, route);
    return routes.toSpliced(placeOf(routes, route, action), 0, route);
  });
  return null;
}

/** Routes of a prefix are sorted by tos, the greatest first, then by metric, the least first. */
function placeOf(routes: readonly FibRoute[], route: FibRoute, action: RouteAction): number {
  const isAfter = (each: FibRoute): boolean =>
    each.tos < route.tos ||
    (each.tos === route.tos &&
      (action === 'append' ? each.info.metric > route.info.metric : each.info.metric >= route.info.metric));
  const place = routes.findIndex(isAfter);
  return place < 0 ? routes.length : place;
}

function sameWay(one: FibRoute, other: FibRoute): boolean {
  if (one.info === other.info) return true;
  if (one.info.type !== other.info.type || one.info.scope !== other.info.scope) return false;
  if (one.info.preferredSource !== other.info.preferredSource || one.info.protocol !== other.info.protocol)
    return false;
  return (
    one.info.group?.id === other.info.group?.id &&
    one.info.nexthops.length === other.info.nexthops.length &&
    one.info.nexthops.every((nexthop, index) => {
      const twin = other.info.nexthops[index];
      return twin?.device === nexthop.device && twin.gateway === nexthop.gateway && twin.weight === nexthop.weight;
    })
  );
}

const withoutNexthops: readonly RouteType[] = ['unreachable', 'blackhole', 'prohibit', 'throw'];

function resolveNexthops(
  host: Host,
  wanted: RouteSpecification,
  table: number,
  scope: number,
): { readonly list: readonly FibNexthop[] } | Refusal {
  if (wanted.type === null || withoutNexthops.includes(wanted.type)) {
    return wanted.nexthops.length > 0
      ? refuse('Error: Nexthop specified for a route that goes nowhere.')
      : { list: [] };
  }
  if (wanted.nexthopId !== null) {
    const object = host.fib.objects.byId.get(wanted.nexthopId);
    return object ? { list: [] } : refuse('Error: Nexthop id does not exist.');
  }
  if (wanted.nexthops.length === 0) return refuse('RTNETLINK answers: No such device');
  const list: FibNexthop[] = [];
  for (const each of wanted.nexthops) {
    const resolved = resolveNexthop(host, each, table, scope, wanted.type);
    if ('message' in resolved) return resolved;
    list.push(resolved);
  }
  return { list };
}

/** What a nexthop comes to: its device, and how far it is off (fib_check_nh). */
export function resolveNexthop(
  host: Host,
  { gateway, device: name, weight, onlink }: NexthopSpecification,
  table: number,
  scope: number,
  type: RouteType = 'unicast',
): FibNexthop | Refusal {
  const device = name === null ? null : deviceNamed(host, name);
  if (name !== null && !device) return refuse(`Cannot find device "${name}"`);
  if (type === 'local') {
    return device
      ? newNexthop({ device, gateway: 0, weight, onlink, scope: scopes.nowhere })
      : refuse('RTNETLINK answers: No such device');
  }
  if (gateway === null) {
    if (!device) return refuse('RTNETLINK answers: No such device');
    if (!device.up) return refuse('Error: Device for nexthop is not up.');
    return newNexthop({ device, gateway: 0, weight, onlink, scope: scopes.host });
  }
  if (scope >= scopes.link) return refuse('Error: Nexthop has invalid scope.');
  if (onlink) {
    if (!device) return refuse('Error: Nexthop device required for onlink.');
    if (!device.up) return refuse('Error: Nexthop device is not up.');
    return newNexthop({ device, gateway, weight, onlink, scope: scopes.link });
  }
  return resolveGateway(host, gateway, device, weight, table, scope);
}

function resolveGateway(
  host: Host,
  gateway: number,
  device: Device | null,
  weight: number,
  table: number,
  scope: number,
): FibNexthop | Refusal {
  const flow = ownFlow(host, { destination: gateway, output: device, scope: Math.max(scope + 1, scopes.link) });
  // Only another table than main is looked up alone; for main's routes, the rules have their say (fib_check_nh_v4_gw).
  const own = table === tables.main ? undefined : host.fib.tables.get(table);
  const inTable = own ? lookUpTable(host, own, flow, null, true) : null;
  const found = inTable === null || typeof inTable === 'string' ? lookUp(host, flow, null, true) : inTable;
  if (typeof found === 'string') return refuse('Error: Nexthop has invalid gateway.');
  const { type, scope: found_scope } = found.route.info;
  if (type !== 'unicast' && type !== 'local') return refuse('Error: Nexthop has invalid gateway.');
  const way = found.nexthop.device;
  if (!way) return refuse('Error: No egress device for nexthop.');
  if (!way.up) return refuse('RTNETLINK answers: Network is down');
  return newNexthop({ device: way, gateway, weight, onlink: false, scope: found_scope });
}

/** Deletes the first route that fits what is said of it (fib_table_delete, fib_nh_match). */
export function deleteRoute(host: Host, wanted: RouteSpecification): Refusal | null {
  const number = wanted.table;
  const { address, length } = wanted.destination;
  if (!host.fib.tables.has(number)) return refuse('Error: FIB table does not exist.');
  const routes = host.fib.tables.get(number)?.at(address, length) ?? [];
  const found = routes.find((route) => fits(route, wanted));
  if (!found) return refuse('RTNETLINK answers: No such process');
  replaceRoutes(host, number, address, length, (all) => all.filter((route) => route !== found));
  return null;
}

function fits({ tos, info }: FibRoute, wanted: RouteSpecification): boolean {
  if (tos !== wanted.tos) return false;
  if (wanted.metric !== null && wanted.metric !== info.metric) return false;
  if (wanted.protocol !== null && wanted.protocol !== info.protocol) return false;
  if (wanted.scope !== null && wanted.scope !== info.scope) return false;
  if (wanted.type !== null && wanted.type !== info.type) return false;
  if (wanted.source !== null && wanted.source !== info.preferredSource) return false;
  if (wanted.nexthopId !== null && wanted.nexthopId !== info.group?.id) return false;
  const [first, ...others] = wanted.nexthops;
  if (!first) return true;
  const fitsTo = (nexthop: FibNexthop | undefined, specified: NexthopSpecification | undefined): boolean =>
    nexthop !== undefined &&
    specified !== undefined &&
    (specified.gateway === null || specified.gateway === nexthop.gateway) &&
    (specified.device === null || specified.device === nexthop.device?.name);
  if (others.length === 0 || info.nexthops.length === 0) return fitsTo(info.nexthops[0], first);
  // Of several, those count that the route has as many of.
  return info.nexthops.every((nexthop, index) => fitsTo(nexthop, wanted.nexthops[index]));
}
