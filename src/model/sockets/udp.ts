import { formatIPv4 } from '../../net/address.ts';
import { isBroadcastAddress, isLocalAddress } from '../addresses.ts';
import type { Device } from '../device.ts';
import type { FlowKey, RouteError } from '../flow.ts';
import type { Host } from '../host.ts';
import { sendError } from '../icmp.ts';
import { sendLocal } from '../ip.ts';
import type { HookVerdict } from '../netfilter/hooks.ts';
import { protocols, type Packet, type Payload } from '../packet.ts';
import { ownFlow, routeOutput, type Route } from '../route-output.ts';
import type { SenderSocket, SkBuff } from '../skbuff.ts';
import { specificDestination } from '../specific-destination.ts';
import { recall, remember, routeConnect, type RememberedRoute } from './remembered-route.ts';
import { ephemeralPorts } from './sockets.ts';

/** A UDP socket. */
export interface UdpSocket extends SenderSocket {
  /** 0: it takes what comes for any of the host's addresses, and leaves its source to routing. */
  localAddress: number;
  readonly localPort: number;
  remote: { readonly address: number; readonly port: number } | null;
  /** The hash that a connected socket gives its packets. */
  socketHash: number | null;
  readonly ttl: number | null;
  /** IP_PKTINFO. */
  readonly wantsInfo: boolean;
  /** Of a connected socket. */
  cached: RememberedRoute | null;
  /** Whether what comes for it has been checked, and how old the tables were. */
  checked: number | null;
  readonly receive: (datagram: Datagram) => void;
  /** An ICMP error came back. */
  readonly refused: (() => void) | null;
}

/** What a socket receives. */
export interface Datagram {
  readonly packet: Packet;
  /** Null: the socket doesn't ask for it. */
  readonly info: ReceivedInfo | null;
}

/** What IP_PKTINFO tells of what has come. */
export interface ReceivedInfo {
  /** The host's own address that an answer is to come from (ipi_spec_dst). */
  readonly destination: number;
  readonly device: Device;
}

/** Whom a datagram is for. */
interface Target {
  readonly address: number;
  readonly port: number;
}

/** Where a datagram is to leave from (IP_PKTINFO): 0 and null leave it to routing. */
export interface PacketInfo {
  readonly source: number;
  readonly device: Device | null;
}

export interface UdpOptions {
  /** 0: any. */
  readonly address?: number;
  /** 0: one that is free. */
  readonly port?: number;
  readonly device?: Device | null;
  readonly mark?: number;
  /** How many hops its datagrams may go; absent: as many as the host's own usually may. */
  readonly ttl?: number | undefined;
  /** Whether it asks whom each datagram was for (IP_PKTINFO); absent: not. */
  readonly wantsInfo?: boolean;
  readonly receive: (datagram: Datagram) => void;
  readonly refused?: () => void;
}

/** Opens and binds a socket; null if its address is not the host's, or taken. */
export function openUdp(host: Host, options: UdpOptions): UdpSocket | null {
  const { address = 0, port = 0, device = null, mark = 0, ttl = null, receive, refused = null } = options;
  const { wantsInfo = false } = options;
  if (address !== 0 && !isLocalAddress(host, address) && host.sysctls.read('ipv4.ip_nonlocal_bind') === 0) return null;
  const chosen = port === 0 ? freePort(host) : port;
  const present = host.sockets.udp.get(chosen) ?? [];
  if (present.some((each) => each.localAddress === address && each.boundDevice === device)) return null;
  const socket: UdpSocket = {
    localAddress: address,
    localPort: chosen,
    remote: null,
    boundDevice: device,
    mark,
    uid: 0,
    transparent: false,
    socketHash: null,
    ttl,
    wantsInfo,
    cached: null,
    checked: null,
    receive,
    refused,
  };
  host.sockets.udp.set(chosen, [...present, socket]);
  return socket;
}

function freePort(host: Host): number {
  const { from, to } = ephemeralPorts;
  for (;;) {
    const port = from + host.random.below(to - from + 1);
    if (!host.sockets.udp.has(port)) return port;
  }
}

export function closeUdp(host: Host, socket: UdpSocket): void {
  const rest = host.sockets.udp.get(socket.localPort)?.filter((each) => each !== socket) ?? [];
  if (rest.length > 0) host.sockets.udp.set(socket.localPort, rest);
  else host.sockets.udp.delete(socket.localPort);
}

/**
 * Connects a socket.
 *
 * @returns what is in the way, or null
 */
export function connectUdp(host: Host, socket: UdpSocket, address: number, port: number): RouteError | null {
  const found = routeConnect(host, flowOf(host, socket, { address, port }));
  if (typeof found === 'string') return found;
  socket.localAddress = found.route.source;
  socket.remote = { address, port };
  socket.socketHash = host.random.below(0xffffffff) + 1;
  socket.cached = found;
  return null;
}

/**
 * Sends a datagram (net/ipv4/udp.c, udp_sendmsg); without `to`, to whom the socket is connected.
 *
 * @param info has a connected socket's route looked up anew
 */
export function sendUdp(
  host: Host,
  socket: UdpSocket,
  payload: Payload,
  to: Target | null,
  info: PacketInfo | null = null,
): HookVerdict | RouteError {
  const target = to ?? socket.remote;
  if (!target) return 'EINVAL';
  // Its source is known when it is routed.
  const packet: Packet & { source: number } = {
    source: 0,
    destination: target.address,
    protocol: protocols.udp,
    tos: 0,
    ttl: socket.ttl ?? host.sysctls.read('ipv4.ip_default_ttl'),
    sourcePort: socket.localPort,
    destinationPort: target.port,
    icmp: null,
    tcp: null,
    payload,
    socketHash: to ? null : socket.socketHash,
    identity: host.nextIdentity(),
  };
  const trail = host.trailOf?.(host, packet) ?? null;
  trail?.('socket', describeSender(socket, to === null, info));
  const route = routeOf(host, socket, target, to === null, info, trail);
  if (typeof route === 'string') {
    trail?.('drop', `it can't be sent: ${route}`);
    return route;
  }
  packet.source = route.source;
  return sendLocal(host, packet, route, { mark: socket.mark, socket, trail });
}

function routeOf(
  host: Host,
  socket: UdpSocket,
  target: Target,
  connected: boolean,
  info: PacketInfo | null,
  trail: SkBuff['trail'],
): Route | RouteError {
  if (!connected || info) return routeOutput(host, flowOf(host, socket, target, info), trail);
  const known = recall(host, socket.cached, trail);
  if (known) return known;
  const found = remember(host, flowOf(host, socket, target));
  if (typeof found === 'string') return found;
  socket.cached = found;
  return recall(host, found, trail) ?? found.route;
}

/** What a socket's route is looked up by. */
function flowOf(host: Host, socket: UdpSocket, { address, port }: Target, info: PacketInfo | null = null): FlowKey {
  return ownFlow(host, {
    destination: address,
    // What IP_PKTINFO says holds even where it says nothing.
    source: info ? info.source : socket.localAddress,
    output: info?.device ?? socket.boundDevice,
    mark: socket.mark,
    protocol: protocols.udp,
    sourcePort: socket.localPort,
    destinationPort: port,
  });
}

function describeSender(socket: UdpSocket, connected: boolean, info: PacketInfo | null): string {
  if (info) {
    const from = info.source === 0 ? 'an address that routing chooses' : formatIPv4(info.source);
    return `IP_PKTINFO: to leave from ${from}${info.device ? ` by ${info.device.name}` : ''}`;
  }
  if (socket.localAddress === 0) return 'the socket is bound to no address';
  const how = connected ? 'connected' : 'bound';
  return `the socket is ${how}, and sends from ${formatIPv4(socket.localAddress)}`;
}

function fits({ localAddress, remote, boundDevice }: UdpSocket, { packet, input }: SkBuff): boolean {
  if (localAddress !== 0 && localAddress !== packet.destination) return false;
  if (remote && (remote.address !== packet.source || remote.port !== packet.sourcePort)) return false;
  return !boundDevice || boundDevice === input;
}

/** The socket that a datagram is for: the one that is most particular about it. */
function findSocket(host: Host, skb: SkBuff): UdpSocket | null {
  let best: UdpSocket | null = null;
  let bestScore = -1;
  for (const socket of host.sockets.udp.get(skb.packet.destinationPort) ?? []) {
    if (!fits(socket, skb)) continue;
    const { localAddress, remote, boundDevice } = socket;
    const score = (localAddress === 0 ? 0 : 4) + (remote ? 8 : 0) + (boundDevice ? 4 : 0);
    if (score > bestScore) [best, bestScore] = [socket, score];
  }
  return best;
}

/** Whether a connected socket takes the packet without its source being checked again (udp_v4_early_demux). */
export function udpEarlyDemux(host: Host, skb: SkBuff): boolean {
  if (skb.packet.protocol !== protocols.udp) return false;
  const socket = findSocket(host, skb);
  return socket !== null && socket.remote !== null && socket.checked === host.routeGeneration;
}

/** Whether a connected socket would take the packet, whether or not the address is the host's. */
export const hasConnectedSocket = (host: Host, skb: SkBuff): boolean =>
  skb.packet.protocol === protocols.udp && (findSocket(host, skb)?.remote ?? null) !== null;

export function deliverUdp(host: Host, skb: SkBuff): void {
  if (skb.toAll && isBroadcastAddress(host, skb.packet.destination)) {
    for (const socket of host.sockets.udp.get(skb.packet.destinationPort) ?? [])
      if (fits(socket, skb)) take(host, socket, skb);
    return;
  }
  const socket = findSocket(host, skb);
  const { packet, trail } = skb;
  if (!socket) {
    const sender = `${formatIPv4(packet.source)}:${packet.sourcePort}`;
    trail?.('drop', `no socket on UDP port ${packet.destinationPort} takes what comes from ${sender}`);
    // By then its connection is none of its own any more (udp_rcv, nf_reset_ct).
    sendError(host, { ...skb, connection: null, tracking: 'none' }, 3, 3);
    return;
  }
  take(host, socket, skb);
}

function take(host: Host, socket: UdpSocket, skb: SkBuff): void {
  const { packet, input, trail } = skb;
  if (!input) throw new Error('a datagram that came in by no device');
  trail?.('socket', `received by the socket on ${formatIPv4(socket.localAddress)}:${socket.localPort}`);
  if (socket.remote) socket.checked = host.routeGeneration;
  const info = socket.wantsInfo ? { destination: specificDestination(host, skb), device: input } : null;
  socket.receive({ packet, info });
}

/** An error about a datagram that this host sent. */
export function udpError(host: Host, about: Packet): void {
  const sockets = host.sockets.udp.get(about.sourcePort) ?? [];
  const socket = sockets.find(
    ({ remote }) => remote?.address === about.destination && remote.port === about.destinationPort,
  );
  socket?.refused?.();
}
