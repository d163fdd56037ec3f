import { formatIPv4 } from '../net/address.ts';
import { isLocalAddress } from './addresses.ts';
import { scopes, type Device } from './device.ts';
import { selectDefault } from './fib/default-route.ts';
import { exceptionFor, type NexthopException } from './fib/exceptions.ts';
import type { FibNexthop } from './fib/fib-info.ts';
import { describeNexthop, type FibResult } from './fib/fib.ts';
import type { FlowKey, RouteError } from './flow.ts';
import type { Host } from './host.ts';
import type { Packet } from './packet.ts';
import { selectPath, sourceBy } from './path.ts';
import { throughCache } from './route-cache.ts';
import { lookUp } from './rules.ts';
import { selectSourceAddress } from './source-address.ts';
import type { Trail } from './trail.ts';

/** Where a packet goes. */
export interface Route {
  readonly kind: 'unicast' | 'local' | 'broadcast' | 'multicast';
  readonly device: Device;
  /** The neighbour that it is handed to: the gateway, or the destination itself. */
  readonly nexthop: number;
  /** The gateway's address; 0: the destination is on the link itself. */
  readonly gateway: number;
  /** The source: as asked for, or as chosen. */
  readonly source: number;
  /** By what a redirect said, if by that. */
  readonly exception?: NexthopException;
}

export interface OutputOptions {
  /** FLOWI_FLAG_ANYSRC: the source need not be the host's own. */
  readonly anySource?: boolean;
  /** The packet that an ICMP error to be sent is about. */
  readonly about?: Packet | null;
}

/**
 * The route for what the host itself sends, and its source address if it has none yet (net/ipv4/route.c,
 * ip_route_output_key_hash_rcu).
 */
export function routeOutput(host: Host, flow: FlowKey, trail: Trail, options: OutputOptions = {}): Route | RouteError {
  if (!host.era.routeCache) return routeOutputSlow(host, flow, trail, options);
  const { destination, source, output, mark, tos } = flow;
  const key = { destination, source, input: null, output, mark, tos, anySource: options.anySource ?? false };
  const lookUpAll = (): Route | RouteError => routeOutputSlow(host, flow, trail, options);
  return throughCache(host, key, trail, lookUpAll, isRoute, describeRoute);
}

function isRoute(found: Route | RouteError): found is Route {
  return typeof found !== 'string';
}

function describeRoute(found: Route | RouteError): string {
  if (!isRoute(found)) return found;
  const { device, gateway, source } = found;
  return `${gateway === 0 ? '' : `via ${formatIPv4(gateway)} `}dev ${device.name} src ${formatIPv4(source)}`;
}

/** ip_route_output_slow, as it was called where a cache was asked first. */
function routeOutputSlow(
  host: Host,
  flow: FlowKey,
  trail: Trail,
  { anySource = false, about = null }: OutputOptions,
): Route | RouteError {
  let { source } = flow;
  const { output } = flow;
  if (source !== 0) {
    if (isMulticast(source) || source === broadcast) return 'EINVAL';
    if (!anySource && !isLocalAddress(host, source)) {
      trail?.('source', `${formatIPv4(source)} is not an address of ${host.name}`);
      return host.era.foreignSource;
    }
  }
  if (output) {
    if (!output.up) return 'ENETUNREACH';
    if (isMulticast(flow.destination) || flow.destination === broadcast) {
      source ||= selectSourceAddress(output, host.devices.values(), 0, scopes.link);
      const kind = flow.destination === broadcast ? 'broadcast' : 'multicast';
      return { kind, device: output, nexthop: flow.destination, gateway: 0, source };
    }
  }
  if (flow.destination === 0) {
    const own = source === 0 ? loopbackAddress : source;
    return { kind: 'local', device: host.loopback, nexthop: own, gateway: 0, source: own };
  }
  const found = lookUp(host, flow, trail);
  if (typeof found === 'string') {
    if (!output) return found;
    // A bound socket takes whatever is out of the tables' reach for a neighbour.
    source ||= selectSourceAddress(output, host.devices.values(), 0, scopes.link);
    trail?.('route', `no route by ${output.name}: ${formatIPv4(flow.destination)} is taken to be on the link itself`);
    return { kind: 'unicast', device: output, nexthop: flow.destination, gateway: 0, source };
  }
  return toRoute(host, found, { ...flow, source }, about, trail);
}

function toRoute(host: Host, first: FibResult, flow: FlowKey, about: Packet | null, trail: Trail): Route {
  const { type } = first.route.info;
  if (type === 'local') {
    const source = flow.source || first.route.info.preferredSource || flow.destination;
    return { kind: 'local', device: host.loopback, nexthop: flow.destination, gateway: 0, source };
  }
  // Whoever names a device has chosen already.
  const found = flow.output ? first : selectDefault(host, first, flow, trail);
  const { info } = found.route;
  const nexthop = found === first ? selectPath(host, found, flow, about, trail) : found.nexthop;
  const source = flow.source || sourceBy(host, info, nexthop);
  if (flow.source === 0) trail?.('source', describeSource(source, info.preferredSource !== 0, nexthop));
  const device = nexthop.device ?? host.loopback;
  const kind = type === 'broadcast' ? 'broadcast' : isMulticast(flow.destination) ? 'multicast' : 'unicast';
  const exception = kind === 'unicast' ? exceptionFor(host, nexthop, flow.destination) : null;
  if (exception) trail?.('nexthop', describeException(exception, nexthop));
  const { gateway } = exception ?? nexthop;
  const redirected = exception && { exception };
  return { kind, device, nexthop: gateway || flow.destination, gateway, source, ...redirected };
}

/** What has become of a nexthop, for the destination. */
export function describeException({ gateway }: NexthopException, nexthop: FibNexthop): string {
  return `redirected: ${formatIPv4(gateway)} in place of${describeNexthop(nexthop)}`;
}

function describeSource(source: number, preferred: boolean, nexthop: FibNexthop): string {
  if (preferred) return `${formatIPv4(source)}, the route's src`;
  return `${formatIPv4(source)}, of the nexthop${describeNexthop(nexthop)}: the sender has named none`;
}

const broadcast = 0xffffffff;
const loopbackAddress = 0x7f000001;

function isMulticast(address: number): boolean {
  return address >>> 28 === 0xe;
}

/** A flow of the host's own. What is not said is not known yet, or zero. */
export function ownFlow(
  host: Host,
  {
    output = null,
    mark = 0,
    tos = 0,
    scope = scopes.universe,
    protocol = 0,
    source = 0,
    destination,
    sourcePort = 0,
    destinationPort = 0,
    uid = 0,
  }: Partial<Omit<FlowKey, 'input'>> & Pick<FlowKey, 'destination'>,
): FlowKey {
  const input = host.loopback;
  return { output, input, mark, tos, scope, protocol, source, destination, sourcePort, destinationPort, uid };
}
