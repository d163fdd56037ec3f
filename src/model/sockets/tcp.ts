import { isLocalAddress } from '../addresses.ts';
import type { Device } from '../device.ts';
import type { RouteError } from '../flow.ts';
import type { Host } from '../host.ts';
import { protocols, tcpFlags, type Packet, type Payload } from '../packet.ts';
import { ownFlow } from '../route-output.ts';
import type { SenderSocket } from '../skbuff.ts';
import { remember, routeConnect, type RememberedRoute } from './remembered-route.ts';
import { ephemeralPorts } from './sockets.ts';
import { flush, push, queue, transmit } from './tcp-send.ts';

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
  state: 'syn-sent' | 'syn-received' | 'established' | 'time-wait' | 'closed';
  events: TcpEvents;
  /** Segments that were not acknowledged yet, in the order of their sequence numbers. */
  readonly sending: Segment[];
  /** Segments that may be on their way at once, and up to which number of them that grows fast. */
  window: number;
  threshold: number;
  /** Up to this sequence number, what was lost is being sent again; null: nothing is missed. */
  recovery: number | null;
  /** How many segments were sent, and the number of the latest that has come to the other side. */
  transmissions: number;
  delivered: number;
  /** Sequence number of what is written next, of what was acknowledged last, and of what is expected. */
  nextSequence: number;
  acknowledged: number;
  expected: number;
  /** What has come before its turn, by its sequence number. */
  readonly early: Map<number, Packet>;
  /** Has the other side said all? Have we? */
  endReceived: boolean;
  endWritten: boolean;
  /** Have we said so before the other side did? */
  endedFirst: boolean;
  retries: number;
  cancelTimer: (() => void) | null;
  cached: RememberedRoute | null;
  /** The device by which its packets come, once they were checked, and how old the tables were. */
  checked: { readonly device: string; readonly generation: number } | null;
  readonly socketHash: number;
  /** Smoothed round-trip time and its variation, in seconds; null: none measured yet. */
  roundTrip: { readonly smoothed: number; readonly variation: number } | null;
  listener: TcpListener | null;
}

export interface Segment {
  readonly sequence: number;
  readonly flags: number;
  readonly payload: Payload;
  /** `held`: the other side has it, but not all before it. */
  state: 'waiting' | 'sent' | 'lost' | 'held';
  /** The number of its last transmission, and when that was, in seconds. */
  transmission: number;
  sentAt: number;
  resent: boolean;
}

/** Bytes of a segment at most: an Ethernet frame's, without headers and time stamps. */
const maximumSegment = 1448;

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
  /** The address that the socket is bound to; 0: none. */
  readonly source?: number;
  readonly mark?: number;
  /** The device that it is bound to (SO_BINDTODEVICE); null: none. */
  readonly device?: Device | null;
  readonly events: TcpEvents;
}

/**
 * Begins a connection (net/ipv4/tcp_ipv4.c, tcp_v4_connect): the source is chosen first, then the route for it, which is looked up
 * once more if a port is to be chosen, with that (ip_route_newports).
 */
export function connect(host: Host, options: ConnectOptions): TcpConnection | RouteError {
  const { address, port, sourcePort = 0, source = 0, mark = 0, device = null, events } = options;
  const unknownPort = host.era.anySourcePort && sourcePort === 0 ? host.random.below(0x10000) : 0;
  const flow = ownFlow(host, {
    source,
    destination: address,
    output: device,
    mark,
    protocol: protocols.tcp,
    sourcePort: sourcePort === 0 ? unknownPort : sourcePort,
    destinationPort: port,
  });
  const connected = routeConnect(host, flow);
  if (typeof connected === 'string') return connected;
  const own = connected.route.source;
  const localPort = sourcePort === 0 ? freePort(host, own, address, port) : sourcePort;
  const found = sourcePort === 0 ? remember(host, { ...flow, source: own, sourcePort: localPort }) : connected;
  if (typeof found === 'string') return found;
  const key = connectionKey(own, localPort, address, port);
  if (host.sockets.connections.has(key)) return 'EINVAL';
  const connection = newConnection(host, {
    localAddress: own,
    localPort,
    remoteAddress: address,
    remotePort: port,
    mark,
    boundDevice: device,
    state: 'syn-sent',
    events,
    listener: null,
  });
  connection.cached = found;
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
  | 'localAddress'
  | 'localPort'
  | 'remoteAddress'
  | 'remotePort'
  | 'mark'
  | 'boundDevice'
  | 'state'
  | 'events'
  | 'listener'
>;

export function newConnection(host: Host, parts: NewConnection): TcpConnection {
  const initial = host.random.below(2 ** 32);
  return {
    ...parts,
    uid: 0,
    transparent: false,
    sending: [],
    window: 10,
    threshold: Infinity,
    recovery: null,
    transmissions: 0,
    delivered: 0,
    nextSequence: initial,
    acknowledged: initial,
    expected: 0,
    early: new Map(),
    endReceived: false,
    endWritten: false,
    endedFirst: false,
    retries: 0,
    cancelTimer: null,
    cached: null,
    checked: null,
    socketHash: host.random.below(0xffffffff) + 1,
    roundTrip: null,
  };
}

/** Writes to a connection; what is longer than a segment goes in several. Nothing is put together with what waits already. */
export function write(host: Host, connection: TcpConnection, payload: Payload): void {
  if (connection.endWritten || isOver(connection)) return;
  for (let left = payload.length; left > 0; left -= maximumSegment) {
    const length = Math.min(left, maximumSegment);
    const isLast = left <= maximumSegment;
    const part: Payload = isLast && payload.content !== undefined ? { length, content: payload.content } : { length };
    queue(connection, tcpFlags.ack | tcpFlags.psh, part);
  }
  flush(host, connection);
}

function isOver({ state }: TcpConnection): boolean {
  return state === 'closed' || state === 'time-wait';
}

/** Says that all is said. */
export function end(host: Host, connection: TcpConnection): void {
  if (connection.endWritten || isOver(connection)) return;
  connection.endWritten = true;
  connection.endedFirst = !connection.endReceived;
  push(host, connection, tcpFlags.fin | tcpFlags.ack, { length: 0 });
}

/** Gives a connection up, and tells the other side. */
export function abort(host: Host, connection: TcpConnection): void {
  if (isOver(connection)) return;
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
