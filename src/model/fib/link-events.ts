import { scopes, type Device } from '../device.ts';
import type { Host } from '../host.ts';
import { rebalance } from './balance.ts';
import { flushDead } from './kernel-routes.ts';
import type { NexthopObject } from './nexthop-objects.ts';

/** What befell a device: set down, lost its carrier, or is gone. */
type Misfortune = 'down' | 'carrier' | 'unregister';

/**
 * Marks the nexthops by a device dead or without link (net/ipv4/fib_semantics.c, fib_sync_down_dev). A route all of whose
 * nexthops are dead is dead for good; those of several that are not keep it alive.
 *
 * @param force its last address is gone: local routes are not spared
 */
export function syncDown(host: Host, device: Device, event: Misfortune, force = false): void {
  const spared = force ? null : scopes.nowhere;
  for (const info of host.fib.infos) {
    if (!info.nexthops.some((nexthop) => nexthop.device === device)) continue;
    let dead = 0;
    for (const nexthop of info.nexthops) {
      if (nexthop.dead) dead += 1;
      else if (nexthop.device === device && nexthop.scope !== spared) {
        if (event !== 'carrier') {
          nexthop.dead = true;
          info.power -= nexthop.power;
          nexthop.power = 0;
        }
        nexthop.linkDown = host.era.linkDown;
        dead += 1;
      }
    }
    if (event === 'unregister') dead = info.nexthops.length;
    if (dead === info.nexthops.length && event !== 'carrier') info.dead = true;
    rebalance(host, info);
  }
  host.routeGeneration += 1;
}

/** Brings the nexthops by a device back to life (fib_sync_up), or their link. */
export function syncUp(host: Host, device: Device, what: 'dead' | 'carrier'): void {
  if (!device.up) return;
  for (const info of host.fib.infos) {
    const nexthops = info.nexthops.filter((nexthop) => nexthop.device === device);
    if (nexthops.length === 0) continue;
    for (const nexthop of nexthops) {
      if (what === 'dead') nexthop.dead = false;
      if (device.carrier) nexthop.linkDown = false;
    }
    rebalance(host, info);
  }
  host.routeGeneration += 1;
}

/** Deletes a device's nexthop objects (nexthop_flush_dev). */
export function flushObjects(host: Host, device: Device): void {
  removeObjects(host, (object) => object.kind === 'single' && object.nexthop.device === device);
}

/** Deletes nexthop objects, and what of groups and routes leads by them alone (net/ipv4/nexthop.c, remove_nexthop). */
export function removeObjects(host: Host, isChosen: (object: NexthopObject) => boolean): void {
  const { byId } = host.fib.objects;
  for (const object of [...byId.values()]) if (isChosen(object)) byId.delete(object.id);
  for (const object of [...byId.values()]) {
    if (object.kind !== 'group') continue;
    object.members = object.members.filter(({ id }) => byId.has(id));
    if (object.members.length === 0) byId.delete(object.id);
  }
  for (const info of host.fib.infos) if (info.group && !byId.has(info.group.id)) info.dead = true;
  flushDead(host);
}
