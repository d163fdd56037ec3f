import type { Host } from '../host.ts';
import { resetFor } from '../icmp.ts';
import { sendLocal } from '../ip.ts';
import { protocols, tcpFlags, type Packet } from '../packet.ts';
import { ownFlow, routeOutput } from '../route-output.ts';
import type { SkBuff } from '../skbuff.ts';
import {
  acknowledge,
  connectionKey,
  flush,
  forget,
  newConnection,
  push,
  resendFirst,
  startTimer,
  type TcpConnection,
  type TcpListener,
} from './tcp.ts';

function connectionOf(
  host: Host,
  { destination, destinationPort, source, sourcePort }: Packet,
): TcpConnection | undefined {
  return host.sockets.connections.get(connectionKey(destination, destinationPort, source, sourcePort));
}

/** Whether an established connection takes the packet without its source being checked again (tcp_v4_early_demux). */
export function tcpEarlyDemux(host: Host, { packet, input }: SkBuff): boolean {
  if (packet.protocol !== protocols.tcp) return false;
  const checked = connectionOf(host, packet)?.checked ?? null;
  return checked !== null && checked.device === input?.name && checked.generation === host.routeGeneration;
}

export function deliverTcp(host: Host, skb: SkBuff): void {
  const { packet } = skb;
  const { tcp } = packet;
  if (!tcp) return;
  const connection = connectionOf(host, packet);
  if (connection) {
    segmentFor(host, connection, skb, tcp);
    return;
  }
  const listener = findListener(host, packet);
  if (listener && (tcp.flags & (tcpFlags.syn | tcpFlags.ack | tcpFlags.rst)) === tcpFlags.syn) {
    answerSyn(host, listener, skb);
    return;
  }
  if (!(tcp.flags & tcpFlags.rst)) reset(host, skb);
}

function findListener(host: Host, { destination, destinationPort }: Packet): TcpListener | undefined {
  const listeners = host.sockets.listeners.get(destinationPort) ?? [];
  return listeners.find(({ address }) => address === destination) ?? listeners.find(({ address }) => address === 0);
}

/** The answer comes from the address that was called (net/ipv4/inet_connection_sock.c, inet_csk_route_req). */
function answerSyn(host: Host, listener: TcpListener, { packet, mark }: SkBuff): void {
  const accepted = host.sysctls.read('ipv4.tcp_fwmark_accept') !== 0 && listener.mark === 0 ? mark : listener.mark;
  const connection = newConnection(host, {
    localAddress: packet.destination,
    localPort: packet.destinationPort,
    remoteAddress: packet.source,
    remotePort: packet.sourcePort,
    mark: accepted,
    state: 'syn-received',
    events: {},
    listener,
  });
  connection.expected = ((packet.tcp?.sequence ?? 0) + 1) >>> 0;
  const { localAddress, localPort, remoteAddress, remotePort } = connection;
  host.sockets.connections.set(connectionKey(localAddress, localPort, remoteAddress, remotePort), connection);
  push(host, connection, tcpFlags.syn | tcpFlags.ack, { length: 0 });
}

function segmentFor(host: Host, connection: TcpConnection, skb: SkBuff, tcp: NonNullable<Packet['tcp']>): void {
  if (tcp.flags & tcpFlags.rst) {
    const { events, state } = connection;
    forget(host, connection);
    events.failed?.(state === 'syn-sent' ? 'refused' : 'reset');
    return;
  }
  if (connection.state === 'syn-sent') {
    if ((tcp.flags & (tcpFlags.syn | tcpFlags.ack)) !== (tcpFlags.syn | tcpFlags.ack)) return;
    connection.expected = (tcp.sequence + 1) >>> 0;
    connection.state = 'established';
    takeAcknowledgement(host, connection, tcp.acknowledgement, false);
    acknowledge(host, connection);
    connection.events.connected?.();
    return;
  }
  if (tcp.flags & tcpFlags.syn) {
    // Our answer was lost, or their acknowledgement of it.
    if (connection.state === 'syn-received') resendFirst(host, connection);
    else acknowledge(host, connection);
    return;
  }
  if (connection.state === 'syn-received') {
    connection.state = 'established';
    connection.events = connection.listener?.accept(connection) ?? {};
    connection.events.connected?.();
  }
  if (skb.input) connection.checked = { device: skb.input.name, generation: host.routeGeneration };
  const carries = skb.packet.payload.length > 0 || (tcp.flags & tcpFlags.fin) !== 0;
  if (tcp.flags & tcpFlags.ack) takeAcknowledgement(host, connection, tcp.acknowledgement, !carries);
  if (carries) takeData(host, connection, skb.packet, tcp);
}

/** @param pure it carried nothing else, and so may tell of a loss */
function takeAcknowledgement(host: Host, connection: TcpConnection, acknowledged: number, pure: boolean): void {
  const { sending } = connection;
  let count = 0;
  for (const segment of sending.slice(0, connection.inFlight)) {
    const length = segment.payload.length + (segment.flags & (tcpFlags.syn | tcpFlags.fin) ? 1 : 0);
    const isCovered = ((acknowledged - (segment.sequence + length)) | 0) >= 0;
    if (!isCovered) break;
    if (!segment.resent) measure(host, connection, segment.sentAt);
    count += 1;
  }
  if (count > 0) {
    connection.sending = sending.slice(count);
    connection.inFlight -= count;
    connection.acknowledged = acknowledged;
    connection.duplicates = 0;
    connection.retries = 0;
    connection.window += connection.window < connection.threshold ? count : count / connection.window;
    connection.cancelTimer?.();
    connection.cancelTimer = null;
    startTimer(host, connection);
    flush(host, connection);
    closeIfDone(host, connection);
  } else if (pure && connection.inFlight > 0 && acknowledged === connection.acknowledged) {
    connection.duplicates += 1;
    if (connection.duplicates === 3) {
      connection.threshold = Math.max(connection.window / 2, 2);
      connection.window = connection.threshold;
      resendFirst(host, connection);
    }
  }
}

function measure(host: Host, connection: TcpConnection, sentAt: number): void {
  const sample = host.clock.now - sentAt;
  connection.roundTrip = connection.roundTrip === null ? sample : (7 * connection.roundTrip + sample) / 8;
}

/** Takes what is next in order; all else is sent again by the other side. */
function takeData(host: Host, connection: TcpConnection, { payload }: Packet, tcp: NonNullable<Packet['tcp']>): void {
  if (tcp.sequence !== connection.expected) {
    acknowledge(host, connection);
    return;
  }
  connection.expected = (connection.expected + payload.length + (tcp.flags & tcpFlags.fin ? 1 : 0)) >>> 0;
  if (tcp.flags & tcpFlags.fin) connection.endReceived = true;
  acknowledge(host, connection);
  if (payload.length > 0) connection.events.received?.(payload);
  if (tcp.flags & tcpFlags.fin) connection.events.ended?.();
  closeIfDone(host, connection);
}

function closeIfDone(host: Host, connection: TcpConnection): void {
  if (connection.endReceived && connection.endWritten && connection.sending.length === 0) forget(host, connection);
}

/** Answers a segment that belongs to no connection (net/ipv4/tcp_ipv4.c, tcp_v4_send_reset). */
function reset(host: Host, { packet, mark }: SkBuff): void {
  const reflected = host.sysctls.read('ipv4.fwmark_reflect') === 0 ? 0 : mark;
  const answer: Packet = {
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
  const flow = ownFlow(host, {
    destination: answer.destination,
    source: answer.source,
    mark: reflected,
    tos: packet.tos,
    protocol: protocols.tcp,
    sourcePort: answer.sourcePort,
    destinationPort: answer.destinationPort,
  });
  const trail = host.trailOf?.(host, answer) ?? null;
  const route = routeOutput(host, flow, trail);
  if (typeof route !== 'string') sendLocal(host, answer, route, { mark: reflected, trail });
}
