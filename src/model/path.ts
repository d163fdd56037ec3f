import { formatIPv4 } from '../net/address.ts';
import type { FibInfo, FibNexthop } from './fib/fib-info.ts';
import { describeNexthop, type FibResult } from './fib/fib.ts';
import type { FlowKey } from './flow.ts';
import type { Host } from './host.ts';
import { hashOfFlow, hashOfPacket, isSecret } from './multipath-hash.ts';
import { selectNexthop, selectNexthopForSource } from './multipath.ts';
import { isReachable } from './neighbour.ts';
import type { Packet } from './packet.ts';
import { selectSourceAddress } from './source-address.ts';
import { scopes } from './device.ts';
import type { Trail } from './trail.ts';

/**
 * The choice among the nexthops of the route that was found (net/ipv4/fib_semantics.c, fib_select_path).
 *
 * @param flow a forwarded packet's prefers no nexthop for its source: that is not the host's own
 * @param packet the one that is forwarded, or that the ICMP error to be sent is about; null for what the host sends itself
 */
export function selectPath(
  host: Host,
  { route: { info }, nexthop }: FibResult,
  flow: FlowKey,
  packet: Packet | null,
  trail: Trail,
): FibNexthop {
  const nexthops = info.group?.nexthops() ?? info.nexthops;
  // Whoever names a device has chosen already.
  if (flow.output || (nexthops.length < 2 && !info.group)) return nexthop;
  if (host.era.multipathChoice === 'rotation') return takeTurns(host, info, trail);
  const hash = packet ? hashOfPacket(host, packet) : hashOfFlow(host, flow);
  if (isSecret(host)) host.chosenBySecret(flow);
  if (info.group) return selectFromGroup(host, info.group.nexthops(), info.group.upperBounds(), hash, trail) ?? nexthop;
  const useNeighbours = host.sysctls.read('ipv4.fib_multipath_use_neigh') !== 0;
  const source = flow.input === host.loopback ? flow.source : 0;
  const chosen =
    source === 0 && !useNeighbours
      ? selectNexthop(
          nexthops.map((each) => each.upperBound),
          hash,
        )
      : selectNexthopForSource(
          nexthops.map((each) => ({
            upperBound: each.upperBound,
            source: each.source,
            reachable: !useNeighbours || isUsable(host, each),
          })),
          hash,
          source,
          host.era.sourcePreference,
        );
  const found = chosen === null ? nexthop : (nexthops[chosen] ?? nexthop);
  if (trail) describeChoice(trail, nexthops, found, hash, source, host);
  return found;
}

/** Nexthop objects always heed their neighbours (net/ipv4/nexthop.c, nexthop_select_path). */
function selectFromGroup(
  host: Host,
  nexthops: readonly FibNexthop[],
  bounds: readonly number[],
  hash: number,
  trail: Trail,
): FibNexthop | null {
  const good = nexthops.map((each) => isUsable(host, each));
  const place = bounds.findIndex((bound, index) => good[index] === true && hash <= bound);
  const chosen = nexthops[place >= 0 ? place : Math.max(good.indexOf(true), 0)] ?? null;
  if (chosen)
    trail?.(
      'nexthop',
      `hash ${hex(hash)}: nexthop ${nexthops.indexOf(chosen) + 1} of ${nexthops.length},${describeNexthop(chosen)}`,
    );
  return chosen;
}

function isUsable(host: Host, { device, gateway, scope }: FibNexthop): boolean {
  return scope !== scopes.link || device === null || isReachable(host, device, gateway);
}

/**
 * Linux to 4.3: each look-up takes one share of its round, at a place that the time gives; a round has as many shares as
 * the weights say.
 */
function takeTurns(host: Host, info: FibInfo, trail: Trail): FibNexthop {
  const { nexthops } = info;
  const [first] = nexthops as readonly [FibNexthop, ...FibNexthop[]];
  if (info.power <= 0) {
    info.power = 0;
    for (const each of nexthops) {
      each.power = each.dead ? 0 : each.weight;
      info.power += each.power;
    }
    if (info.power === 0) return first;
  }
  // HZ is 250.
  let place = Math.floor(host.clock.now * 250) % info.power;
  for (const [index, each] of nexthops.entries()) {
    if (each.dead || each.power === 0) continue;
    place -= each.power;
    if (place > 0) continue;
    each.power -= 1;
    info.power -= 1;
    trail?.('nexthop', `its turn: nexthop ${index + 1} of ${nexthops.length},${describeNexthop(each)}`);
    return each;
  }
  return first;
}

function describeChoice(
  trail: NonNullable<Trail>,
  nexthops: readonly FibNexthop[],
  chosen: FibNexthop,
  hash: number,
  source: number,
  host: Host,
): void {
  const place = nexthops.indexOf(chosen);
  const which = `nexthop ${place + 1} of ${nexthops.length},${describeNexthop(chosen)}`;
  if (source !== 0 && host.era.sourcePreference !== 'plain' && chosen.source === source) {
    trail('nexthop', `source ${formatIPv4(source)} is that of ${which}`);
    return;
  }
  const below = nexthops.slice(0, place).findLast(({ upperBound }) => upperBound >= 0)?.upperBound;
  const bounds = [below === undefined ? '' : ` > ${hex(below)}`, ` <= ${hex(chosen.upperBound)}`]
    .join(' and')
    .replace(/^ and/, '');
  trail('nexthop', `hash ${hex(hash)}${bounds}: ${which}`);
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

/** The source that the chosen nexthop gives to a sender without one (fib_result_prefsrc). */
export function sourceBy(host: Host, info: FibInfo, nexthop: FibNexthop): number {
  if (info.preferredSource !== 0) return info.preferredSource;
  if (nexthop.sourceGeneration !== host.addressGeneration) refreshSource(host, info, nexthop);
  return nexthop.source;
}

export function refreshSource(host: Host, info: FibInfo, nexthop: FibNexthop): void {
  nexthop.source = nexthop.device
    ? selectSourceAddress(nexthop.device, host.devices.values(), nexthop.gateway, info.scope)
    : 0;
  nexthop.sourceGeneration = host.addressGeneration;
}
