import type { Crossing, Protocol } from '../backend/crossing.ts';
import { formatIPv4 } from '../net/address.ts';
import { summarizeIcmp, summarizeTcp, summarizeUdp } from '../net/summary.ts';
import type { ArpPacket } from './link.ts';
import { lengthOf, protocols, type Packet } from './packet.ts';
import { createRows } from './rows.ts';

/** Packets that were recorded: numbers at first, words when all is over. */
export interface PacketRows {
  /** Adds a packet, and returns its row; null if it is outside the lab's interest. */
  add(packet: Packet | ArpPacket): number | null;
  /** What is the same of the packet wherever it crosses. */
  words(row: number): Words;
}

/** Of no echo, `echo` is null. */
export interface Words extends Pick<
  Crossing,
  'source' | 'destination' | 'protocol' | 'identity' | 'bytes' | 'summary'
> {
  readonly echo: string | null;
}

/** `kind`: type and code of an ICMP message, flags of a segment, of ARP whether it answers; `echo` and `sequence`: of an echo. */
const columns = {
  ...{ protocol: 0, source: 1, destination: 2, sourcePort: 3, destinationPort: 4, identity: 5 },
  ...{ bytes: 6, payload: 7, kind: 8, echo: 9, sequence: 10 },
} as const;

/** ARP's EtherType, which is no number of a protocol over IP. */
const arp = 0x0806;
/** Bytes of what ARP asks or answers. */
const arpLength = 28;

const names: ReadonlyMap<number, Protocol> = new Map<number, Protocol>([
  [protocols.icmp, 'icmp'],
  [protocols.tcp, 'tcp'],
  [protocols.udp, 'udp'],
  [arp, 'arp'],
]);

export function createPacketRows(): PacketRows {
  const rows = createRows(Object.keys(columns).length);
  const endpoint = endpointTexts();
  return {
    add: (packet) => {
      const { protocol, source, destination, identity } = packet;
      if (protocol !== 'arp' && !names.has(protocol)) return null;
      const row = rows.add();
      rows.set(row, columns.protocol, protocol === 'arp' ? arp : protocol);
      rows.set(row, columns.source, source);
      rows.set(row, columns.destination, destination);
      rows.set(row, columns.identity, identity);
      if (packet.protocol === 'arp') {
        rows.set(row, columns.bytes, arpLength);
        rows.set(row, columns.kind, packet.kind === 'reply' ? 1 : 0);
        return row;
      }
      const { icmp, tcp } = packet;
      rows.set(row, columns.sourcePort, packet.sourcePort);
      rows.set(row, columns.destinationPort, packet.destinationPort);
      rows.set(row, columns.bytes, lengthOf(packet));
      rows.set(row, columns.payload, packet.payload.length);
      if (tcp) rows.set(row, columns.kind, tcp.flags);
      if (icmp) {
        rows.set(row, columns.kind, (icmp.type << 8) | icmp.code);
        // The identifier isn't asked, which a NAT may change.
        rows.set(row, columns.echo, icmp.key);
        rows.set(row, columns.sequence, icmp.sequence);
      }
      return row;
    },
    words: (row) => {
      const protocol = names.get(rows.get(row, columns.protocol));
      if (protocol === undefined) throw new Error(`no packet in row ${row}`);
      const hasPorts = protocol === 'tcp' || protocol === 'udp';
      const [sourcePort, destinationPort] = hasPorts
        ? [rows.get(row, columns.sourcePort), rows.get(row, columns.destinationPort)]
        : [null, null];
      const echo = rows.get(row, columns.echo);
      return {
        source: endpoint(rows.get(row, columns.source), sourcePort),
        destination: endpoint(rows.get(row, columns.destination), destinationPort),
        protocol,
        identity: String(rows.get(row, columns.identity)),
        bytes: rows.get(row, columns.bytes),
        summary: summaryOf(protocol, rows.get(row, columns.kind), rows.get(row, columns.payload)),
        echo: echo === 0 ? null : `${echo} ${rows.get(row, columns.sequence)}`,
      };
    },
  };
}

function summaryOf(protocol: Protocol, kind: number, payload: number): string {
  switch (protocol) {
    case 'icmp':
      return summarizeIcmp(kind >> 8, kind & 0xff);
    case 'tcp':
      return summarizeTcp(kind, payload);
    case 'udp':
      return summarizeUdp(payload);
    case 'arp':
      return `ARP ${kind === 1 ? 'reply' : 'request'}`;
  }
}

/** Writes `address:port`, or the address alone where there is no port: each text once, for it comes again in many packets. */
function endpointTexts(): (address: number, port: number | null) => string {
  const texts = new Map<number, string>();
  return (address, port) => {
    const key = port === null ? -1 - address : address * 0x10000 + port;
    const known = texts.get(key);
    if (known !== undefined) return known;
    const text = port === null ? formatIPv4(address) : `${formatIPv4(address)}:${port}`;
    texts.set(key, text);
    return text;
  };
}
