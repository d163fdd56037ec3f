import { formatIPv4 } from '../net/address.ts';
import { exceptionFor } from './fib/exceptions.ts';
import { scopes } from './device.ts';
import type { FlowKey } from './flow.ts';
import type { Host } from './host.ts';
import { selectPath } from './path.ts';
import { throughCache } from './route-cache.ts';
import { lookUp } from './rules.ts';
import { mayRedirect } from './redirect.ts';
import { describeException } from './route-output.ts';
import type { SkBuff } from './skbuff.ts';
import { isRefused, validateSource, type Disbelief } from './source-validation.ts';
import type { Device } from './device.ts';

/** What becomes of a packet that came in. */
export type InputRoute =
  | { readonly kind: 'local' }
  | {
      readonly kind: 'forward';
      readonly device: Device;
      readonly nexthop: number;
      /** 0: the destination is on the link itself. */
      readonly gateway: number;
      /** The sender could do without this host. */
      readonly redirect: boolean;
      /** By what a redirect said. */
      readonly redirected: boolean;
    }
  /** Dropped; with an ICMP destination unreachable of this code, where the host forwards. */
  | {
      readonly kind: 'drop';
      readonly why: Disbelief | 'no-route' | 'bogus' | 'not-forwarding';
      readonly icmpCode: number | null;
    };

const local: InputRoute = { kind: 'local' };

const drop = (why: (InputRoute & { kind: 'drop' })['why'], icmpCode: number | null = null): InputRoute => ({
  kind: 'drop',
  why,
  icmpCode,
});

/** The route of a packet that came in (net/ipv4/route.c, ip_route_input). */
export function routeInput(host: Host, skb: SkBuff): InputRoute {
  const { packet, input, mark, trail } = skb;
  if (!input) throw new Error('a packet that came in by no device');
  if (!host.era.routeCache) return routeInputSlow(host, skb, input);
  const { source, destination, tos } = packet;
  const key = { destination, source, input, output: null, mark, tos, anySource: true };
  return throughCache(host, key, trail, () => routeInputSlow(host, skb, input), lasts, describeRoute);
}

/** Of what is refused, only that no route leads there is remembered. */
function lasts(found: InputRoute): boolean {
  return found.kind !== 'drop' || (found.why === 'no-route' && found.icmpCode !== null);
}

function describeRoute(found: InputRoute): string {
  switch (found.kind) {
    case 'local':
      return 'it is for this host';
    case 'forward':
      return `on by ${found.device.name}, to ${formatIPv4(found.nexthop)}`;
    case 'drop':
      return 'there is no route';
  }
}

function routeInputSlow(host: Host, skb: SkBuff, device: Device): InputRoute {
  const { packet, trail } = skb;
  const { source, destination } = packet;
  const values = host.sysctls.interfaceValues(device.name);
  if (source >>> 28 === 0xe || source === 0xffffffff) return drop('bogus');
  if (destination === 0xffffffff) {
    const belief = source === 0 ? null : validateSource(host, skb, device, null, 0);
    return isRefused(belief) ? drop(belief) : local;
  }
  if (source >>> 24 === 0 || destination >>> 24 === 0) return drop('bogus');
  if ((isLoopback(source) || isLoopback(destination)) && !values.routeLocalnet && device !== host.loopback) {
    trail?.('drop', 'addresses of 127.0.0.0/8 come by no wire (route_localnet is 0)');
    return drop('bogus');
  }
  const { heedPorts } = host.rules;
  const flow: FlowKey = {
    output: null,
    input: device,
    mark: skb.mark,
    tos: packet.tos,
    scope: scopes.universe,
    protocol: heedPorts ? packet.protocol : 0,
    source,
    destination,
    sourcePort: heedPorts ? packet.sourcePort : 0,
    destinationPort: heedPorts ? packet.destinationPort : 0,
    uid: 0,
  };
  const found = lookUp(host, flow, trail);
  if (typeof found === 'string') {
    if (!values.forwarding) return drop('no-route');
    const codes = { ENETUNREACH: 0, EHOSTUNREACH: 1, EACCES: 13, EINVAL: null, ENODEV: 0 } as const;
    return drop('no-route', codes[found]);
  }
  const { info } = found.route;
  if (info.type === 'broadcast' || info.type === 'local') {
    const sender = info.type === 'broadcast' ? 0 : destination;
    const belief = source === 0 && sender === 0 ? null : validateSource(host, skb, device, null, sender);
    return isRefused(belief) ? drop(belief) : local;
  }
  if (!values.forwarding) {
    trail?.(
      'drop',
      `${formatIPv4(destination)} is not an address of ${host.name}, and forwarding is 0 on ${device.name}`,
    );
    return drop('not-forwarding');
  }
  const nexthop = selectPath(host, found, flow, packet, trail);
  if (!nexthop.device) return drop('no-route', 0);
  const belief = validateSource(host, skb, device, nexthop.device);
  if (isRefused(belief)) return drop(belief);
  const exception = exceptionFor(host, nexthop, destination);
  if (exception) trail?.('nexthop', describeException(exception, nexthop));
  const { gateway } = exception ?? nexthop;
  const redirect =
    nexthop.device === device && belief === 'next-door' && mayRedirect(host, device, source, nexthop.gateway);
  return {
    kind: 'forward',
    device: nexthop.device,
    nexthop: gateway || destination,
    gateway,
    redirect,
    redirected: exception !== null,
  };
}

function isLoopback(address: number): boolean {
  return address >>> 24 === 127;
}
