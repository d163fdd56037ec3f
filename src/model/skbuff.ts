import type { Connection } from './conntrack/connection.ts';
import type { Device } from './device.ts';
import type { Packet } from './packet.ts';
import type { Trail } from './trail.ts';

/** A packet on its way through one host, with what the host knows of it: the kernel's sk_buff. */
export interface SkBuff {
  packet: Packet;
  mark: number;
  /** The device it came in by; null if it was made here. */
  input: Device | null;
  /** The device it will leave by, once it is routed. */
  output: Device | null;
  /** The next hop on that device's link. */
  nexthop: number;
  /** Whether the route that it goes out by is one to the host itself. */
  toSelf: boolean;
  /** Whether it is for everybody on its link, as the frame says that carries it (skb->pkt_type). */
  toAll: boolean;
  connection: Connection | null;
  /** What conntrack makes of it. */
  tracking: Tracking;
  /** The sender's, where one sent it. */
  socket: SenderSocket | null;
  trail: Trail;
}

export type Tracking =
  'none' | 'untracked' | 'invalid' | 'new' | 'established' | 'established-reply' | 'related' | 'related-reply';

/** What of a socket bears on the routing of what it sends. */
export interface SenderSocket {
  /** SO_BINDTODEVICE; null: any. */
  readonly boundDevice: Device | null;
  readonly mark: number;
  readonly uid: number;
  /** IP_TRANSPARENT. */
  readonly transparent: boolean;
}

export function createSkBuff(packet: Packet, input: Device | null, trail: Trail): SkBuff {
  return {
    packet,
    mark: 0,
    input,
    output: null,
    nexthop: 0,
    toSelf: false,
    toAll: false,
    connection: null,
    tracking: 'none',
    socket: null,
    trail,
  };
}

/**
 * How a packet stands that the host makes because of another one: it is of the same connection, against its direction, even if that
 * is not confirmed yet (net/netfilter/nf_conntrack_core.c, nf_conntrack_attach).
 */
export function attachedTo(skb: SkBuff): Pick<SkBuff, 'connection' | 'tracking'> {
  const { connection } = skb;
  if (!connection) return { connection: null, tracking: 'none' };
  return { connection, tracking: isReply(skb) ? 'related' : 'related-reply' };
}

/** Whether it goes against the direction of the connection's first packet. */
export function isReply(skb: SkBuff): boolean {
  return skb.tracking === 'established-reply' || skb.tracking === 'related-reply';
}
