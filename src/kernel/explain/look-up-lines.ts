import { decodePacket, type Packet } from '../../net/packet.ts';
import { bytesOf, readHeaders } from '../drop-lines.ts';

/** A packet that came in at a host, or went out of it. */
export interface Passing {
  readonly kind: 'came' | 'went';
  readonly cpu: number;
  /** Nanoseconds since the machine was started. */
  readonly time: bigint;
  /** The inode of the network namespace. */
  readonly namespace: number;
  readonly interface: string;
  /** Null if its headers are not in order. */
  readonly packet: Packet | null;
}

/** A look-up in one routing table, as the tracepoint fib:fib_table_lookup has it (include/trace/events/fib.h). */
export interface LookUp {
  readonly kind: 'look';
  readonly cpu: number;
  readonly time: bigint;
  /** When the packet came in that is being handled on this processor, in whatever namespace, and in which; 0: none is. */
  readonly arrival: bigint;
  readonly receiver: number;
  /** The namespace of the process that ran; 0: it was interrupted, for a packet that came in or by a timer. */
  readonly caller: number;
  readonly table: number;
  /** 0, or the negative error number: −11 (EAGAIN) is no match, and the next rule is asked. */
  readonly error: number;
  /** Numbers of interfaces; 0: any. `iif` is 1, the loopback device's, for what the host itself sends, and for the reverse-path filter. */
  readonly oif: number;
  readonly iif: number;
  readonly tos: number;
  readonly scope: number;
  readonly flags: number;
  /** 0 where it wasn't asked for: what is forwarded, the reverse-path filter, and what netfilter has routed again. */
  readonly protocol: number;
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  /** Of the first nexthop that may be used, before the choice among several; `-`: none. */
  readonly device: string;
  readonly gateway: string;
  /** That of the packet that had come in, for which it was made; null: it was made for another, and its mark isn't known. */
  readonly mark: number | null;
}

/** Reads a line of look-ups.bt; null for what is none. */
export function readLookUpLine(line: string): Passing | LookUp | null {
  return readPassing(line) ?? readLookUp(line);
}

const passing =
  /^(?<kind>came|went) (?<cpu>\d+) (?<time>\d+) (?<namespace>\d+) (?<name>\S+) (?<words>[\da-f]+(?: [\da-f]+){9})$/;

function readPassing(line: string): Passing | null {
  const { kind, cpu = '', time = '', namespace = '', name = '', words = '' } = passing.exec(line)?.groups ?? {};
  if (kind !== 'came' && kind !== 'went') return null;
  const place = { cpu: Number(cpu), time: BigInt(time), namespace: Number(namespace), interface: name };
  return { kind, ...place, packet: readHeaders(words) ?? readArp(words) };
}

const [ethernet, arpHeader] = [1, [0, 1, 8, 0, 6, 4]];

/** ARP has its own header where IP would; null if it isn't that. */
function readArp(words: string): Packet | null {
  const bytes = bytesOf(words).slice(0, 28);
  if (!arpHeader.every((byte, index) => bytes[index] === byte)) return null;
  const frame = [...Array<number>(12).fill(0), 8, 6, ...bytes];
  return decodePacket(ethernet, Uint8Array.from(frame));
}

const look = new RegExp(
  [
    String.raw`^look (?<cpu>\d+) (?<time>\d+) (?<arrival>\d+) (?<receiver>\d+) (?<caller>\d+)`,
    String.raw`(?<table>\d+) (?<error>-?\d+) (?<oif>\d+) (?<iif>\d+)`,
    String.raw`(?<tos>\d+) (?<scope>\d+) (?<flags>\d+) (?<protocol>\d+)`,
    String.raw`(?<source>[\d.]+) (?<sourcePort>\d+) (?<destination>[\d.]+) (?<destinationPort>\d+)`,
    String.raw`(?<device>\S+) (?<gateway>[\d.]+)`,
    String.raw`(?<mark>\d+) (?<markInput>-?\d+) (?<markTos>\d+) (?<markSource>[\d.]+) (?<markDestination>[\d.]+)$`,
  ].join(' '),
);

function readLookUp(line: string): LookUp | null {
  const groups = look.exec(line)?.groups;
  if (!groups) return null;
  const { time = '', arrival = '', source = '', destination = '', device = '', gateway = '' } = groups;
  const number = (name: string): number => Number(groups[name]);
  const { markSource, markDestination } = groups;
  const iif = number('iif');
  // What the host sends, and the reverse-path filter, is looked up as if it came in by the loopback device.
  const isFor =
    iif !== 1 &&
    number('markInput') === iif &&
    [0xfc, 0x1c].some((bits) => (number('markTos') & bits) === number('tos')) &&
    markSource === source &&
    markDestination === destination;
  return {
    ...{ kind: 'look', cpu: number('cpu'), time: BigInt(time), arrival: BigInt(arrival) },
    ...{ receiver: number('receiver'), caller: number('caller'), table: number('table'), error: number('error') },
    ...{ oif: number('oif'), iif, tos: number('tos'), scope: number('scope'), flags: number('flags') },
    ...{ protocol: number('protocol'), source, sourcePort: number('sourcePort') },
    ...{ destination, destinationPort: number('destinationPort'), device, gateway },
    mark: isFor ? number('mark') : null,
  };
}
