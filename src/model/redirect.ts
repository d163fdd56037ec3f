import { formatIPv4 } from '../net/address.ts';
import { isLocalAddress, ownType } from './addresses.ts';
import { isOnLink, type Device } from './device.ts';
import { selectDefault } from './fib/default-route.ts';
import { learnException } from './fib/exceptions.ts';
import type { FlowKey } from './flow.ts';
import type { Host } from './host.ts';
import { sendError } from './icmp.ts';
import { isValid, resolveNeighbour, stateOf } from './neighbour.ts';
import { icmpTypes, protocols, type Packet } from './packet.ts';
import { selectPath } from './path.ts';
import { redirectCached } from './route-cache.ts';
import { ownFlow, routeOutput, type Route } from './route-output.ts';
import { lookUp } from './rules.ts';
import type { SkBuff } from './skbuff.ts';
import { connectionKey } from './sockets/tcp.ts';

/** How many redirects one sender is told in vain, and seconds: between the first two, and of silence that begin anew. */
const [patience, load, silence] = [9, 0.02, 20.48];

/** Who was told of a better way, how often, and when last. */
export type Redirected = Map<number, { readonly told: number; readonly last: number }>;

/** Whether a packet that leaves by the device it came in by is worth a redirect, but for where it comes from (__mkroute_input). */
export function mayRedirect(host: Host, device: Device, source: number, gateway: number): boolean {
  const { sendRedirects, sharedMedia } = host.sysctls.interfaceValues(device.name);
  return sendRedirects && (sharedMedia || isOneNetwork(device, source, gateway));
}

/**
 * Tells the sender of a packet that another host on its own link is nearer to where it goes; the packet is forwarded all the
 * same (net/ipv4/route.c, ip_rt_send_redirect). Whoever doesn't listen is told less and less often, and after nine times not
 * before it has been silent for 20 s.
 */
export function sendRedirect(host: Host, skb: SkBuff): void {
  const { source } = skb.packet;
  const { now } = host.clock;
  const known = host.redirected.get(source);
  const { told, last } = !known || now > known.last + silence ? { told: 0, last: now } : known;
  if (told >= patience) {
    host.redirected.set(source, { told, last: now });
    return;
  }
  if (told > 0 && now <= last + load * 2 ** told) return;
  host.redirected.set(source, { told: told + 1, last: now });
  sendError(host, skb, icmpTypes.redirect, 1, skb.nexthop);
}

/**
 * Hears of a better way (__ip_do_redirect). It is believed of nobody but the present gateway, for a destination that a
 * socket or an answer of the host's was sent to; and it takes effect once the new gateway is known on the link.
 */
export function takeRedirect(host: Host, skb: SkBuff): void {
  const { packet, input, trail } = skb;
  const { icmp, source } = packet;
  if (!icmp?.about || icmp.gateway === undefined || icmp.code > 3 || !input) return;
  const { gateway, about } = icmp;
  const way = { input, from: source, to: gateway };
  if (host.era.redirects === 'cached') {
    if (refusal(host, way) !== null) return;
    if (isKnown(host, input, gateway, about.source)) redirectCached(host, about, way);
    return;
  }
  const asked = flowOf(host, about);
  const route = asked && (asked.route ?? routeOutput(host, asked.flow, null));
  if (!asked || !route || typeof route === 'string') {
    trail?.('icmp', 'a redirect for what nobody here has sent is not heeded');
    return;
  }
  const why =
    route.gateway === source ? refusal(host, way) : `${formatIPv4(source)} is not the gateway that is used now`;
  if (why !== null) {
    trail?.('icmp', `the redirect to ${formatIPv4(gateway)} is not heeded: ${why}`);
    return;
  }
  if (!isKnown(host, route.device, gateway, about.source)) {
    trail?.('icmp', `the redirect to ${formatIPv4(gateway)} has it asked for on the link first`);
    return;
  }
  const found = lookUp(host, asked.flow, null);
  if (typeof found === 'string') return;
  const first = asked.flow.output ? found : selectDefault(host, found, asked.flow, null);
  const nexthop = first === found ? selectPath(host, found, asked.flow, packet, null) : first.nexthop;
  learnException(host, nexthop, about.destination, gateway);
  trail?.('icmp', `redirected: ${formatIPv4(about.destination)} is reached by ${formatIPv4(gateway)} from now on`);
}

/** Which redirect: by which device it came, from whom, and to whom it leads. */
interface Way {
  readonly input: Device;
  readonly from: number;
  readonly to: number;
}

/** @returns why a redirect is not believed, or null */
function refusal(host: Host, { input, from, to }: Way): string | null {
  const { acceptRedirects, sharedMedia, secureRedirects } = host.sysctls.interfaceValues(input.name);
  if (to === from) return 'it is the gateway already';
  if (!acceptRedirects) return `accept_redirects is 0 on ${input.name}`;
  if (to >>> 24 === 0 || to >>> 28 >= 0xe) return 'it is no host';
  if (sharedMedia) return isOfOthers(host, to) ? null : 'it is an address of this host, or of no host';
  if (!isOneNetwork(input, to, from)) return `it is not on the link of ${input.name}, and shared_media is 0`;
  if (secureRedirects && !isGateway(host, input, to)) return 'no route leads by it, and secure_redirects is 1';
  return null;
}

/** Whether both are of one network of the device's (inet_addr_onlink); 0 is of all. */
function isOneNetwork({ addresses }: Device, one: number, other: number): boolean {
  return addresses.some((each) => isOnLink(each, one) && (other === 0 || isOnLink(each, other)));
}

/** Whether an address is neither the host's nor a broadcast address (inet_addr_type). */
function isOfOthers(host: Host, address: number): boolean {
  return (ownType(host, address) ?? 'unicast') === 'unicast';
}

/** Whether a route leads by that gateway (ip_fib_check_default). */
function isGateway(host: Host, device: Device, gateway: number): boolean {
  for (const { nexthops } of host.fib.infos) {
    if (nexthops.some((each) => each.device === device && each.gateway === gateway && !each.dead)) return true;
  }
  return false;
}

/** Whether the new gateway can be used at once; otherwise it is asked for, and the next redirect will find it. */
function isKnown(host: Host, device: Device, gateway: number, source: number): boolean {
  const state = stateOf(host, device, gateway);
  if (state !== null && isValid(state)) return true;
  resolveNeighbour(host, device, gateway, source);
  return false;
}

/** What a redirect concerns: the flow as its sender looks it up, and the route that it remembers. Null: nobody has sent it. */
function flowOf(host: Host, about: Packet): { readonly flow: FlowKey; readonly route: Route | null } | null {
  const { protocol, source, sourcePort, destination, destinationPort, tos, icmp } = about;
  const common = { source, destination, protocol };
  switch (protocol) {
    case protocols.udp: {
      const socket = host.sockets.udp
        .get(sourcePort)
        ?.find(
          ({ localAddress, remote }) =>
            (localAddress === 0 || localAddress === source) &&
            (!remote || (remote.address === destination && remote.port === destinationPort)),
        );
      return (
        (socket && {
          flow: ownFlow(host, { ...common, output: socket.boundDevice, mark: socket.mark }),
          route: null,
        }) ??
        null
      );
    }
    case protocols.tcp: {
      const connection = host.sockets.connections.get(connectionKey(source, sourcePort, destination, destinationPort));
      // One that remembers no route has none to be redirected.
      if (connection?.cached?.generation !== host.routeGeneration) return null;
      const { boundDevice: output, mark, cached } = connection;
      return { flow: ownFlow(host, { ...common, output, mark }), route: cached.route };
    }
    case protocols.icmp:
      if (icmp?.type === 8 && host.sockets.echoReplies.has(icmp.identifier)) {
        return { flow: ownFlow(host, common), route: null };
      }
      // Answers to echo requests are the kernel's own.
      return icmp?.type === 0 && isLocalAddress(host, source)
        ? { flow: ownFlow(host, { ...common, tos }), route: null }
        : null;
    default:
      return null;
  }
}
