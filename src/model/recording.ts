import type { Crossing, Drop, Protocol } from '../backend/crossing.ts';
import { formatIPv4 } from '../net/address.ts';
import { summarizeIcmp, summarizeTcp, summarizeUdp } from '../net/summary.ts';
import type { Recorder } from './link.ts';
import type { NetworkOptions } from './network.ts';
import { endpointOf, lengthOf, protocols, type Packet } from './packet.ts';

/** A recording of all packets at all interfaces. */
export interface Recording {
  readonly record: Recorder;
  readonly crossings: readonly Crossing[];
  /** What hosts dropped for where it came from. */
  readonly drops: readonly Drop[];
  readonly dropped: NonNullable<NetworkOptions['dropped']>;
}

const names = new Map<number, Protocol>([
  [protocols.icmp, 'icmp'],
  [protocols.tcp, 'tcp'],
  [protocols.udp, 'udp'],
]);

export function startRecording(): Recording {
  const crossings: Crossing[] = [];
  const drops: Drop[] = [];
  return {
    crossings,
    drops,
    dropped: (host, device, packet, reason) => {
      drops.push({
        ...{ host, interface: device.name, identity: String(packet.identity), summary: summaryOf(packet), reason },
        source: endpointOf(packet, 'source'),
        destination: endpointOf(packet, 'destination'),
        function: 'ip_rcv_finish_core',
      });
    },
    record: ({ host, device, direction, packet }) => {
      const place = { time: host.clock.now, host: host.name, interface: device.name, direction };
      const identity = String(packet.identity);
      if (packet.protocol === 'arp') {
        const [source, destination] = [formatIPv4(packet.source), formatIPv4(packet.destination)];
        const summary = `ARP ${packet.kind}`;
        crossings.push({ ...place, source, destination, protocol: 'arp', identity, bytes: 28, summary });
        return;
      }
      const protocol = names.get(packet.protocol);
      if (protocol === undefined) return;
      crossings.push({
        ...place,
        source: endpointOf(packet, 'source'),
        destination: endpointOf(packet, 'destination'),
        protocol,
        identity,
        ...echoOf(packet),
        bytes: lengthOf(packet),
        summary: summaryOf(packet),
      });
    },
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
