import { formatIPv4 } from '../../net/address.ts';
import { scopes } from '../device.ts';
import type { FlowKey } from '../flow.ts';
import type { Host } from '../host.ts';
import { isValid, stateOf } from '../neighbour.ts';
import type { Trail } from '../trail.ts';
import type { FibNexthop, FibRoute } from './fib-info.ts';
import { describeNexthop, type FibResult } from './fib.ts';

/**
 * The choice among several default routes of one metric, each by one gateway, for what the host itself sends
 * (net/ipv4/fib_semantics.c, fib_select_default): the first whose gateway's neighbour entry doesn't speak against it. The
 * first of them remembers which was taken last time: that one has to be known to be reachable, while any other may be
 * merely valid. So two gateways that were heard of some time ago are taken in turn.
 *
 * Forwarded packets have no such choice: they take the first route.
 */
export function selectDefault(host: Host, found: FibResult, flow: FlowKey, trail: Trail): FibResult {
  const { route } = found;
  if (route.length !== 0 || route.info.type !== 'unicast' || nexthopsOf(route).length > 1) return found;
  const { candidates, isFirst } = candidatesFor(host, route, flow);
  if (!isFirst) return found;
  if (candidates.length < 2) {
    route.lastDefault = -1;
    return found;
  }
  const { place, remembered } = choose(host, candidates, route.lastDefault);
  route.lastDefault = remembered;
  const chosen = place < 0 ? undefined : candidates[place];
  if (!chosen) return found;
  trail?.(
    'nexthop',
    `default route ${place + 1} of ${candidates.length},${describeNexthop(chosen.nexthop)}: ` +
      `${formatIPv4(chosen.nexthop.gateway)} is ${nameOf(host, chosen.nexthop)}` +
      candidates
        .slice(0, place)
        .map(({ nexthop }) => `, ${formatIPv4(nexthop.gateway)} is ${nameOf(host, nexthop)}`)
        .join(''),
  );
  return chosen;
}

function nexthopsOf({ info }: FibRoute): readonly FibNexthop[] {
  return info.group?.nexthops() ?? info.nexthops;
}

/** The default routes that stand beside the one that was found, it first; `isFirst`: whether it is. */
function candidatesFor(
  host: Host,
  route: FibRoute,
  flow: FlowKey,
): { readonly candidates: readonly FibResult[]; readonly isFirst: boolean } {
  const candidates: FibResult[] = [];
  let metric = route.info.metric;
  let tos = 0;
  for (const each of host.fib.tables.get(route.table)?.at(0, 0) ?? []) {
    const { info } = each;
    if (each.tos !== 0 && each.tos !== (flow.tos & 0x1c)) continue;
    if (info.metric > metric && each.tos === tos) {
      if (tos !== 0) continue;
      break;
    }
    if (info.dead) continue;
    ({ tos } = each);
    ({ metric } = info);
    if (info.scope !== route.info.scope || info.type !== 'unicast') continue;
    const [nexthop] = nexthopsOf(each);
    if (!nexthop || nexthop.gateway === 0 || nexthop.scope !== scopes.link) continue;
    each.accessed = true;
    if (candidates.length === 0 && info !== route.info) return { candidates, isFirst: false };
    candidates.push({ route: each, nexthop });
  }
  return { candidates, isFirst: candidates.length > 0 };
}

/**
 * @param last the place of the one that was taken last time; -1: none was
 * @returns `place` -1: the one that the look-up had found
 */
function choose(
  host: Host,
  candidates: readonly FibResult[],
  last: number,
): { readonly place: number; readonly remembered: number } {
  let resort = -1;
  for (const [place, { nexthop }] of candidates.entries()) {
    const state = gatewayState(host, nexthop);
    if (state === null || state === 'reachable') return { place, remembered: place };
    if (isValid(state)) {
      if (place !== last) return { place, remembered: place };
      resort = place;
    } else if (resort < 0 && place > last && state !== 'incomplete') resort = place;
  }
  return { place: resort, remembered: resort };
}

function gatewayState(host: Host, { device, gateway }: FibNexthop): ReturnType<typeof stateOf> {
  return device && stateOf(host, device, gateway);
}

function nameOf(host: Host, nexthop: FibNexthop): string {
  return gatewayState(host, nexthop) ?? 'not known yet';
}
