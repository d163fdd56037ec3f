import type { Hook } from '../candidate/commands/netfilter.ts';
import { formatIPv4 } from '../net/address.ts';
import type { Connection } from './conntrack/connection.ts';
import type { Device } from './device.ts';
import { count, type Host } from './host.ts';
import { deliverIcmp, sendError } from './icmp.ts';
import { runHook, type HookVerdict } from './netfilter/hooks.ts';
import { resolveNeighbour } from './neighbour.ts';
import { protocols, withTtl, type Packet } from './packet.ts';
import { sendRedirect } from './redirect.ts';
import { routeInput } from './route-input.ts';
import type { Route } from './route-output.ts';
import { createSkBuff, type SenderSocket, type SkBuff, type Tracking } from './skbuff.ts';
import { deliverTcp, hasConnection, tcpEarlyDemux } from './sockets/tcp-receive.ts';
import { deliverUdp, hasConnectedSocket, udpEarlyDemux } from './sockets/udp.ts';

/** What a packet keeps as it comes in: from the loopback device, or from another device of the same host. */
export interface Kept {
  readonly mark: number;
  readonly connection: Connection | null;
  readonly tracking: Tracking;
  /** The destination that its route was for, if that led to the host itself: it holds for its arrival, too. */
  readonly routedTo: number | null;
}

/** A packet comes in by a device (net/ipv4/ip_input.c, ip_rcv). */
export function receive(
  host: Host,
  device: Device,
  packet: Packet,
  kept: Kept | null = null,
  /** It came in a frame for everybody on the link. */
  toAll = false,
): void {
  if (host.silent) return;
  const skb = createSkBuff(packet, device, host.trailOf?.(host, packet) ?? null);
  skb.toAll = toAll;
  if (kept) {
    skb.mark = kept.mark;
    skb.connection = kept.connection;
    skb.tracking = kept.tracking;
  }
  if (!passes(host, 'prerouting', skb, device, null)) return;
  // Only where a rule has sent it elsewhere, what came by the loopback device is routed (ip_rcv_finish_core, skb_valid_dst).
  if (kept?.routedTo === skb.packet.destination) {
    deliver(host, skb);
    return;
  }
  // An established socket knows by which device its packets come, and has them checked no more.
  if (!toAll && (tcpEarlyDemux(host, skb) || udpEarlyDemux(host, skb))) {
    deliver(host, skb);
    return;
  }
  const route = routeInput(host, skb);
  switch (route.kind) {
    case 'local':
      deliver(host, skb);
      return;
    case 'forward':
      skb.output = route.device;
      skb.nexthop = route.nexthop;
      forward(host, skb, route.redirect);
      return;
    case 'drop':
      if (route.why in dropReasons)
        host.dropped(device, skb.packet, dropReasons[route.why as keyof typeof dropReasons]);
      if (route.why === 'reverse-path' && host.era.reversePathCounter) count(host, 'TcpExtIPReversePathFilter');
      count(host, route.why === 'no-route' ? 'IpInNoRoutes' : 'IpInAddrErrors');
      if (route.icmpCode !== null) sendError(host, skb, 3, route.icmpCode);
  }
}

/** As the kernel names them (include/net/dropreason-core.h). */
const dropReasons = {
  'reverse-path': 'IP_RPFILTER',
  'local-source': 'IP_LOCAL_SOURCE',
  'invalid-source': 'IP_INVALID_SOURCE',
} as const;

/** Whether a packet that came in passes a hook. */
function passes(host: Host, hook: Hook, skb: SkBuff, input: Device | null, output: Device | null): boolean {
  if (runHook(host, hook, skb, input, output) === 'accept') return true;
  if (skb.input) host.dropped(skb.input, skb.packet, 'NETFILTER_DROP');
  return false;
}

function deliver(host: Host, skb: SkBuff): void {
  if (!passes(host, 'input', skb, skb.input, null)) return;
  switch (skb.packet.protocol) {
    case protocols.udp:
      deliverUdp(host, skb);
      return;
    case protocols.tcp:
      deliverTcp(host, skb);
      return;
    case protocols.icmp:
      deliverIcmp(host, skb);
      return;
    default:
      sendError(host, skb, 3, 2);
  }
}

/** Passes a packet on (net/ipv4/ip_forward.c, ip_forward). */
function forward(host: Host, skb: SkBuff, redirect: boolean): void {
  const { packet } = skb;
  if (skb.toAll) {
    skb.trail?.('drop', 'what was sent to everybody on a link is passed on to nobody');
    return;
  }
  // The kernel looks for its socket before it looks up its route.
  if (!host.era.forwardsForSockets && (hasConnection(host, skb) || hasConnectedSocket(host, skb))) {
    skb.trail?.('drop', 'a socket of this host has the connection, and what such a one would take is not passed on');
    return;
  }
  if (packet.ttl <= 1) {
    skb.trail?.('drop', 'its time to live is over');
    sendError(host, skb, 11, 0);
    return;
  }
  skb.packet = withTtl(packet, packet.ttl - 1);
  if (redirect) sendRedirect(host, skb);
  count(host, 'IpForwDatagrams');
  if (!passes(host, 'forward', skb, skb.input, skb.output)) return;
  output(host, skb);
}

/**
 * Sends a packet of the host's own along its route (net/ipv4/ip_output.c, ip_local_out).
 *
 * @returns what the sender gets to see
 */
export function sendLocal(
  host: Host,
  packet: Packet,
  route: Route,
  parts: {
    readonly mark?: number;
    readonly socket?: SenderSocket | null;
    readonly trail?: SkBuff['trail'];
    /** Of what is about another packet: that one's connection. */
    readonly belongsTo?: Pick<SkBuff, 'connection' | 'tracking'>;
  } = {},
): HookVerdict {
  if (host.silent) return 'EPERM';
  const skb = createSkBuff(packet, null, parts.trail ?? null);
  skb.mark = parts.mark ?? 0;
  skb.socket = parts.socket ?? null;
  skb.output = route.device;
  skb.nexthop = route.nexthop;
  skb.toSelf = route.kind === 'local';
  if (parts.belongsTo) {
    skb.connection = parts.belongsTo.connection;
    skb.tracking = parts.belongsTo.tracking;
  }
  const verdict = runHook(host, 'output', skb, null, route.device);
  return verdict === 'accept' ? output(host, skb) : verdict;
}

/** A routed packet leaves (ip_output, ip_finish_output2). */
function output(host: Host, skb: SkBuff): HookVerdict {
  const verdict = runHook(host, 'postrouting', skb, null, skb.output);
  if (verdict !== 'accept') {
    if (skb.output) host.dropped(skb.output, skb.packet, 'NETFILTER_DROP');
    return verdict;
  }
  const { output: device, nexthop } = skb;
  if (!device?.up) {
    skb.trail?.('drop', `${device?.name ?? 'its device'} is down`);
    return 'accept';
  }
  if (device.kind === 'ethernet') {
    const whom = resolveNeighbour(host, device, nexthop, skb.packet.source);
    if (!whom) {
      skb.trail?.('drop', `nobody answers for ${formatIPv4(nexthop)} on ${device.name}`);
      return 'accept';
    }
    skb.toAll = whom === 'all';
  }
  device.transmit(skb, nexthop);
  return 'accept';
}
