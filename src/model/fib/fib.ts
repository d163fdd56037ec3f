import type { RouteType } from '../../candidate/commands/ip.ts';
import { formatIPv4, formatPrefix, type Prefix } from '../../net/address.ts';
import type { Device } from '../device.ts';
import type { FlowKey, RouteError } from '../flow.ts';
import type { Host } from '../host.ts';
import type { Trail } from '../trail.ts';
import type { FibInfo, FibNexthop, FibRoute } from './fib-info.ts';
import { createFibTable, type FibTable } from './fib-table.ts';
import type { NexthopObjects } from './nexthop-objects.ts';

/** Tables with names; local and main are always there. */
export const tables = { default: 253, main: 254, local: 255 } as const;

/** Routing protocols (linux/rtnetlink.h): of routes that come with addresses, and of those that `ip route` adds. */
export const protocols = { kernel: 2, boot: 3 } as const;

/** A table's name, or its number if it has none. */
export function tableName(number: number): string {
  return Object.entries(tables).find(([, each]) => each === number)?.[0] ?? String(number);
}

/** A host's routing tables. */
export interface Fib {
  readonly tables: Map<number, FibTable>;
  /** Of those, the two that every look-up begins with. */
  readonly local: FibTable;
  readonly main: FibTable;
  readonly infos: Set<FibInfo>;
  readonly objects: NexthopObjects;
  /** Whether anybody has ever added a local route of his own (fib_has_custom_local_routes). */
  hasOwnLocal: boolean;
}

export function createFib(objects: NexthopObjects): Fib {
  const [local, main] = [createFibTable(tables.local), createFibTable(tables.main)];
  const all = [local, main].map((table): [number, FibTable] => [table.number, table]);
  return { tables: new Map(all), local, main, infos: new Set(), objects, hasOwnLocal: false };
}

/** The table of that number, made if there is none. */
export function tableOf(fib: Fib, number: number): FibTable {
  const found = fib.tables.get(number);
  if (found) return found;
  const made = createFibTable(number);
  fib.tables.set(number, made);
  return made;
}

/** What a look-up finds. */
export interface FibResult {
  readonly route: FibRoute;
  /** The first nexthop that may be used; the choice among several comes later. */
  readonly nexthop: FibNexthop;
}

/** Whether any of a route's nexthops, a dead one too, leads by the device (fib_info_nh_uses_dev). */
export function usesDevice({ route: { info } }: FibResult, device: Device): boolean {
  return (info.group?.nexthops() ?? info.nexthops).some((each) => each.device === device);
}

/** What a route of this type makes of a look-up. */
const errors: Readonly<Partial<Record<RouteType, RouteError>>> = {
  unreachable: 'EHOSTUNREACH',
  blackhole: 'EINVAL',
  prohibit: 'EACCES',
};

/**
 * Looks a destination up in one table (net/ipv4/fib_trie.c, fib_table_lookup): the longest prefix that has a route for
 * this flow.
 *
 * @returns null if there is none, or the table says to look elsewhere (`throw`)
 */
export function lookUpTable(
  host: Host,
  table: FibTable,
  flow: FlowKey,
  trail: Trail,
  ignoreLinkState = false,
): FibResult | RouteError | null {
  let missed: number | null = null;
  for (const { mask, prefixes } of table.levels) {
    const address = flow.destination & mask;
    const routes = address === missed ? undefined : prefixes.get(address);
    if (routes === undefined) continue;
    const found = tryRoutes(host, table, routes, flow, trail, ignoreLinkState);
    if (found === 'missed') missed = address;
    else if (found !== null) return found === 'throw' ? null : found;
  }
  return null;
}

/**
 * The first route of a prefix that is for this flow.
 *
 * @returns 'missed': a nexthop object has none for it, and then no other route counts whose prefix has the same address, a shorter one
 *   neither (as in Linux 6.18; they are all on one leaf of the trie)
 */
function tryRoutes(
  host: Host,
  table: FibTable,
  routes: readonly FibRoute[],
  flow: FlowKey,
  trail: Trail,
  ignoreLinkState: boolean,
): FibResult | RouteError | 'throw' | 'missed' | null {
  for (const route of routes) {
    if (route.tos !== 0 && route.tos !== (flow.tos & 0x1c)) continue;
    const { info } = route;
    if (info.dead || info.scope < flow.scope) continue;
    route.accessed = true;
    if (info.type === 'throw') return 'throw';
    const error = errors[info.type];
    const nexthop = error === undefined ? firstUsable(host, info, flow, ignoreLinkState) : null;
    if (error === undefined && nexthop === null) {
      if (info.group) return 'missed';
      continue;
    }
    trail?.('route', `table ${tableName(table.number)}: ${describeRoute(route)}`, route.at ?? undefined);
    return nexthop === null ? (error ?? null) : { route, nexthop };
  }
  return null;
}

/**
 * Looks a destination up as long as nobody has ever added a rule: tables local and main are one then, and of both the
 * longest prefix counts (net/ipv4/fib_trie.c, fib_trie_unmerge).
 */
export function lookUpMerged(
  host: Host,
  flow: FlowKey,
  trail: Trail,
  ignoreLinkState: boolean,
): FibResult | RouteError | null {
  const local = lookUpTable(host, host.fib.local, flow, null, ignoreLinkState);
  const main = lookUpTable(host, host.fib.main, flow, null, ignoreLinkState);
  const chosen =
    isFound(local) && isFound(main) ? (main.route.length > local.route.length ? main : local) : (local ?? main);
  if (isFound(chosen))
    trail?.(
      'route',
      `table ${tableName(chosen.route.table)}: ${describeRoute(chosen.route)}`,
      chosen.route.at ?? undefined,
    );
  return chosen;
}

function isFound(result: FibResult | RouteError | null): result is FibResult {
  return result !== null && typeof result !== 'string';
}

function firstUsable(host: Host, info: FibInfo, flow: FlowKey, ignoreLinkState: boolean): FibNexthop | null {
  for (const nexthop of info.group?.nexthops() ?? info.nexthops) {
    if (nexthop.dead) continue;
    if (nexthop.linkDown && !ignoreLinkState && ignoresLinkDown(host, nexthop)) continue;
    if (flow.output && flow.output !== nexthop.device) continue;
    return nexthop;
  }
  return null;
}

/** Whether a nexthop without carrier is to be passed over. */
export function ignoresLinkDown(host: Host, { device }: FibNexthop): boolean {
  return device !== null && host.sysctls.interfaceValues(device.name).ignoreRoutesWithLinkDown;
}

/** As `ip` shows it: without the length where it is one address. */
export function shortPrefix(prefix: Prefix): string {
  return formatPrefix(prefix).replace(/[/]32$/, '');
}

/** As `ip route` shows it, in short. */
function describeRoute({ destination, length, info }: FibRoute): string {
  const prefix = length === 0 ? 'default' : shortPrefix({ address: destination, length });
  const type = info.type === 'unicast' ? '' : `${info.type} `;
  const nexthops = info.group?.nexthops() ?? info.nexthops;
  const [only] = nexthops;
  if (nexthops.length > 1) return `${type}${prefix}, ${nexthops.length} nexthops`;
  return `${type}${prefix}${only ? describeNexthop(only) : ''}`;
}

/** ` via 203.0.113.1 dev isp1` */
export function describeNexthop({ gateway, device }: FibNexthop): string {
  const via = gateway === 0 ? '' : ` via ${formatIPv4(gateway)}`;
  return `${via}${device ? ` dev ${device.name}` : ''}`;
}
