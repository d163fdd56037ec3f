import { formatIPv4 } from '../net/address.ts';

/** IP protocol numbers. */
export const protocols = { icmp: 1, tcp: 6, udp: 17 } as const;

/** An IPv4 packet. It is a value: what changes it makes another one. */
export interface Packet {
  /** Unsigned 32-bit numbers. */
  readonly source: number;
  readonly destination: number;
  /** IP protocol number. */
  readonly protocol: number;
  readonly tos: number;
  readonly ttl: number;
  /** 0 where the protocol has none. */
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly icmp: Icmp | null;
  readonly tcp: TcpHeader | null;
  /** What the programs at both ends make of it. */
  readonly payload: Payload;
  /**
   * The hash that its sender's connected socket gave it (skb->hash, with l4_hash): random, and kept on its whole way between
   * namespaces. Null: the socket was not connected.
   */
  readonly socketHash: number | null;
  /** What stays the same of it on its whole way. */
  readonly identity: number;
}

/** What a program sends: its length in bytes counts on the way, the rest is between the programs. */
export interface Payload {
  readonly length: number;
  readonly content?: unknown;
}

/** An ICMP message. */
export interface Icmp {
  /** 0 echo reply, 3 destination unreachable, 5 redirect, 8 echo request, 11 time exceeded, 12 parameter problem. */
  readonly type: number;
  readonly code: number;
  /** Identifier and sequence number of an echo; 0 for all else. */
  readonly identifier: number;
  readonly sequence: number;
  /** The same in an echo request and its reply, whatever NATs make of the identifier; 0 for all else. */
  readonly key: number;
  /** Of a redirect: the better next hop. */
  readonly gateway?: number;
  /** What an error is about. */
  readonly about: Packet | null;
}

export interface TcpHeader {
  readonly flags: number;
  readonly sequence: number;
  readonly acknowledgement: number;
  /** What has come beyond the acknowledgement, by its first sequence number and the one behind its last (RFC 2018). */
  readonly selective?: readonly (readonly [from: number, to: number])[];
}

/** Of ICMP messages, those that are told apart where they pass. */
export const icmpTypes = { redirect: 5 } as const;

export const tcpFlags = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16 } as const;

/** The same packet with less time to live. Field by field: each router does it, and `...` takes ten times as long here. */
export function withTtl(packet: Packet, ttl: number): Packet {
  return {
    source: packet.source,
    destination: packet.destination,
    protocol: packet.protocol,
    tos: packet.tos,
    ttl,
    sourcePort: packet.sourcePort,
    destinationPort: packet.destinationPort,
    icmp: packet.icmp,
    tcp: packet.tcp,
    payload: packet.payload,
    socketHash: packet.socketHash,
    identity: packet.identity,
  };
}

/** Whether it is an error about another packet, as icmp_is_err of the kernel has it. */
export function isIcmpError(packet: Packet): packet is Packet & { readonly icmp: Icmp & { readonly about: Packet } } {
  return (packet.icmp?.about ?? null) !== null;
}

/** `203.0.113.2:1194`; without ports, the address alone. */
export function endpointOf(
  packet: Pick<Packet, 'source' | 'destination' | 'sourcePort' | 'destinationPort' | 'protocol'>,
  side: 'source' | 'destination',
): string {
  const address = formatIPv4(packet[side]);
  if (packet.protocol === protocols.icmp) return address;
  return `${address}:${side === 'source' ? packet.sourcePort : packet.destinationPort}`;
}

/** Bytes of the whole IP packet. */
export function lengthOf(packet: Packet): number {
  const header = packet.protocol === protocols.tcp ? 20 : 8;
  return 20 + header + packet.payload.length;
}
