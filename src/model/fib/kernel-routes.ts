import { scopes, type Device } from '../device.ts';
import type { Host } from '../host.ts';
import { refreshSource } from '../path.ts';
import { rebalance } from './balance.ts';
import type { FibInfo, FibNexthop, FibRoute } from './fib-info.ts';
import { protocols, tableOf, tables } from './fib.ts';

const { kernel } = protocols;

/** Adds a route that comes with an address (net/ipv4/fib_frontend.c, fib_magic). */
export function addKernelRoute(
  host: Host,
  type: 'local' | 'unicast' | 'broadcast',
  destination: number,
  length: number,
  device: Device,
  source: number,
  metric = 0,
): void {
  const table = tableOf(host.fib, type === 'unicast' ? tables.main : tables.local);
  const present = table.at(destination, length);
  const scope = type === 'local' ? scopes.host : scopes.link;
  const isThis = ({ info }: FibRoute): boolean =>
    info.type === type &&
    info.protocol === kernel &&
    info.preferredSource === source &&
    info.metric === metric &&
    info.nexthops[0]?.device === device;
  if (present.some(isThis)) return;
  const nexthop = newNexthop({
    device,
    gateway: 0,
    weight: 1,
    onlink: false,
    scope: type === 'local' ? scopes.nowhere : scopes.host,
  });
  const info = newInfo(host, {
    type,
    protocol: kernel,
    scope,
    preferredSource: source,
    metric,
    table: table.number,
    nexthops: [nexthop],
    group: null,
  });
  const added = { destination, length, tos: 0, table: table.number, info, at: null, lastDefault: -1, accessed: false };
  // Those that come later come after those of the same prefix and metric.
  const place = present.findLastIndex((each) => each.tos !== 0 || each.info.metric <= metric) + 1;
  replaceRoutes(host, table.number, destination, length, (routes) => routes.toSpliced(place, 0, added));
}

/** Removes the routes of that kind that came with an address of the device's. */
export function removeKernelRoute(
  host: Host,
  type: FibInfo['type'],
  destination: number,
  length: number,
  device: Device,
  metric = 0,
): void {
  const table = tableOf(host.fib, type === 'unicast' ? tables.main : tables.local);
  const isThis = ({ info }: FibRoute): boolean =>
    info.type === type && info.protocol === kernel && info.metric === metric && info.nexthops[0]?.device === device;
  replaceRoutes(host, table.number, destination, length, (routes) => routes.filter((route) => !isThis(route)));
}

/** Removes the routes with that `src`: those of the main table, these days (net/ipv4/fib_semantics.c, fib_sync_down_addr). */
export function removeRoutesFrom(host: Host, source: number): void {
  const { sourceRemoval } = host.era;
  for (const info of host.fib.infos) {
    const concerned = sourceRemoval === 'all' || (sourceRemoval === 'main' && info.table === tables.main);
    if (concerned && info.preferredSource === source) info.dead = true;
  }
  flushDead(host);
}

/** Removes the routes that lead nowhere any more (fib_flush). */
export function flushDead(host: Host): void {
  for (const table of host.fib.tables.values()) {
    for (const { destination, length, info } of table.routes()) {
      if (info.dead) {
        replaceRoutes(host, table.number, destination, length, (routes) => routes.filter((route) => !route.info.dead));
        host.routeGeneration += 1;
      }
    }
  }
}

/** Changes the routes of one prefix, and forgets what none of them leads to any more. */
export function replaceRoutes(
  host: Host,
  tableNumber: number,
  destination: number,
  length: number,
  change: (routes: readonly FibRoute[]) => readonly FibRoute[],
): void {
  const table = tableOf(host.fib, tableNumber);
  const before = table.at(destination, length);
  const after = change(before);
  table.put(destination, length, after);
  for (const { info } of after) info.uses += 1;
  for (const { info } of before) {
    info.uses -= 1;
    if (info.uses === 0) host.fib.infos.delete(info);
  }
  if (makesOld(before, after)) host.routeGeneration += 1;
}

/**
 * Whether what is remembered of routes is to be looked up anew (net/ipv4/fib_trie.c, fib_table_insert, fib_table_delete): if one is
 * added, or if one that was ever come to is gone, or another takes its place.
 */
function makesOld(before: readonly FibRoute[], after: readonly FibRoute[]): boolean {
  const gone = before.filter((route) => !after.includes(route));
  return gone.length === 0 ? after.length > before.length : gone.some(({ accessed }) => accessed);
}

export function newNexthop({
  device,
  gateway,
  weight,
  onlink,
  scope,
}: Pick<FibNexthop, 'device' | 'gateway' | 'weight' | 'onlink' | 'scope'>): FibNexthop {
  return {
    device,
    gateway,
    weight,
    onlink,
    scope,
    dead: false,
    linkDown: false,
    upperBound: -1,
    power: 0,
    source: 0,
    sourceGeneration: -1,
    exceptions: null,
  };
}

/** Where a route leads; the same as another route's, if that leads to the same place (fib_create_info, fib_find_info). */
export function newInfo(host: Host, parts: Omit<FibInfo, 'uses' | 'dead' | 'power'>): FibInfo {
  for (const info of host.fib.infos) if (leadsToSame(info, parts)) return info;
  const { type, protocol, scope, preferredSource, metric, table, nexthops, group } = parts;
  // Field by field, as a nexthop: all that look-ups see has one shape then.
  const info: FibInfo = {
    type,
    protocol,
    scope,
    preferredSource,
    metric,
    table,
    nexthops,
    group,
    uses: 0,
    dead: false,
    power: 0,
  };
  for (const nexthop of info.nexthops) {
    if (nexthop.device) {
      // An address of the host's own is at hand, with or without a link.
      nexthop.linkDown = !nexthop.device.carrier && host.era.linkDown && nexthop.scope !== scopes.nowhere;
      refreshSource(host, info, nexthop);
    }
  }
  host.fib.infos.add(info);
  rebalance(host, info);
  return info;
}

function leadsToSame(one: FibInfo, other: Omit<FibInfo, 'uses' | 'dead' | 'power'>): boolean {
  return (
    !one.dead &&
    one.type === other.type &&
    one.protocol === other.protocol &&
    one.scope === other.scope &&
    one.preferredSource === other.preferredSource &&
    one.metric === other.metric &&
    one.table === other.table &&
    one.group?.id === other.group?.id &&
    one.nexthops.length === other.nexthops.length &&
    one.nexthops.every((nexthop, index) => {
      const twin = other.nexthops[index];
      return (
        twin?.device === nexthop.device &&
        twin.gateway === nexthop.gateway &&
        twin.weight === nexthop.weight &&
        twin.onlink === nexthop.onlink
      );
    })
  );
}
