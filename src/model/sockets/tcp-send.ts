import { formatIPv4 } from '../../net/address.ts';
import type { Host } from '../host.ts';
import { sendLocal } from '../ip.ts';
import { protocols, tcpFlags, type Packet, type Payload } from '../packet.ts';
import type { RouteError } from '../flow.ts';
import { ownFlow, type Route } from '../route-output.ts';
import type { Trail } from '../trail.ts';
import { recall, remember } from './remembered-route.ts';
import { forget, type Segment, type TcpConnection } from './tcp.ts';

/** Seconds: the least that is added to a round trip's time in a wait, the first wait of all, and the longest. */
const leastVariation = 0.2;
const firstTimeout = 1;
const longestTimeout = 120;
/** net.ipv4.tcp_syn_retries, tcp_synack_retries, tcp_retries2. */
const mostRetries = { 'syn-sent': 6, 'syn-received': 5, established: 15, 'time-wait': 0, closed: 0 } as const;

/** Queues a segment and sends what may be sent. */
export function push(host: Host, connection: TcpConnection, flags: number, payload: Payload): void {
  queue(connection, flags, payload);
  flush(host, connection);
}

export function queue(connection: TcpConnection, flags: number, payload: Payload): void {
  const sequence = connection.nextSequence;
  const segment: Segment = { sequence, flags, payload, state: 'waiting', transmission: 0, sentAt: 0, resent: false };
  connection.sending.push(segment);
  connection.nextSequence = endOf(segment);
}

/** The sequence number behind a segment's last. */
export function endOf({ sequence, flags, payload }: Pick<Segment, 'sequence' | 'flags' | 'payload'>): number {
  return (sequence + payload.length + (flags & (tcpFlags.syn | tcpFlags.fin) ? 1 : 0)) >>> 0;
}

/** How many segments are on their way, for all that is known. */
export function inFlight({ sending }: TcpConnection): number {
  let count = 0;
  for (const { state } of sending) {
    if (state === 'waiting') break;
    if (state === 'sent') count += 1;
  }
  return count;
}

/** Sends what the window has room for: first what was lost, then what is new. */
export function flush(host: Host, connection: TcpConnection): void {
  const isOpening = connection.state === 'syn-sent' || connection.state === 'syn-received';
  let room = (isOpening ? 1 : Math.floor(connection.window)) - inFlight(connection);
  for (const segment of connection.sending) {
    if (room <= 0) break;
    if (segment.state !== 'lost' && segment.state !== 'waiting') continue;
    send(host, connection, segment);
    room -= 1;
  }
  if (connection.cancelTimer === null) restartTimer(host, connection);
}

/** Sends a segment, for the first time or again. */
export function send(host: Host, connection: TcpConnection, segment: Segment): void {
  segment.resent = segment.state !== 'waiting';
  segment.state = 'sent';
  connection.transmissions += 1;
  segment.transmission = connection.transmissions;
  segment.sentAt = host.clock.now;
  transmit(host, connection, segment.flags, segment.sequence, segment.payload);
}

/** Waits for an acknowledgement, if there is anything to be acknowledged. */
export function restartTimer(host: Host, connection: TcpConnection): void {
  connection.cancelTimer?.();
  connection.cancelTimer = null;
  const [first] = connection.sending;
  if (first && first.state !== 'waiting') {
    connection.cancelTimer = host.clock.after(timeoutOf(host, connection), () => {
      timedOut(host, connection);
    });
  }
}

/** Seconds to wait (RFC 6298; net/ipv4/tcp_timer.c), twice as long each time. */
function timeoutOf({ era }: Host, { roundTrip, retries, state }: TcpConnection): number {
  const base = roundTrip ? roundTrip.smoothed + Math.max(leastVariation, 4 * roundTrip.variation) : firstTimeout;
  const doublings = state === 'syn-sent' ? Math.max(0, retries - era.linearSynTimeouts) : retries;
  return Math.min(base * 2 ** doublings, longestTimeout);
}

function timedOut(host: Host, connection: TcpConnection): void {
  connection.cancelTimer = null;
  const linear = connection.state === 'syn-sent' ? host.era.linearSynTimeouts : 0;
  if (connection.retries >= mostRetries[connection.state] + linear) {
    const { events } = connection;
    forget(host, connection);
    events.failed?.('timeout');
    return;
  }
  connection.retries += 1;
  // All that was on its way counts as lost (RFC 5681, 3.1).
  connection.threshold = Math.max(inFlight(connection) / 2, 2);
  connection.window = 1;
  connection.recovery = connection.nextSequence;
  for (const segment of connection.sending) if (segment.state === 'sent') segment.state = 'lost';
  flush(host, connection);
}

/** Acknowledges what came, and tells what came beyond. Each segment is acknowledged at once. */
export function acknowledge(host: Host, connection: TcpConnection): void {
  transmit(host, connection, tcpFlags.ack, connection.nextSequence, { length: 0 });
}

/** Stretches that came before their turn. A real segment has room for three or four of them. */
function selectiveOf({ early }: TcpConnection): readonly (readonly [from: number, to: number])[] {
  const blocks: [number, number][] = [];
  const byDistance = (one: Packet, other: Packet): number =>
    ((one.tcp?.sequence ?? 0) - (other.tcp?.sequence ?? 0)) | 0;
  for (const { tcp, payload } of [...early.values()].sort(byDistance)) {
    if (!tcp) continue;
    const end = endOf({ ...tcp, payload });
    const last = blocks.at(-1);
    if (last?.[1] === tcp.sequence) last[1] = end;
    else blocks.push([tcp.sequence, end]);
  }
  return blocks;
}

/** Sends a segment, by the route the connection remembers as long as nothing has changed. */
export function transmit(
  host: Host,
  connection: TcpConnection,
  flags: number,
  sequence: number,
  payload: Payload,
): void {
  const { localAddress, localPort, remoteAddress, remotePort, mark, expected } = connection;
  const packet: Packet = {
    source: localAddress,
    destination: remoteAddress,
    protocol: protocols.tcp,
    tos: 0,
    ttl: host.sysctls.read('ipv4.ip_default_ttl'),
    sourcePort: localPort,
    destinationPort: remotePort,
    icmp: null,
    tcp: {
      flags,
      sequence,
      acknowledgement: flags & tcpFlags.ack ? expected : 0,
      ...(connection.early.size > 0 && { selective: selectiveOf(connection) }),
    },
    payload,
    socketHash: connection.socketHash,
    identity: host.nextIdentity(),
  };
  const trail = host.trailOf?.(host, packet) ?? null;
  trail?.('socket', `the connection's own address is ${formatIPv4(localAddress)}`);
  const route = recall(host, connection.cached, trail) ?? lookUpRoute(host, connection, trail);
  if (typeof route === 'string') {
    trail?.('drop', `it can't be sent: ${route}`);
    return;
  }
  sendLocal(host, packet, route, { mark, socket: connection, trail });
}

function lookUpRoute(host: Host, connection: TcpConnection, trail: Trail): Route | RouteError {
  const { localAddress, localPort, remoteAddress, remotePort, mark, boundDevice } = connection;
  const flow = ownFlow(host, {
    destination: remoteAddress,
    source: localAddress,
    output: boundDevice,
    mark,
    protocol: protocols.tcp,
    sourcePort: localPort,
    destinationPort: remotePort,
  });
  const found = remember(host, flow);
  connection.cached = typeof found === 'string' ? null : found;
  return typeof found === 'string' ? found : (recall(host, found, trail) ?? found.route);
}
