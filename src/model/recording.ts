import type { Crossing, Drop, Evidence, Protocol } from '../backend/crossing.ts';
import type { Decision } from '../backend/decision.ts';
import type { TableLookUp } from '../backend/look-up.ts';
import { formatIPv4 } from '../net/address.ts';
import { summarizeIcmp, summarizeTcp, summarizeUdp } from '../net/summary.ts';
import type { FlowKey } from './flow.ts';
import type { Host, LookUpListener } from './host.ts';
import type { ArpPacket, Recorder } from './link.ts';
import type { NetworkOptions } from './network.ts';
import { endpointOf, lengthOf, protocols, type Packet } from './packet.ts';

/** A recording of all packets at all interfaces. */
export interface Recording {
  readonly record: Recorder;
  readonly crossings: readonly Crossing[];
  /** What hosts dropped for where it came from, or by netfilter. */
  readonly drops: readonly Drop[];
  readonly dropped: NonNullable<NetworkOptions['dropped']>;
  readonly decisions: readonly Decision[];
  readonly trailOf: NonNullable<NetworkOptions['trailOf']>;
  /** The flows for which a nexthop was chosen by a secret. */
  readonly choices: NonNullable<Evidence['chosenBySecret']>;
  readonly chosenBySecret: NonNullable<NetworkOptions['chosenBySecret']>;
}

const names = new Map<number, Protocol>([
  [protocols.icmp, 'icmp'],
  [protocols.tcp, 'tcp'],
  [protocols.udp, 'udp'],
]);

export function startRecording(): Recording {
  const crossings: Crossing[] = [];
  const drops: Drop[] = [];
  let last: { readonly packet: Packet | ArpPacket | null; readonly words: Words | null } = {
    packet: null,
    words: null,
  };
  const decisions: Decision[] = [];
  const choices: Pick<Crossing, 'source' | 'destination'>[] = [];
  return {
    crossings,
    drops,
    decisions,
    choices,
    chosenBySecret: (flow) => {
      choices.push({ source: endpointOf(flow, 'source'), destination: endpointOf(flow, 'destination') });
    },
    trailOf: (host, packet) => {
      const about = {
        host: host.name,
        identity: String(packet.identity),
        destination: endpointOf(packet, 'destination'),
      };
      return (stage, text, at) => {
        decisions.push({ ...about, after: crossings.length, stage, text, ...(at && { at }) });
      };
    },
    dropped: (host, device, packet, reason) => {
      drops.push({
        ...{ host, interface: device.name, identity: String(packet.identity), summary: summaryOf(packet), reason },
        source: endpointOf(packet, 'source'),
        destination: endpointOf(packet, 'destination'),
        function: reason === 'NETFILTER_DROP' ? 'nft_do_chain' : 'ip_rcv_finish_core',
      });
    },
    record: ({ host, device, direction, packet }) => {
      // A packet that leaves one interface comes in at the next as it is.
      if (packet !== last.packet) last = { packet, words: wordsOf(packet) };
      const { words } = last;
      if (!words) return;
      // One by one: this is done for every packet at every interface, and copying all of them takes several times as long.
      const { source, destination, protocol, identity, bytes, summary, echo } = words;
      const crossing: Crossing = {
        time: host.clock.now,
        host: host.name,
        interface: device.name,
        direction,
        source,
        destination,
        protocol,
        identity,
        bytes,
        summary,
      };
      crossings.push(echo === undefined ? crossing : { ...crossing, echo });
    },
  };
}

type Words = Omit<Crossing, 'time' | 'host' | 'interface' | 'direction'>;

/** What is the same wherever a packet crosses; null for what is outside the lab's interest. */
function wordsOf(packet: Packet | ArpPacket): Words | null {
  const identity = String(packet.identity);
  if (packet.protocol === 'arp') {
    const [source, destination] = [formatIPv4(packet.source), formatIPv4(packet.destination)];
    return { source, destination, protocol: 'arp', identity, bytes: 28, summary: `ARP ${packet.kind}` };
  }
  const protocol = names.get(packet.protocol);
  if (protocol === undefined) return null;
  return {
    source: endpointOf(packet, 'source'),
    destination: endpointOf(packet, 'destination'),
    protocol,
    identity,
    ...echoOf(packet),
    bytes: lengthOf(packet),
    summary: summaryOf(packet),
  };
}

function echoOf({ icmp }: Packet): { readonly echo?: string } {
  // Not the identifier, which a NAT may change.
  return icmp && (icmp.type === 0 || icmp.type === 8) ? { echo: `${icmp.key} ${icmp.sequence}` } : {};
}

function summaryOf({ icmp, tcp, payload }: Packet): string {
  if (icmp) return summarizeIcmp(icmp.type, icmp.code);
  return tcp ? summarizeTcp(tcp.flags, payload.length) : summarizeUdp(payload.length);
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
