import type { RejectReason } from '../candidate/commands/netfilter.ts';
import { formatIPv4 } from '../net/address.ts';
import { isBroadcastAddress, isLocalAddress } from './addresses.ts';
import type { Host } from './host.ts';
import { sendLocal } from './ip.ts';
import { icmpTypes, isIcmpError, lengthOf, protocols, tcpFlags, type Icmp, type Packet } from './packet.ts';
import { takeRedirect } from './redirect.ts';
import { ownFlow, routeOutput } from './route-output.ts';
import { routeInput } from './route-input.ts';
import { attachedTo, createSkBuff, type SkBuff } from './skbuff.ts';
import { specificDestination } from './specific-destination.ts';
import { routeAgain } from './reroute.ts';

/** An ICMP message has come to its end. */
export function deliverIcmp(host: Host, skb: SkBuff): void {
  const { packet } = skb;
  const { icmp } = packet;
  if (!icmp) return;
  if (icmp.type === 8) {
    replyToEcho(host, skb, icmp);
    return;
  }
  if (icmp.type === 0) {
    host.sockets.echoReplies.get(icmp.identifier)?.(packet);
    return;
  }
  if (icmp.type === icmpTypes.redirect) {
    takeRedirect(host, skb);
    return;
  }
  if (isIcmpError(packet)) host.sockets.errors(packet.icmp.about, packet.icmp.type, packet.icmp.code);
}

/** The answer leaves from the address that was asked (net/ipv4/icmp.c, icmp_reply). */
function replyToEcho(host: Host, skb: SkBuff, icmp: Icmp): void {
  const { packet, mark } = skb;
  if (host.sysctls.read('ipv4.icmp_echo_ignore_all') !== 0) return;
  const ignoresBroadcast = host.sysctls.read('ipv4.icmp_echo_ignore_broadcasts') !== 0;
  if (ignoresBroadcast && isBroadcastAddress(host, packet.destination)) return;
  const reflected = host.sysctls.read('ipv4.fwmark_reflect') === 0 ? 0 : mark;
  const flow = ownFlow(host, {
    destination: packet.source,
    source: specificDestination(host, skb),
    mark: reflected,
    tos: packet.tos,
    protocol: protocols.icmp,
  });
  const reply: Packet = {
    ...packet,
    source: flow.source,
    destination: packet.source,
    ttl: 64,
    socketHash: null,
    icmp: { ...icmp, type: 0 },
    identity: host.nextIdentity(),
  };
  const trail = host.trailOf?.(host, reply) ?? null;
  trail?.('icmp', `the answer to an echo request leaves from the address that was asked, ${formatIPv4(flow.source)}`);
  const route = routeOutput(host, flow, trail);
  if (typeof route === 'string') {
    trail?.('drop', `it can't be sent: ${route}`);
    return;
  }
  sendLocal(host, { ...reply, source: route.source }, route, { mark: reflected, trail });
}

/**
 * Tells the sender of a packet what became of it (net/ipv4/icmp.c, icmp_send).
 *
 * @param type 3 destination unreachable, 5 redirect, 11 time exceeded
 * @param gateway a redirect's; 0: it is none
 */
export function sendError(host: Host, skb: SkBuff, type: number, code: number, gateway = 0): void {
  const { packet, mark } = skb;
  if (skb.toAll || isIcmpError(packet) || packet.source === 0 || packet.destination >>> 28 === 0xe) return;
  if (isBroadcastAddress(host, packet.destination) || !mayTell(host, packet.source, type)) return;
  const reflected = host.sysctls.read('ipv4.fwmark_reflect') === 0 ? 0 : mark;
  const flow = ownFlow(host, {
    destination: packet.source,
    source: isLocalAddress(host, packet.destination) ? packet.destination : 0,
    mark: reflected,
    tos: (packet.tos & 0x1e) | 0xc0,
    protocol: protocols.icmp,
    destinationPort: (type << 8) | code,
  });
  const route = routeOutput(host, flow, skb.trail, { about: packet });
  if (typeof route === 'string') return;
  if (!isLocalAddress(host, packet.source)) lookUpBackwards(host, skb, flow.tos);
  const error: Packet = {
    source: route.source,
    destination: packet.source,
    protocol: protocols.icmp,
    tos: flow.tos,
    ttl: 64,
    sourcePort: 0,
    destinationPort: 0,
    icmp: { type, code, identifier: 0, sequence: 0, key: 0, ...(gateway !== 0 && { gateway }), about: packet },
    tcp: null,
    payload: { length: Math.min(lengthOf(packet), 548) },
    socketHash: null,
    identity: host.nextIdentity(),
  };
  const better = gateway === 0 ? '' : `, to go by ${formatIPv4(gateway)}`;
  skb.trail?.('icmp', `the sender is told: ICMP type ${type}, code ${code}${better}`);
  const trail = host.trailOf?.(host, error) ?? null;
  sendLocal(host, error, route, { mark: reflected, trail, belongsTo: attachedTo(skb) });
}

/**
 * Before an error goes its way, a route is asked for once more as if the packet that it is about went back, for what IPsec's policies
 * might say of that (net/ipv4/icmp.c, icmp_route_lookup; as Linux 6.18.44 asks). There are none here, so all that comes of it is
 * that it is looked up.
 *
 * @param tos the error's
 */
function lookUpBackwards(host: Host, { packet, input, mark }: SkBuff, tos: number): void {
  const { source, destination, protocol, sourcePort, destinationPort } = packet;
  if (isLocalAddress(host, destination)) {
    const ports = { sourcePort: destinationPort, destinationPort: sourcePort };
    const back = { protocol, source: destination, destination: source, ...ports };
    routeOutput(host, ownFlow(host, { ...back, output: input, mark, tos: packet.tos }), null);
    return;
  }
  // It would come back by where it would go now.
  const flow = ownFlow(host, { protocol, source, destination, sourcePort, destinationPort, mark, tos: packet.tos });
  const there = routeOutput(host, flow, null, { anySource: true });
  if (typeof there === 'string') return;
  const back = createSkBuff({ ...packet, source: destination, destination: source, tos }, there.device, null);
  routeInput(host, { ...back, mark });
}

/**
 * Of the types in icmp_ratemask, six errors at once to a destination, then one each icmp_ratelimit milliseconds
 * (net/ipv4/icmp.c, icmpv4_xrlim_allow).
 */
function mayTell(host: Host, destination: number, type: number): boolean {
  const interval = host.sysctls.read('ipv4.icmp_ratelimit') / 1000;
  if ((host.sysctls.read('ipv4.icmp_ratemask') & (1 << type)) === 0 || interval === 0) return true;
  const { now } = host.clock;
  const last = host.sockets.errorTokens.get(destination) ?? { tokens: 6, since: now };
  const tokens = Math.min(6, last.tokens + (now - last.since) / interval);
  host.sockets.errorTokens.set(destination, { tokens: tokens >= 1 ? tokens - 1 : tokens, since: now });
  return tokens >= 1;
}

/** Refuses a packet, as a rule says (net/ipv4/netfilter/nf_reject_ipv4.c). */
export function refuse(host: Host, skb: SkBuff, reason: RejectReason): void {
  if (reason.kind === 'icmp') {
    sendError(host, skb, 3, reason.code);
    return;
  }
  const { packet } = skb;
  const { tcp } = packet;
  if (!tcp || tcp.flags & tcpFlags.rst) return;
  const reset = { ...resetTo(host, packet), tos: 0 };
  const mark = host.sysctls.read('ipv4.fwmark_reflect') === 0 ? 0 : skb.mark;
  // Of what the host itself has sent, the socket: its device holds for the reset, too.
  const answer: SkBuff = {
    ...skb,
    packet: reset,
    input: null,
    toAll: false,
    ...attachedTo(skb),
    mark,
  };
  if (routeAgain(host, answer) !== null || !answer.output) return;
  const { source, destination } = reset;
  const kind = answer.output === host.loopback ? 'local' : 'unicast';
  const route = { kind, device: answer.output, nexthop: answer.nexthop || destination, gateway: 0, source } as const;
  sendLocal(host, reset, route, { mark, belongsTo: attachedTo(skb) });
}

/** The packet that resets the connection which a segment claims to be of. */
export function resetTo(host: Host, packet: Packet): Packet {
  return {
    ...packet,
    source: packet.destination,
    destination: packet.source,
    sourcePort: packet.destinationPort,
    destinationPort: packet.sourcePort,
    ttl: 64,
    payload: { length: 0 },
    socketHash: null,
    tcp: resetFor(packet),
    identity: host.nextIdentity(),
  };
}

/** The reset that answers a segment which belongs to no connection (RFC 9293, 3.10.7.1). */
function resetFor({ tcp, payload }: Packet): NonNullable<Packet['tcp']> {
  if (!tcp) throw new Error('not a TCP segment');
  if (tcp.flags & tcpFlags.ack) return { flags: tcpFlags.rst, sequence: tcp.acknowledgement, acknowledgement: 0 };
  const length = payload.length + (tcp.flags & tcpFlags.syn ? 1 : 0) + (tcp.flags & tcpFlags.fin ? 1 : 0);
  return { flags: tcpFlags.rst | tcpFlags.ack, sequence: 0, acknowledgement: (tcp.sequence + length) >>> 0 };
}
