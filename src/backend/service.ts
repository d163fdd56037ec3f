import type { Protocol } from './crossing.ts';

/** A program that answers requests, by its protocol's own rules; it knows nothing of scenarios. */
export type Service = OpenVpnServer | DnsServer | SshServer | UdpEchoServer | TcpEchoServer | StreamServer;

/** OpenVPN 2.6. */
export interface OpenVpnServer {
  readonly kind: 'openvpn';
  /** Tells services of a host apart, in logs and errors. */
  readonly name: string;
  readonly protocol: 'udp' | 'tcp';
  readonly port: number;
  readonly binding: Binding;
  /** The server's tunnel device, one of those the lab was opened with. */
  readonly tunnel: string;
  /** The tunnel's network, e.g. `10.8.0.0/24`; the server takes its first address. */
  readonly network: string;
  /** The one address that a client gets, always the same (`ifconfig-push`); absent: each gets the next that is free. */
  readonly clientAddress?: string;
  /** `--keepalive`, for both sides; absent: neither side pings the other, or misses it. */
  readonly keepalive?: Keepalive;
}

/** Whole seconds. The server itself waits for twice `timeout`. */
export interface Keepalive {
  /** A side that has sent nothing for so long sends a ping. */
  readonly interval: number;
  /** A client that has heard nothing for so long begins anew. */
  readonly timeout: number;
}

/** What address a UDP server's replies carry. A TCP server's always carry the one the client called. */
export type Binding =
  /** One wildcard socket, which leaves the source address to routing. */
  | { readonly kind: 'wildcard' }
  /** One wildcard socket that hands the request's address and interface back to the kernel (IP_PKTINFO). */
  | { readonly kind: 'multihome' }
  /** A socket bound to one address. */
  | { readonly kind: 'address'; readonly address: string };

/** dnsmasq. */
export interface DnsServer {
  readonly kind: 'dns';
  readonly name: string;
  readonly port: number;
  /**
   * `address-per-socket`: a socket bound to each address. `pktinfo`: one wildcard socket, which hands the request's
   * address, but not its interface, back to the kernel (IP_PKTINFO).
   */
  readonly binding: 'address-per-socket' | 'pktinfo';
  /** The host's addresses that it serves. */
  readonly addresses: readonly string[];
  /** Names it knows, and their addresses. */
  readonly records: Readonly<Record<string, string>>;
}

/** OpenSSH's sshd; a client that gets its banner has been served. */
export interface SshServer {
  readonly kind: 'ssh';
  readonly name: string;
  readonly port: number;
}

/** Sends each datagram back, from the one socket that it came to. */
export interface UdpEchoServer {
  readonly kind: 'udp-echo';
  readonly name: string;
  readonly port: number;
  readonly binding: Exclude<Binding, { readonly kind: 'multihome' }>;
}

/** Sends back what it reads, until the client has said all. */
export interface TcpEchoServer {
  readonly kind: 'tcp-echo';
  readonly name: string;
  readonly port: number;
}

/**
 * Sends whoever connects `chunks` pieces of a thousand bytes: ten of them a second, or, if it is in haste, as many as the
 * line takes.
 */
export interface StreamServer {
  readonly kind: 'stream';
  readonly name: string;
  readonly port: number;
  readonly address: string;
  readonly chunks: number;
  readonly pace: 'steady' | 'haste';
}

/** What a client asks of a service. `server` and `port` are the address it calls; `sourcePort` is its own. */
export type Request =
  | (Call & {
      readonly kind: 'openvpn';
      readonly protocol: 'udp' | 'tcp';
      /** The client's tunnel device. */
      readonly tunnel: string;
      /** An address behind the tunnel that must answer a ping through it. */
      readonly through: string;
      /** Takes answers from any address. */
      readonly float: boolean;
    })
  /** A look-up of `name` that must give `address`. */
  | (Call & { readonly kind: 'dns'; readonly name: string; readonly address: string })
  /** The start of a banner; the client gives up without a connection for 2 seconds, or a word for 4, or either for `patience`. */
  | (Call & { readonly kind: 'ssh'; readonly patience?: number })
  /** A whole stream; the client gives up when nothing has come for `patience` seconds, by default 2. */
  | (Call & { readonly kind: 'stream'; readonly chunks: number; readonly patience?: number })
  /** `count` datagrams from one connected socket, a few milliseconds apart. */
  | (Call & { readonly kind: 'udp-echo'; readonly count: number })
  /** One line, which must come back. */
  | (Call & { readonly kind: 'tcp-echo' })
  /** One ICMP echo request. It has no ports: `sourcePort` is its identifier, `port` is 0. */
  | (Call & { readonly kind: 'ping' });

interface Call {
  readonly server: string;
  readonly port: number;
  readonly sourcePort: number;
}

/**
 * An OpenVPN client that is left to itself: it takes a new source port (`--nobind`) for each try, and tries for ever. Its
 * timers are short, in OpenVPN's own proportions: it gives a handshake 3 s (`--hand-window`, by default 60) and a first
 * answer 6 s (`--connect-timeout`, by default 120). It does not wait between tries: the hold of its management channel, which
 * is released at once, takes the place of that wait.
 */
export interface Dial {
  readonly kind: 'dial';
  readonly protocol: 'udp' | 'tcp';
  readonly server: string;
  readonly port: number;
  readonly sourcePort: 'any';
  /** The client's tunnel device. */
  readonly tunnel: string;
  /** Seconds that it gives a handshake in place of 3, and a first answer twice as many; absent: 3. */
  readonly handshake?: number;
  /** Absolute path of a script that it runs each time the tunnel comes up (`--up`); absent: none. */
  readonly up?: string;
}

/** What the datagram of a number says, of so many: all are equally long. */
export function echoText(number: number, count: number, sourcePort: number): string {
  return `echo ${String(number).padStart(String(count).length, '0')} from port ${sourcePort}`;
}

/** The transport protocol that a request's packets travel by. */
export function protocolOf(request: Request | Dial): Protocol {
  switch (request.kind) {
    case 'openvpn':
    case 'dial':
      return request.protocol;
    case 'ssh':
    case 'tcp-echo':
    case 'stream':
      return 'tcp';
    case 'ping':
      return 'icmp';
    case 'dns':
    case 'udp-echo':
      return 'udp';
  }
}

/** What became of a request, as the client saw it. */
export interface Answer {
  /** The client got a whole and right answer. */
  readonly accepted: boolean;
  /** What the client said, line by line. */
  readonly said: readonly string[];
  /** Bytes that the client counted, where it counts: all that its socket received and sent. */
  readonly bytes: Bytes | null;
}

export interface Bytes {
  readonly received: number;
  readonly sent: number;
}
