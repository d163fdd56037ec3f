import type { Decision } from './decision.ts';
import type { TableLookUp } from './look-up.ts';

/** The protocols the lab tells apart. */
export type Protocol = 'udp' | 'tcp' | 'icmp' | 'arp';

/** One packet, at one interface, in one direction. Hop by hop, these are the evidence that every verdict rests on. */
export interface Crossing {
  /** Seconds on the lab's clock; the same clock for every host. */
  readonly time: number;
  readonly host: string;
  readonly interface: string;
  readonly direction: 'in' | 'out';
  /** `address:port`; ICMP and ARP have no ports and show the address alone. */
  readonly source: string;
  readonly destination: string;
  readonly protocol: Protocol;
  /** What stays the same of a packet while routers and NATs change its addresses, ports and TTL. */
  readonly identity: string;
  /** The same in an ICMP echo request and its reply; absent in all else. */
  readonly echo?: string;
  /** The packet's length, from its IP header's first byte on. An interface may hand several TCP segments over as one packet. */
  readonly bytes: number;
  /** A few words for people: `UDP 14 bytes`, `TCP SYN-ACK`, `ICMP echo request`. */
  readonly summary: string;
}

/** All packets that crossed an interface while the lab ran. */
export interface Evidence {
  /** In order of time. */
  readonly crossings: readonly Crossing[];
  /** Seconds on the lab's clock. Packets that set out later may not have been recorded to their journey's end. */
  readonly until: number;
  /** What the server counts of packets that its reverse-path filter dropped: TcpExtIPReversePathFilter. */
  readonly filtered: Count;
  /** Each packet that a host dropped, by the kernel's own word; null where the kernel doesn't give it to us. */
  readonly drops: readonly Drop[] | null;
  /**
   * How many of its words the kernel kept from us, on drops of any kind and on any host of the machine, so that `drops` may lack as
   * many; absent: none.
   */
  readonly dropsMissed?: number;
  /** What the hosts decided on each packet, in each host in order of time; absent: nobody asked (`explain`). */
  readonly decisions?: readonly Decision[];
  /**
   * The server's look-ups in routing tables, but for ARP, in order of time, from when its responders were mustered; null where the kernel doesn't
   * tell of them; absent: nobody asked (`lookUps`).
   */
  readonly lookUps?: readonly TableLookUp[] | null;
  /** How many events on the machine the kernel kept from who recorded look-ups, so that `lookUps` may lack as many; absent: none. */
  readonly lookUpsMissed?: number;
  /**
   * The flows, as look-ups had them, for which a nexthop was chosen by a hash that has a secret of the host's own: another host may
   * choose otherwise. Absent: nobody asked (`explain`), or the kernel alone knows.
   */
  readonly chosenBySecret?: readonly Pick<Crossing, 'source' | 'destination'>[];
}

/** A counter that was read once, somewhere between two times on the lab's clock. */
export interface Count {
  readonly value: number;
  readonly from: number;
  readonly to: number;
}

/** One packet that a host's kernel dropped, and why. */
export interface Drop extends Pick<Crossing, 'host' | 'source' | 'destination' | 'summary'> {
  /** The interface that it came in by, or was to leave by. */
  readonly interface: string;
  /** As a crossing's, but for the payload's hash: `withoutPayload`. */
  readonly identity: string;
  /** The kernel's name for the reason, e.g. `IP_RPFILTER` (include/net/dropreason-core.h). */
  readonly reason: string;
  /** The kernel's function that dropped it. */
  readonly function: string;
}
