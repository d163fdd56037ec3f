import type { Host } from '../host.ts';
import { resetTo } from '../icmp.ts';
import { sendLocal } from '../ip.ts';
import { protocols, tcpFlags, type Packet, type TcpHeader } from '../packet.ts';
import { ownFlow, routeOutput } from '../route-output.ts';
import type { SkBuff } from '../skbuff.ts';
import { takeAcknowledgement } from './tcp-acknowledgement.ts';
import { acknowledge, endOf, push, send } from './tcp-send.ts';
import { connectionKey, forget, newConnection, type TcpConnection, type TcpListener } from './tcp.ts';

/** What is bound to a device hears of nothing that comes in by another (net/ipv4/inet_hashtables.c, inet_match). */
function connectionOf(host: Host, { packet, input }: SkBuff): TcpConnection | undefined {
  const { destination, destinationPort, source, sourcePort } = packet;
  const found = host.sockets.connections.get(connectionKey(destination, destinationPort, source, sourcePort));
  return found?.boundDevice && found.boundDevice !== input ? undefined : found;
}

/** Whether an established connection takes the packet without its source being checked again (tcp_v4_early_demux). */
export function tcpEarlyDemux(host: Host, skb: SkBuff): boolean {
  const { packet, input } = skb;
  if (packet.protocol !== protocols.tcp) return false;
  const checked = connectionOf(host, skb)?.checked ?? null;
  return checked !== null && checked.device === input?.name && checked.generation === host.routeGeneration;
}

/** Whether a connection of the host's would take the packet, whether or not the address is the host's. */
export const hasConnection = (host: Host, skb: SkBuff): boolean =>
  skb.packet.protocol === protocols.tcp && host.sockets.connections.size > 0 && connectionOf(host, skb) !== undefined;

export function deliverTcp(host: Host, skb: SkBuff): void {
  const { packet } = skb;
  const { tcp } = packet;
  if (!tcp || skb.toAll) return;
  const connection = connectionOf(host, skb);
  // Whoever calls again from the same port begins anew (RFC 9293, 3.6.1).
  const isAnew = connection?.state === 'time-wait' && (tcp.flags & tcpFlags.syn) !== 0;
  if (isAnew) forget(host, connection);
  else if (connection) {
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
    boundDevice: null,
    state: 'syn-received',
    events: {},
    listener,
  });
  connection.expected = ((packet.tcp?.sequence ?? 0) + 1) >>> 0;
  const { localAddress, localPort, remoteAddress, remotePort } = connection;
  host.sockets.connections.set(connectionKey(localAddress, localPort, remoteAddress, remotePort), connection);
  push(host, connection, tcpFlags.syn | tcpFlags.ack, { length: 0 });
}

function segmentFor(host: Host, connection: TcpConnection, skb: SkBuff, tcp: TcpHeader): void {
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
    takeAcknowledgement(host, connection, tcp);
    acknowledge(host, connection);
    connection.events.connected?.();
    return;
  }
  if (tcp.flags & tcpFlags.syn) {
    // Our answer was lost, or their acknowledgement of it.
    const [first] = connection.sending;
    if (connection.state === 'syn-received' && first) send(host, connection, first);
    else acknowledge(host, connection);
    return;
  }
  if (connection.state === 'syn-received') {
    connection.state = 'established';
    connection.events = connection.listener?.accept(connection) ?? {};
    connection.events.connected?.();
  }
  if (skb.input) connection.checked = { device: skb.input.name, generation: host.routeGeneration };
  if (tcp.flags & tcpFlags.ack) takeAcknowledgement(host, connection, tcp);
  closeIfDone(host, connection);
  if (skb.packet.payload.length > 0 || tcp.flags & tcpFlags.fin) takeData(host, connection, skb.packet, tcp);
}

/** Takes what is next in order, and after it what had come too early. */
function takeData(host: Host, connection: TcpConnection, packet: Packet, { sequence }: TcpHeader): void {
  if (((sequence - connection.expected) | 0) >= 0) connection.early.set(sequence, packet);
  const ready: Packet[] = [];
  for (;;) {
    const next = connection.early.get(connection.expected);
    if (!next?.tcp) break;
    connection.early.delete(connection.expected);
    connection.expected = endOf({ ...next.tcp, payload: next.payload });
    ready.push(next);
  }
  acknowledge(host, connection);
  for (const { payload, tcp } of ready) {
    if (connection.state === 'closed') return;
    if (payload.length > 0) connection.events.received?.(payload);
    if (!tcp || !(tcp.flags & tcpFlags.fin)) continue;
    connection.endReceived = true;
    connection.events.ended?.();
    closeIfDone(host, connection);
  }
}

/** Seconds for which the side that has ended first still answers (TCP_TIMEWAIT_LEN). */
const timeWait = 60;

function closeIfDone(host: Host, connection: TcpConnection): void {
  if (!connection.endReceived || !connection.endWritten || connection.sending.length > 0) return;
  if (connection.state !== 'established') return;
  if (!connection.endedFirst) {
    forget(host, connection);
    return;
  }
  connection.state = 'time-wait';
  connection.cancelTimer?.();
  connection.cancelTimer = host.clock.after(timeWait, () => {
    forget(host, connection);
  });
}

/** Answers a segment that belongs to no connection (net/ipv4/tcp_ipv4.c, tcp_v4_send_reset). */
function reset(host: Host, { packet, mark }: SkBuff): void {
  const reflected = host.sysctls.read('ipv4.fwmark_reflect') === 0 ? 0 : mark;
  const answer = resetTo(host, packet);
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
