import { peersOf, type End, type Topology } from '../topology/topology.ts';
import { macOf } from './network.ts';

/** For local experiments (IEEE 802): no host takes notice of it. */
export const markerEtherType = 0x88b5;

/** How often an end marker is seen at a host's device, on its way in or out. */
export interface Expected {
  readonly device: string;
  readonly direction: 'in' | 'out';
  readonly times: number;
}

/** What ends a recording: commands that send end markers, and where they are seen to pass. */
export interface Ending {
  readonly script: string;
  readonly expected: ReadonlyMap<string, readonly Expected[]>;
}

/**
 * A marker goes out of each end of a link that carries anything, behind all that waits in its queue, and comes in at the
 * others; when they have passed, so has everything that was there before them. Then one to each host's own loopback device,
 * which is up whatever becomes of the links: what is recorded after that came later.
 *
 * @param carries whether an interface is up, and its link has a carrier
 */
export function endOfRecording(topology: Topology, carries: (end: End) => boolean): Ending {
  const sending = topology.links.flatMap(({ ends }) => ends.filter(carries));
  const frames = [
    ...sending.map((end) => frame(end.host, end.interface, macOf(topology, end))),
    'wait',
    ...topology.hosts.map(({ name }) => frame(name, 'lo', '00:00:00:00:00:00')),
    'wait',
    '',
  ];
  const expected = topology.hosts.map(({ name }): [string, readonly Expected[]] => {
    const own = sending.filter(({ host }) => host === name);
    const links = own.flatMap((end): Expected[] => [
      { device: end.interface, direction: 'out', times: 1 },
      { device: end.interface, direction: 'in', times: peersOf(topology, name, end.interface).filter(carries).length },
    ]);
    return [name, [...links, { device: 'lo', direction: 'in', times: 1 }]];
  });
  return { script: frames.join('\n'), expected: new Map(expected) };
}

function frame(host: string, device: string, mac: string): string {
  const source = mac.split(':').map((byte) => Number.parseInt(byte, 16));
  const header = [...Array<number>(6).fill(0xff), ...source, markerEtherType >> 8, markerEtherType & 0xff];
  const octal = header.map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
  const socat = `nsenter --net=/run/netns/${host} socat -u STDIN INTERFACE:${device}`;
  return `printf '${octal}%-46s' 'multihome-lab: end of recording' | ${socat} &`;
}
