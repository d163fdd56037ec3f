import { formatIPv4 } from '../../net/address.ts';
import { protocols, type Packet } from '../packet.ts';

/** One direction of a connection. Of ICMP, `sourcePort` is the echo's identifier and `destinationPort` 256 × type + code. */
export interface Tuple {
  readonly protocol: number;
  readonly source: number;
  readonly destination: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

/** Bits of a connection's status, as in linux/netfilter/nf_conntrack_common.h. */
export const status = {
  expected: 1,
  seenReply: 2,
  assured: 4,
  confirmed: 8,
  sourceNat: 16,
  destinationNat: 32,
  sourceNatDone: 128,
  destinationNatDone: 256,
  dying: 512,
} as const;

/** A tracked connection. */
export interface Connection {
  readonly original: Tuple;
  /** What answers look like; NAT changes it. */
  reply: Tuple;
  mark: number;
  /** See `status`. */
  status: number;
  /** Seconds; when it is forgotten. */
  expires: number;
  /** Seconds; when its first packet came. */
  readonly created: number;
  tcp: TcpState;
  /** Index of the device that it is masqueraded by; 0: none. */
  masqueradedBy: number;
}

export type TcpState =
  | 'none'
  | 'syn-sent'
  | 'syn-received'
  | 'established'
  | 'fin-wait'
  | 'close-wait'
  | 'last-ack'
  | 'time-wait'
  | 'close'
  | 'syn-sent-2';

/** What answers a packet of this tuple: null for ICMP that has no answer. */
export function invert(tuple: Tuple): Tuple | null {
  if (tuple.protocol !== protocols.icmp) {
    return {
      protocol: tuple.protocol,
      source: tuple.destination,
      destination: tuple.source,
      sourcePort: tuple.destinationPort,
      destinationPort: tuple.sourcePort,
    };
  }
  const type = inverseTypes.get(tuple.destinationPort >>> 8);
  if (type === undefined) return null;
  return {
    protocol: tuple.protocol,
    source: tuple.destination,
    destination: tuple.source,
    sourcePort: tuple.sourcePort,
    destinationPort: (type << 8) | (tuple.destinationPort & 0xff),
  };
}

/** ICMP types that answer each other: echo, timestamp, information, address mask. */
const inverseTypes = new Map([
  [8, 0],
  [0, 8],
  [13, 14],
  [14, 13],
  [15, 16],
  [16, 15],
  [17, 18],
  [18, 17],
]);

export function tupleOf(packet: Packet): Tuple {
  const { protocol, source, destination, sourcePort, destinationPort, icmp } = packet;
  if (!icmp) return { protocol, source, destination, sourcePort, destinationPort };
  return { protocol, source, destination, sourcePort: icmp.identifier, destinationPort: (icmp.type << 8) | icmp.code };
}

export function sameTuple(one: Tuple, other: Tuple): boolean {
  return (
    one.sourcePort === other.sourcePort &&
    one.destinationPort === other.destinationPort &&
    one.protocol === other.protocol &&
    one.source === other.source &&
    one.destination === other.destination
  );
}

/** `203.0.113.2:1194 > 198.51.100.10:40000` */
export function describeTuple({ protocol, source, destination, sourcePort, destinationPort }: Tuple): string {
  const end = (address: number, port: number): string =>
    protocol === protocols.icmp ? formatIPv4(address) : `${formatIPv4(address)}:${port}`;
  return `${end(source, sourcePort)} > ${end(destination, destinationPort)}`;
}
