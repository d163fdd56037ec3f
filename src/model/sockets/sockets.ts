import type { Packet } from '../packet.ts';
import type { TcpConnection, TcpListener } from './tcp.ts';
import type { UdpSocket } from './udp.ts';

/** A host's sockets. */
export interface Sockets {
  /** By their local port. */
  readonly udp: Map<number, readonly UdpSocket[]>;
  readonly listeners: Map<number, readonly TcpListener[]>;
  readonly connections: Map<string, TcpConnection>;
  /** Who waits for echo replies, by the echo's identifier. */
  readonly echoReplies: Map<number, (reply: Packet) => void>;
  /** Hands an ICMP error to the socket that sent what it is about. */
  errors(about: Packet, type: number, code: number): void;
  /** How many errors may be told to whom. */
  readonly errorTokens: Map<number, { readonly tokens: number; readonly since: number }>;
}

/** Ports that are given to sockets that name none: net.ipv4.ip_local_port_range. */
export const ephemeralPorts = { from: 32768, to: 60999 } as const;
