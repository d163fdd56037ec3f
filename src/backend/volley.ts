/** Many small conversations at a time, each one's packets told from all others' by an address that is its own. */

/** One packet, or one connection, that a program on `host` begins. What it makes of the answer is not asked: packets tell. */
export interface Shot {
  readonly host: string;
  /** ICMP is an echo request. */
  readonly protocol: 'udp' | 'tcp' | 'icmp';
  readonly destination: string;
  /** 0 for ICMP. */
  readonly port: number;
  /** The program's own port, the echo request's identifier: unique in its host. */
  readonly sourcePort: number;
  /** The address that the program binds its socket to; absent: none, routing chooses. */
  readonly source?: string;
  /** Of UDP: the socket is connected before it sends; absent: it is not. */
  readonly connected?: boolean;
  /** The device that the socket is bound to (SO_BINDTODEVICE), and the mark of what it sends (SO_MARK). */
  readonly device?: string;
  readonly mark?: number;
  /** Of TCP: once all that it has said has come back, the connection stays open until the next volley. */
  readonly stays?: boolean;
  /** Of TCP: it goes on with the connection that has stayed open from the volley before, if one has, and ends it. */
  readonly goesOn?: boolean;
  /** Of UDP: how many hops its datagrams may go; absent: as many as is usual. */
  readonly ttl?: number;
  /** Of UDP: the name that it asks for, as a resolver does; absent: it sends text. */
  readonly asks?: string;
}

/** What answers on a host. */
export type Responder =
  /** Sends each datagram back, from the one socket that it came to; without an address, that is a wildcard socket. */
  | { readonly host: string; readonly protocol: 'udp'; readonly port: number; readonly address?: string }
  /** dnsmasq, which answers with the address that was asked, by whatever interface (IP_PKTINFO). It knows one name. */
  | { readonly host: string; readonly protocol: 'dns'; readonly port: number; readonly name: string }
  /** Sends back what it reads, until the client has said all. */
  | { readonly host: string; readonly protocol: 'tcp'; readonly port: number };

/** Programs that stand ready to send, and to answer. */
export interface Battery {
  /** Begins all of them, and resolves when all that comes of it has come, and the programs have closed what they opened. */
  fire(shots: readonly Shot[]): Promise<void>;
}

/** How a script ended. */
export interface ScriptEnd {
  readonly status: number;
  readonly stderr: string;
}
