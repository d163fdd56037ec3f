import { LabError } from '../../../net/error.ts';
import type { RouteError } from '../../flow.ts';
import type { Host } from '../../host.ts';
import { abort, connect, end, write, type TcpConnection } from '../../sockets/tcp.ts';
import { closeUdp, openUdp, sendUdp } from '../../sockets/udp.ts';
import { endpoint, errorText, type Log } from './log.ts';
import { messageIn, payloadOf, type Message } from './wire.ts';

/** What carries a client's messages. */
export interface ClientLink {
  /** Bytes of messages, whoever they were from. */
  readonly bytes: { readonly received: number; readonly sent: number };
  /** Sends to the server that was called or, with `--float`, to whoever answered last. */
  send(message: Message): void;
  close(): void;
}

export interface LinkOptions {
  readonly server: number;
  readonly port: number;
  /** 0: one that is free (`--nobind`). */
  readonly sourcePort: number;
  readonly float: boolean;
  readonly log: Log;
  readonly received: (message: Message, from: Endpoint) => void;
  /** It can't go on; `signal` is what OpenVPN calls the reason. */
  readonly failed: (signal: string) => void;
}

export interface Endpoint {
  readonly address: number;
  readonly port: number;
}

/**
 * A socket that is not connected: its source is chosen anew for each datagram, and it is the program that refuses what comes
 * from elsewhere.
 *
 * @throws LabError `lab-failed` if the source port is taken
 */
export function openUdpLink(host: Host, options: LinkOptions): ClientLink {
  const { server, port, sourcePort, float, log, received, failed } = options;
  const bytes = { received: 0, sent: 0 };
  let target: Endpoint = { address: server, port };
  const socket = openUdp(host, {
    port: sourcePort,
    receive: ({ packet }) => {
      bytes.received += packet.payload.length;
      const from = { address: packet.source, port: packet.sourcePort };
      const isExpected = from.address === server && from.port === port;
      if (!isExpected && !float) {
        log.say(
          `TCP/UDP: Incoming packet rejected from ${endpoint(from.address, from.port)}[2], expected peer address: ` +
            `${endpoint(server, port)} (allow this incoming source address/port by removing --remote or adding --float)`,
        );
        return;
      }
      const message = messageIn(packet.payload);
      if (!message) return;
      // Whoever answers is the server from now on.
      target = from;
      received(message, from);
    },
  });
  if (!socket) {
    throw new LabError('lab-failed', `TCP/UDP: Socket bind failed on ${host.name}: port ${sourcePort} is taken`);
  }
  log.say(`UDPv4 link local${sourcePort === 0 ? ': (not bound)' : ` (bound): [AF_INET][undef]:${sourcePort}`}`);
  log.say(`UDPv4 link remote: ${endpoint(server, port)}`);
  return {
    bytes,
    send: (message) => {
      const payload = payloadOf(message);
      const result = sendUdp(host, socket, payload, target);
      if (result === 'accept') {
        bytes.sent += payload.length;
        return;
      }
      // Netfilter tells the sender of a packet that it dropped.
      log.say(`write UDPv4 []: ${errorText(result === 'drop' ? 'EPERM' : result)}`);
      if (result !== 'ENETUNREACH') return;
      log.say('Network unreachable, restarting');
      failed('soft,network-unreachable');
    },
    close: () => {
      closeUdp(host, socket);
    },
  };
}

/** What goes before each message in a stream: its length. */
export const framing = 2;

/**
 * Begins a connection.
 *
 * @param patience seconds that it may take
 * @param opened called when it is there
 */
export function openTcpLink(host: Host, options: LinkOptions, patience: number, opened: () => void): ClientLink {
  const { server, port, sourcePort, log, received, failed } = options;
  const bytes = { received: 0, sent: 0 };
  let connected = false;
  const notConnected = (why: string): void => {
    cancelPatience();
    log.say(`TCP: connect to ${endpoint(server, port)} failed: ${why}`);
    failed('connection failed(soft),connection-failed');
  };
  log.say(`Attempting to establish TCP connection with ${endpoint(server, port)}`);
  const connection: TcpConnection | RouteError = connect(host, {
    address: server,
    port,
    sourcePort,
    events: {
      connected: () => {
        cancelPatience();
        connected = true;
        log.say(`TCP connection established with ${endpoint(server, port)}`);
        log.say(
          `TCPv4_CLIENT link local${sourcePort === 0 ? ': (not bound)' : ` (bound): [AF_INET][undef]:${sourcePort}`}`,
        );
        log.say(`TCPv4_CLIENT link remote: ${endpoint(server, port)}`);
        opened();
      },
      received: (payload) => {
        bytes.received += payload.length;
        const message = messageIn(payload);
        if (message) received(message, { address: server, port });
      },
      ended: () => {
        log.say('Connection reset, restarting [0]');
        failed('soft,connection-reset');
      },
      failed: (reason) => {
        if (!connected) {
          notConnected(connectErrors[reason] ?? errorText(reason));
          return;
        }
        log.say(`Connection reset, restarting [${reason === 'reset' ? 0 : -1}]`);
        failed('soft,connection-reset');
      },
    },
  });
  const cancelPatience = host.clock.after(typeof connection === 'string' ? 0 : patience, () => {
    if (typeof connection !== 'string') abort(host, connection);
    notConnected(typeof connection === 'string' ? errorText(connection) : 'Connection timed out');
  });
  return {
    bytes,
    send: (message) => {
      if (!connected || typeof connection === 'string') return;
      const { length, content } = payloadOf(message);
      bytes.sent += length + framing;
      write(host, connection, { length: length + framing, content });
    },
    close: () => {
      cancelPatience();
      if (typeof connection === 'string') return;
      if (connected) end(host, connection);
      else abort(host, connection);
    },
  };
}

const connectErrors: Readonly<Record<string, string>> = {
  refused: 'Connection refused',
  timeout: 'Connection timed out',
  reset: 'Connection reset by peer',
};
