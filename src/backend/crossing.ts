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
}
