import { formatIPv4 } from './address.ts';
import { LabError } from './error.ts';
import { sipHash24, type SipHashKey } from './siphash.ts';
import { countBytes, summarizeIcmp, summarizeTcp, summarizeUdp } from './summary.ts';

/** One captured IPv4 or ARP packet, as far as the lab looks into it. */
export interface Packet {
  /** Every IP protocol but the three is `other`. */
  readonly protocol: 'udp' | 'tcp' | 'icmp' | 'arp' | 'other';
  /** Addresses as text; for ARP, the sender's and the target's protocol address. */
  readonly source: string;
  readonly destination: string;
  /** Null where there is none to see: ICMP, other protocols, and every fragment but the first. */
  readonly sourcePort: number | null;
  readonly destinationPort: number | null;
  /** MAC addresses as text, such as `02:00:00:00:00:01`; null where the link has none, or the capture does not tell. */
  readonly ethernet: { readonly source: string; readonly destination: string } | null;
  /** What follows the last header understood, without Ethernet padding; for ICMP, what follows its eight bytes of header. */
  readonly payload: Uint8Array;
  /** Length of the whole packet without its link's header, as its own header has it; of ARP, 28. */
  readonly length: number;
  /**
   * What stays the same of a packet while routers and NATs rewrite addresses, ports, ICMP identifier, TTL and checksums:
   * equal for two crossings of one packet, and different, but for a coincidence, for two packets.
   *
   * It tells apart packets with the same content by their IP identification alone, which Linux leaves 0 in unconnected
   * datagrams that may not be fragmented: senders of those have to send something new each time.
   */
  readonly identity: string;
  /** What an ICMP echo reply repeats of its request, but for the identifier, which a NAT rewrites; absent in all else. */
  readonly echo?: string;
  /** A few words for people: `UDP 14 bytes`, `TCP SYN-ACK`, `ICMP port unreachable`. */
  readonly summary: string;
}

/** An address, with its port if there is one, as a crossing has it. */
export function endpoint(address: string, port: number | null): string {
  return port === null ? address : `${address}:${port}`;
}

/** An identity without the hash of its payload: all of it that a packet's headers tell, and its length. */
export function withoutPayload(identity: string): string {
  return identity.replace(/:[\da-f]{16}$/, '');
}

const etherType = { ipv4: 0x0800, arp: 0x0806, vlan: 0x8100, serviceVlan: 0x88a8 } as const;
const linkType = { ethernet: 1, dltRaw: 12, raw: 101, ipv4: 228, cooked: 276 } as const;
const noPorts = { sourcePort: null, destinationPort: null } as const;
/** Any key does: this hash only has to be the same for the same bytes. */
const payloadKey: SipHashKey = { k0: { high: 0, low: 0 }, k1: { high: 0, low: 0 } };

/**
 * Reads a packet as captured on a link of the given LINKTYPE_: Ethernet (1), with or without VLAN tags, raw IP (12, 101, 228),
 * or Linux's `any` device (276).
 *
 * @returns null for what is outside the lab's interest: everything but IPv4 and ARP for it, which is IPv6, 802.3 and marker frames
 * @throws LabError 'lab-failed' for an unknown link type, and when less was captured, or sent, than the headers claim for
 *   themselves; a payload that was cut short is not an error, but two cuts of different length differ in identity
 */
export function decodePacket(type: number, data: Uint8Array): Packet | null {
  switch (type) {
    case linkType.ethernet: {
      const { type: carried, length } = readEthernet(data);
      const ethernet = { source: formatMac(data.subarray(6, 12)), destination: formatMac(data.subarray(0, 6)) };
      if (carried === etherType.arp) return readArp(data.subarray(length), ethernet);
      return carried === etherType.ipv4 ? readIPv4(data.subarray(length), ethernet) : null;
    }
    case linkType.dltRaw:
    case linkType.raw: // either IP version: its first four bits tell
      need(data, 1, 'IP');
      return byteAt(data, 0) >> 4 === 4 ? readIPv4(data, null) : null;
    case linkType.ipv4:
      return readIPv4(data, null);
    case linkType.cooked: {
      const carried = decodeCooked(data).etherType;
      if (carried === etherType.arp) return readArp(data.subarray(cookedLength), null);
      return carried === etherType.ipv4 ? readIPv4(data.subarray(cookedLength), null) : null;
    }
    default:
      throw new LabError('lab-failed', `expected a capture of Ethernet, raw IP or SLL2, got link type ${type}`);
  }
}

/** What `any`, which records all of a host's interfaces, says of a packet in place of its link's own header. */
export interface CookedHeader {
  /** 0x0800 for IPv4, 0x88b5 for the local experiments' (IEEE 802a) frames. */
  readonly etherType: number;
  /** The number, as the kernel counts them, of the interface that it crossed. */
  readonly interfaceIndex: number;
  /** Whether the host sent it. */
  readonly outgoing: boolean;
}

/** Bytes of that header. */
export const cookedLength = 20;
const packetOutgoing = 4;

/**
 * Reads the header of a packet of LINKTYPE_LINUX_SLL2 (276).
 *
 * @throws LabError 'lab-failed' when less was captured than the header
 */
export function decodeCooked(data: Uint8Array): CookedHeader {
  need(data, cookedLength, 'SLL2');
  return {
    etherType: uint16(data, 0),
    interfaceIndex: uint32(data, 4),
    outgoing: byteAt(data, 10) === packetOutgoing,
  };
}

function readEthernet(data: Uint8Array): { readonly type: number; readonly length: number } {
  for (let length = 14; ; length += 4) {
    need(data, length, 'Ethernet');
    const type = uint16(data, length - 2);
    if (type !== etherType.vlan && type !== etherType.serviceVlan) return { type, length };
  }
}

function readArp(data: Uint8Array, ethernet: Packet['ethernet']): Packet | null {
  need(data, 8, 'ARP');
  if (uint16(data, 2) !== etherType.ipv4 || uint16(data, 4) !== 0x0604) return null; // not MAC and IPv4 addresses
  need(data, 28, 'ARP');
  const operation = uint16(data, 6);
  const name = { 1: 'request', 2: 'reply' }[operation] ?? `operation ${operation}`;
  return {
    protocol: 'arp',
    source: formatIPv4(uint32(data, 14)),
    destination: formatIPv4(uint32(data, 24)),
    ...noPorts,
    ethernet,
    payload: new Uint8Array(),
    length: 28,
    identity: `arp ${digest(data.subarray(0, 28), 28)}`, // nobody rewrites it
    summary: `ARP ${name}`,
  };
}

/** What the transport header adds to a packet. */
type Transport = Pick<Packet, 'sourcePort' | 'destinationPort' | 'payload' | 'identity' | 'echo' | 'summary'>;

function readIPv4(data: Uint8Array, ethernet: Packet['ethernet']): Packet {
  need(data, 20, 'IPv4');
  const headerLength = (byteAt(data, 0) & 0x0f) * 4;
  // A length of 0 is what the kernel writes where it leaves the cutting of a packet beyond 64 KiB to the card (BIG TCP).
  const totalLength = uint16(data, 2) || data.length;
  if (byteAt(data, 0) >> 4 !== 4 || headerLength < 20 || totalLength < headerLength) {
    throw new LabError('lab-failed', 'a captured packet has no valid IPv4 header');
  }
  need(data, headerLength, 'IPv4');
  const fragmentOffset = (uint16(data, 6) & 0x1fff) * 8;
  const protocolNumber = byteAt(data, 9);
  const protocol = ({ 1: 'icmp', 6: 'tcp', 17: 'udp' } as const)[protocolNumber] ?? 'other';
  const body: Body = { bytes: data.subarray(headerLength, totalLength), length: totalLength - headerLength };
  const transport =
    fragmentOffset > 0 ? readFragment(protocol, fragmentOffset, body) : readTransport(protocol, protocolNumber, body);
  return {
    protocol,
    source: formatIPv4(uint32(data, 12)),
    destination: formatIPv4(uint32(data, 16)),
    ethernet,
    length: totalLength,
    ...transport,
    identity: `${protocol === 'other' ? String(protocolNumber) : protocol} id=${hex(uint16(data, 4), 4)} offset=${fragmentOffset} ${transport.identity}`,
  };
}

/** An IP packet's content: the bytes captured, and how many the header says there were. */
interface Body {
  readonly bytes: Uint8Array;
  readonly length: number;
}

/** The protocols that IP carries. */
type Carried = Exclude<Packet['protocol'], 'arp'>;

function readTransport(protocol: Carried, protocolNumber: number, body: Body): Transport {
  switch (protocol) {
    case 'udp':
      return readUdp(body);
    case 'tcp':
      return readTcp(body);
    case 'icmp':
      return readIcmp(body);
    case 'other':
      return opaque(`IP protocol ${protocolNumber}, ${countBytes(body.length)}`, body);
  }
}

/** Not the first fragment: it has no transport header. */
function readFragment(protocol: Carried, offset: number, body: Body): Transport {
  const name = protocol === 'other' ? 'IP' : protocol.toUpperCase();
  return opaque(`${name} fragment at ${offset}, ${countBytes(body.length)}`, body);
}

function opaque(summary: string, { bytes, length }: Body): Transport {
  return { ...noPorts, payload: bytes, identity: digest(bytes, length), summary };
}

function readUdp(body: Body): Transport {
  const { bytes } = body;
  need(bytes, 8, 'UDP');
  const declared = uint16(bytes, 4);
  // Longer than the packet in a first fragment.
  const length = declared < 8 ? body.length : Math.min(declared, body.length);
  const payload = bytes.subarray(8, length);
  return {
    sourcePort: uint16(bytes, 0),
    destinationPort: uint16(bytes, 2),
    payload,
    identity: digest(payload, length - 8),
    summary: summarizeUdp(length - 8),
  };
}

function readTcp(body: Body): Transport {
  const { bytes } = body;
  need(bytes, 20, 'TCP');
  const headerLength = (byteAt(bytes, 12) >> 4) * 4;
  need(bytes, headerLength, 'TCP');
  if (headerLength < 20) throw new LabError('lab-failed', 'a captured packet has no valid TCP header');
  const flags = byteAt(bytes, 13);
  const payload = bytes.subarray(headerLength);
  const length = body.length - headerLength;
  const fields = [hex(uint32(bytes, 4), 8), hex(uint32(bytes, 8), 8), hex(flags, 2), hex(uint16(bytes, 14), 4)];
  return {
    sourcePort: uint16(bytes, 0),
    destinationPort: uint16(bytes, 2),
    payload,
    identity: `${fields.join(',')} ${digest(payload, length)}`, // sequence, acknowledgement, flags, window
    summary: summarizeTcp(flags, length),
  };
}

const icmpErrors: ReadonlySet<number> = new Set([3, 4, 5, 11, 12]);
/** Those whose header holds an identifier, as echo does; NATs treat it as a port. */
const icmpQueries: ReadonlySet<number> = new Set([0, 8, 13, 14, 15, 16, 17, 18]);
function readIcmp(body: Body): Transport {
  const { bytes } = body;
  need(bytes, 8, 'ICMP');
  const [type, code] = [byteAt(bytes, 0), byteAt(bytes, 1)];
  const payload = bytes.subarray(8);
  return {
    ...noPorts,
    payload,
    identity: `${type}/${code} ${icmpIdentity(type, body)}`,
    ...((type === 0 || type === 8) && { echo: icmpIdentity(type, body) }),
    summary: summarizeIcmp(type, code),
  };
}

function icmpIdentity(type: number, { bytes, length }: Body): string {
  if (icmpErrors.has(type)) {
    // A NAT translates the embedded packet too, so of that only what no NAT touches counts.
    const embedded = bytes.subarray(8);
    need(embedded, 20, 'embedded IPv4');
    return `about ${byteAt(embedded, 9)} id=${hex(uint16(embedded, 4), 4)}`;
  }
  const rest = icmpQueries.has(type) ? hex(uint16(bytes, 6), 4) : hex(uint32(bytes, 4), 8);
  return `${rest} ${digest(bytes.subarray(8), length - 8)}`;
}

/** Makes sure that the first `length` bytes are there. */
function need(data: Uint8Array, length: number, what: string): void {
  if (data.length >= length) return;
  throw new LabError(
    'lab-failed',
    `expected ${what} headers of ${length} bytes, got a packet cut off at ${data.length}`,
  );
}

// Of bytes that are there. Read one by one, for a view on each header of hundreds of thousands of packets costs more than all else.
function byteAt(data: Uint8Array, at: number): number {
  return data[at] ?? 0;
}

function uint16(data: Uint8Array, at: number): number {
  return (byteAt(data, at) << 8) | byteAt(data, at + 1);
}

function uint32(data: Uint8Array, at: number): number {
  return uint16(data, at) * 0x10000 + uint16(data, at + 2);
}

/** Length and 64-bit hash of a payload. */
function digest(payload: Uint8Array, length: number): string {
  const { high, low } = sipHash24(payloadKey, payload);
  return `${length}:${hex(high, 8)}${hex(low, 8)}`;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

function formatMac(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => hex(byte, 2)).join(':');
}
