// Packets for the tests of this folder, as one would write them down: by the hosts they pass.
import type { Crossing } from '../backend/crossing.ts';

export interface SamplePacket extends Partial<Omit<Crossing, 'host' | 'interface' | 'direction'>> {
  readonly source: string;
  readonly destination: string;
  /** What a NAT makes of the packet, by the name of its host. */
  readonly nat?: Readonly<Record<string, { readonly source?: string; readonly destination?: string }>>;
}

/**
 * The crossings of a packet on its way through three-isps, where every interface is named after the host at the other end:
 * `client cgnat internet` ends in that host, `client cgnat>internet` on the link to it. One unit of time passes on each link.
 */
export function walk(way: string, { nat = {}, ...packet }: SamplePacket): readonly Crossing[] {
  const hosts = way.split(/[ >]/);
  const { time = 0, protocol = 'udp', identity = '14:1', bytes = 42, summary = 'UDP 14 bytes' } = packet;
  let { source, destination } = packet;
  const crossings = hosts.slice(1).flatMap((to, index): Crossing[] => {
    const from = hosts[index] ?? '';
    ({ source, destination } = { source, destination, ...nat[from] });
    const same = { source, destination, protocol, identity, bytes, summary };
    return [
      { time: time + index, host: from, interface: to, direction: 'out', ...same },
      { time: time + index + 0.5, host: to, interface: from, direction: 'in', ...same },
    ];
  });
  return way.includes('>') ? crossings.slice(0, -1) : crossings;
}

/** What a lab tells beside its crossings where nothing was dropped, and the kernel doesn't say what is. */
export const nothingDropped = { filtered: { value: 0, from: 1000, to: 1000 }, drops: null } as const;

/** What a lab would have recorded of these packets. */
export function recorded(...packets: readonly (readonly Crossing[])[]): readonly Crossing[] {
  return packets.flat().sort((one, other) => one.time - other.time);
}
