import { formatIPv4 } from '../net/address.ts';
import type { RouteError } from './flow.ts';
import type { Host } from './host.ts';
import { ownFlow, routeOutput } from './route-output.ts';
import type { SkBuff } from './skbuff.ts';

/**
 * Routes a packet of the host's own again, after its mark, addresses or tos were changed (net/ipv4/netfilter.c,
 * ip_route_me_harder). Its source stays as it is.
 *
 * @returns why there is no way for it, or null
 */
export function routeAgain(host: Host, skb: SkBuff): RouteError | null {
  const { packet, mark, socket, trail } = skb;
  const flow = ownFlow(host, {
    destination: packet.destination,
    source: packet.source,
    tos: packet.tos,
    mark,
    output: socket?.boundDevice ?? null,
    ...(host.rules.heedPorts && {
      protocol: packet.protocol,
      sourcePort: packet.sourcePort,
      destinationPort: packet.destinationPort,
    }),
  });
  trail?.('route', `${formatIPv4(packet.destination)} is looked up again, with mark 0x${mark.toString(16)}`);
  const route = routeOutput(host, flow, trail, { anySource: true });
  if (typeof route === 'string') {
    trail?.('drop', `no route after netfilter had changed the packet (${route})`);
    return route;
  }
  skb.output = route.device;
  skb.nexthop = route.nexthop;
  skb.toSelf = route.kind === 'local';
  return null;
}
