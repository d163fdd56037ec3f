import type { Crossing, Drop, Evidence } from '../backend/crossing.ts';
import type { Decision } from '../backend/decision.ts';
import type { TableLookUp } from '../backend/look-up.ts';
import { formatIPv4 } from '../net/address.ts';
import type { Device } from './device.ts';
import type { FlowKey } from './flow.ts';
import type { Host, LookUpListener } from './host.ts';
import type { ArpPacket, Recorder } from './link.ts';
import type { NetworkOptions } from './network.ts';
import { createPacketRows, type Words } from './packet-rows.ts';
import { endpointOf, protocols, type Packet } from './packet.ts';
import { createRows } from './rows.ts';

/** A recording of all packets at all interfaces. */
export interface Recording {
  readonly record: Recorder;
  /** What was recorded so far. */
  readonly crossings: () => readonly Crossing[];
  /** What hosts dropped for where it came from, or by netfilter. */
  readonly drops: readonly Drop[];
  readonly dropped: NonNullable<NetworkOptions['dropped']>;
  readonly decisions: readonly Decision[];
  readonly trailOf: NonNullable<NetworkOptions['trailOf']>;
  /** The flows for which a nexthop was chosen by a secret. */
  readonly choices: NonNullable<Evidence['chosenBySecret']>;
  readonly chosenBySecret: NonNullable<NetworkOptions['chosenBySecret']>;
}

/** A crossing's columns. */
const columns = { time: 0, place: 1, packet: 2 } as const;

export function startRecording(): Recording {
  const [rows, packets, places] = [createRows(Object.keys(columns).length), createPacketRows(), createPlaces()];
  const drops: Drop[] = [];
  const decisions: Decision[] = [];
  const choices: Pick<Crossing, 'source' | 'destination'>[] = [];
  let last: Packet | ArpPacket | null = null;
  let lastRow: number | null = null;
  return {
    drops,
    decisions,
    choices,
    chosenBySecret: (flow) => {
      choices.push({ source: endpointOf(flow, 'source'), destination: endpointOf(flow, 'destination') });
    },
    crossings: () => {
      let before: { readonly packet: number; readonly words: Words } | null = null;
      return Array.from({ length: rows.count }, (_, row) => {
        const packet = rows.get(row, columns.packet);
        if (before?.packet !== packet) before = { packet, words: packets.words(packet) };
        return crossing(rows.get(row, columns.time), places.at(rows.get(row, columns.place)), before.words);
      });
    },
    trailOf: (host, packet) => {
      const about = {
        host: host.name,
        identity: String(packet.identity),
        destination: endpointOf(packet, 'destination'),
      };
      return (stage, text, at) => {
        decisions.push({ ...about, after: rows.count, stage, text, ...(at && { at }) });
      };
    },
    dropped: (host, device, packet, reason) => {
      const row = packets.add(packet);
      if (row === null) return;
      const { identity, summary, source, destination } = packets.words(row);
      const by = reason === 'NETFILTER_DROP' ? 'nft_do_chain' : 'ip_rcv_finish_core';
      const where = { host, interface: device.name, function: by };
      drops.push({ ...where, identity, summary, reason, source, destination });
    },
    record: (host, device, direction, packet) => {
      // A packet that leaves one interface comes in at the next as it is.
      if (packet !== last) [last, lastRow] = [packet, packets.add(packet)];
      if (lastRow === null) return;
      const row = rows.add();
      rows.set(row, columns.time, host.clock.now);
      rows.set(row, columns.place, places.number(host, device, direction));
      rows.set(row, columns.packet, lastRow);
    },
  };
}

/** Where packets cross. */
type Place = Pick<Crossing, 'host' | 'interface' | 'direction'>;

/** Places, each with a number. */
function createPlaces(): {
  number: (host: Host, device: Device, direction: Place['direction']) => number;
  at: (number: number) => Place;
} {
  const places: Place[] = [];
  /** The number of a device's place inwards; outwards it is the next one. */
  const numbers = new Map<Device, number>();
  return {
    number: (host, device, direction) => {
      let inwards = numbers.get(device);
      if (inwards === undefined) {
        const where = { host: host.name, interface: device.name };
        inwards = places.push({ ...where, direction: 'in' }, { ...where, direction: 'out' }) - 2;
        numbers.set(device, inwards);
      }
      return direction === 'in' ? inwards : inwards + 1;
    },
    at: (number) => {
      const place = places[number];
      if (!place) throw new Error(`there is no place ${number}`);
      return place;
    },
  };
}

/** Field by field, and each of the two at once: what is copied, or added to later, takes several times the memory. */
function crossing(time: number, place: Place, words: Words): Crossing {
  const { echo } = words;
  if (echo === null) {
    return {
      time,
      host: place.host,
      interface: place.interface,
      direction: place.direction,
      source: words.source,
      destination: words.destination,
      protocol: words.protocol,
      identity: words.identity,
      bytes: words.bytes,
      summary: words.summary,
    };
  }
  return {
    time,
    host: place.host,
    interface: place.interface,
    direction: place.direction,
    source: words.source,
    destination: words.destination,
    protocol: words.protocol,
    identity: words.identity,
    echo,
    bytes: words.bytes,
    summary: words.summary,
  };
}

/** Has a host's look-ups in routing tables taken down, from now on. */
export function recordLookUps(host: Host, record: TableLookUp[]): void {
  host.lookedUp = (table, flow, found) => {
    const nexthop = found !== null && typeof found !== 'string' ? found.nexthop : null;
    record.push({
      ...{ thread: '', table, source: formatIPv4(flow.source), destination: formatIPv4(flow.destination) },
      ...portsOf(flow),
      ...{
        input: flow.input.name,
        output: flow.output?.name ?? null,
        tos: flow.tos,
        scope: flow.scope,
        mark: flow.mark,
      },
      error: errorOf(found),
      device: nexthop?.device?.name ?? null,
      gateway: nexthop && nexthop.gateway !== 0 ? formatIPv4(nexthop.gateway) : null,
    });
  };
}

/** Of ICMP, type and code stand where others have ports; the kernel doesn't tell of them. */
function portsOf({
  protocol,
  sourcePort,
  destinationPort,
}: FlowKey): Pick<TableLookUp, 'protocol' | 'sourcePort' | 'destinationPort'> {
  const hasPorts = protocol === protocols.udp || protocol === protocols.tcp;
  return { protocol, sourcePort: hasPorts ? sourcePort : 0, destinationPort: hasPorts ? destinationPort : 0 };
}

function errorOf(found: Parameters<LookUpListener>[2]): TableLookUp['error'] {
  if (found === null) return 'EAGAIN';
  if (typeof found !== 'string') return 0;
  if (found === 'ENETUNREACH' || found === 'ENODEV') throw new Error(`a table answers with ${found}`);
  return found;
}
