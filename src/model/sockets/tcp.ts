import { isLocalAddress } from '../addresses.ts';
import type { RouteError } from '../flow.ts';
import type { Host } from '../host.ts';
import { sendLocal } from '../ip.ts';
import { protocols, tcpFlags, type Packet, type Payload } from '../packet.ts';
import { ownFlow, routeOutput, type Route } from '../route-output.ts';
import type { SenderSocket } from '../skbuff.ts';
import { ephemeralPorts } from './sockets.ts';

/** A socket that takes connections. */
export interface TcpListener extends SenderSocket {
  /** 0: any. */
  readonly address: number;
  readonly port: number;
  /** Called with each new connection; what it returns hears of it. */
  readonly accept: (connection: TcpConnection) => TcpEvents;
}

/** What a program hears of its connection. */
export interface TcpEvents {
  readonly connected?: () => void;
  readonly received?: (payload: Payload) => void;
  /** The other side has said all. */
  readonly ended?: () => void;
  /** It is over before its time: refused, reset, or given up. */
  readonly failed?: (reason: 'refused' | 'reset' | 'timeout' | RouteError) => void;
}

/** One end of a connection. */
export interface TcpConnection extends SenderSocket {
  readonly localAddress: number;
  readonly localPort: number;
  readonly remoteAddress: number;
  readonly remotePort: number;
  state: 'syn-sent' | 'syn-received' | 'established' | 'closed';
  events: TcpEvents;
  /** Segments that were not acknowledged yet, those that were sent first. */
  sending: Segment[];
  /** How many of them have been sent. */
  inFlight: number;
  /** Segments that may be on their way at once. */
  window: number;
  threshold: number;
  /** Sequence number of what is written next, of what was acknowledged last, and of what is expected. */
  nextSequence: number;
  acknowledged: number;
  expected: number;
  /** Has the other side said all? Have we? */
  endReceived: boolean;
  endWritten: boolean;
  duplicates: number;
  retries: number;
  cancelTimer: (() => void) | null;
  cached: { readonly route: Route; readonly generation: number } | null;
  /** The device by which its packets come, once they were checked, and how old the tables were. */
  checked: { readonly device: string; readonly generation: number } | null;
  readonly socketHash: number;
  /** Smoothed round-trip time in seconds; null: none measured yet. */
  roundTrip: number | null;
  listener: TcpListener | null;
}

export interface Segment {
  readonly sequence: number;
  readonly flags: number;
  readonly payload: Payload;
  sentAt: number;
  resent: boolean;
}

/** Bytes of a segment at most: an Ethernet frame's, without headers and time stamps. */
export const maximumSegment = 1448;

/** Seconds: the least wait for an acknowledgement, and the first wait of all. */
const leastTimeout = 0.2;
const firstTimeout = 1;
const longestTimeout = 120;
/** net.ipv4.tcp_syn_retries, tcp_synack_retries, tcp_retries2. */
const mostRetries = { 'syn-sent': 6, 'syn-received': 5, established: 15, closed: 0 } as const;

export function listen(host: Host, options: Pick<TcpListener, 'address' | 'port' | 'accept'>): TcpListener | null {
  if (options.address !== 0 && !isLocalAddress(host, options.address)) return null;
  const present = host.sockets.listeners.get(options.port) ?? [];
  if (present.some(({ address }) => address === options.address)) return null;
  const listener: TcpListener = { ...options, boundDevice: null, mark: 0, uid: 0, transparent: false };
  host.sockets.listeners.set(options.port, [...present, listener]);
  return listener;
}

export function closeListener(host: Host, listener: TcpListener): void {
  const rest = host.sockets.listeners.get(listener.port)?.filter((each) => each !== listener) ?? [];
  if (rest.length > 0) host.sockets.listeners.set(listener.port, rest);
  else host.sockets.listeners.delete(listener.port);
}

export function connectionKey(local: number, localPort: number, remote: number, remotePort: number): string {
  return `${local}:${localPort} ${remote}:${remotePort}`;
}

export interface ConnectOptions {
  readonly address: number;
  readonly port: number;
  /** 0: one that is free. */
  readonly sourcePort?: number;
  readonly mark?: number;
  readonly events: TcpEvents;
}

/** Begins a connection (net/ipv4/tcp_ipv4.c, tcp_v4_connect): the source is chosen first, then the route for it. */
export function connect(host: Host, options: ConnectOptions): TcpConnection | RouteError {
  const { address, port, sourcePort = 0, mark = 0, events } = options;
  const unknownPort = host.era.anySourcePort ? host.random.below(0x10000) : 0;
  const flow = ownFlow(host, {
    destination: address,
    mark,
    protocol: protocols.tcp,
    sourcePort: sourcePort === 0 ? unknownPort : sourcePort,
    destinationPort: port,
  });
  const first = routeOutput(host, flow, null);
  if (typeof first === 'string') return first;
  const localPort = sourcePort === 0 ? freePort(host, first.source, address, port) : sourcePort;
  const route = routeOutput(host, { ...flow, source: first.source, sourcePort: localPort }, null);
  if (typeof route === 'string') return route;
  const key = connectionKey(first.source, localPort, address, port);
  if (host.sockets.connections.has(key)) return 'EINVAL';
  const connection = newConnection(host, {
    localAddress: first.source,
    localPort,
    remoteAddress: address,
    remotePort: port,
    mark,
    state: 'syn-sent',
    events,
    listener: null,
  });
  connection.cached = { route, generation: host.routeGeneration };
  host.sockets.connections.set(key, connection);
  push(host, connection, tcpFlags.syn, { length: 0 });
  return connection;
}

function freePort(host: Host, local: number, remote: number, remotePort: number): number {
  const { from, to } = ephemeralPorts;
  for (;;) {
    const port = from + host.random.below(to - from + 1);
    if (!host.sockets.connections.has(connectionKey(local, port, remote, remotePort))) return port;
  }
}

type NewConnection = Pick<
  TcpConnection,
  'localAddress' | 'localPort' | 'remoteAddress' | 'remotePort' | 'mark' | 'state' | 'events' | 'listener'
>;

export function newConnection(host: Host, parts: NewConnection): TcpConnection {
  const initial = host.random.below(2 ** 32);
  return {
    ...parts,
    boundDevice: null,
    uid: 0,
    transparent: false,
    sending: [],
    inFlight: 0,
    window: 10,
    threshold: Infinity,
    nextSequence: initial,
    acknowledged: initial,
    expected: 0,
    endReceived: false,
    endWritten: false,
    duplicates: 0,
    retries: 0,
    cancelTimer: null,
    cached: null,
    checked: null,
    socketHash: host.random.below(0xffffffff) + 1,
    roundTrip: null,
  };
}

/** Writes to a connection; what is longer than a segment goes in several. */
export function write(host: Host, connection: TcpConnection, payload: Payload): void {
  for (let left = payload.length; left > 0; left -= maximumSegment) {
    const length = Math.min(left, maximumSegment);
    const isLast = left <= maximumSegment;
    const part: Payload = isLast && payload.content !== undefined ? { length, content: payload.content } : { length };
    queue(connection, tcpFlags.ack | tcpFlags.psh, part);
  }
  flush(host, connection);
}

/** Says that all is said. */
export function end(host: Host, connection: TcpConnection): void {
  if (connection.endWritten || connection.state === 'closed') return;
  connection.endWritten = true;
  push(host, connection, tcpFlags.fin | tcpFlags.ack, { length: 0 });
}

/** Gives a connection up, and tells the other side. */
export function abort(host: Host, connection: TcpConnection): void {
  if (connection.state === 'closed') return;
  if (connection.state !== 'syn-sent') {
    transmit(host, connection, tcpFlags.rst | tcpFlags.ack, connection.nextSequence, { length: 0 });
  }
  forget(host, connection);
}

export function forget(host: Host, connection: TcpConnection): void {
  const { localAddress, localPort, remoteAddress, remotePort } = connection;
  connection.state = 'closed';
  connection.cancelTimer?.();
  connection.cancelTimer = null;
  host.sockets.connections.delete(connectionKey(localAddress, localPort, remoteAddress, remotePort));
}

/** Queues a segment and sends what may be sent. */
export function push(host: Host, connection: TcpConnection, flags: number, payload: Payload): void {
  queue(connection, flags, payload);
  flush(host, connection);
}

function queue(connection: TcpConnection, flags: number, payload: Payload): void {
  connection.sending.push({ sequence: connection.nextSequence, flags, payload, sentAt: 0, resent: false });
  const counted = payload.length + (flags & (tcpFlags.syn | tcpFlags.fin) ? 1 : 0);
  connection.nextSequence = (connection.nextSequence + counted) >>> 0;
}

/** Sends what the window has room for. */
export function flush(host: Host, connection: TcpConnection): void {
  const opening = connection.state === 'syn-sent' || connection.state === 'syn-received';
  const room = opening ? 1 : Math.floor(connection.window);
  while (connection.inFlight < connection.sending.length && connection.inFlight < room) {
    const segment = connection.sending[connection.inFlight];
    if (!segment) break;
    connection.inFlight += 1;
    segment.sentAt = host.clock.now;
    transmit(host, connection, segment.flags, segment.sequence, segment.payload);
  }
  if (connection.cancelTimer === null && connection.inFlight > 0) startTimer(host, connection);
}

export function startTimer(host: Host, connection: TcpConnection): void {
  connection.cancelTimer?.();
  connection.cancelTimer = null;
  if (connection.sending.length === 0) return;
  const base = connection.roundTrip === null ? firstTimeout : Math.max(leastTimeout, 2 * connection.roundTrip + 0.01);
  const wait = Math.min(base * 2 ** connection.retries, longestTimeout);
  connection.cancelTimer = host.clock.after(wait, () => {
    timedOut(host, connection);
  });
}

function timedOut(host: Host, connection: TcpConnection): void {
  connection.cancelTimer = null;
  if (connection.retries >= mostRetries[connection.state]) {
    const { events } = connection;
    forget(host, connection);
    events.failed?.('timeout');
    return;
  }
  connection.retries += 1;
  connection.threshold = Math.max(connection.window / 2, 2);
  connection.window = 1;
  // All that was on its way counts as lost, and is sent again as the window opens.
  connection.inFlight = Math.min(1, connection.sending.length);
  resendFirst(host, connection);
  startTimer(host, connection);
}

export function resendFirst(host: Host, connection: TcpConnection): void {
  const [first] = connection.sending;
  if (!first) return;
  first.resent = true;
  transmit(host, connection, first.flags, first.sequence, first.payload);
}

/** Acknowledges what came. */
export function acknowledge(host: Host, connection: TcpConnection): void {
  transmit(host, connection, tcpFlags.ack, connection.nextSequence, { length: 0 });
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
    tcp: { flags, sequence, acknowledgement: flags & tcpFlags.ack ? expected : 0 },
    payload,
    socketHash: connection.socketHash,
    identity: host.nextIdentity(),
  };
  const trail = host.trailOf?.(host, packet) ?? null;
  if (connection.cached?.generation !== host.routeGeneration || trail) {
    const flow = ownFlow(host, {
      destination: remoteAddress,
      source: localAddress,
      output: connection.boundDevice,
      mark,
      protocol: protocols.tcp,
      sourcePort: localPort,
      destinationPort: remotePort,
    });
    const route = routeOutput(host, flow, trail);
    if (typeof route === 'string') {
      connection.cached = null;
      trail?.('drop', `it can't be sent: ${route}`);
      return;
    }
    connection.cached = { route, generation: host.routeGeneration };
  }
  sendLocal(host, packet, connection.cached.route, { mark, socket: connection, trail });
}
