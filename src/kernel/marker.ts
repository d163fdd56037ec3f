import { cookedLength, type CookedHeader } from '../net/packet.ts';
import { addressOf, peersOf, type End, type Topology } from '../topology/topology.ts';
import { macOf } from './network.ts';

/** For local experiments (IEEE 802): no host takes notice of it. */
const markerEtherType = 0x88b5;
/** For experiments (RFC 3692): PPP carries no other frames than IP's. */
const markerProtocol = 253;
const ipv4 = 0x0800;

/** Whether a packet of LINKTYPE_LINUX_SLL2 is an end marker. */
export function isMarker({ etherType }: Pick<CookedHeader, 'etherType'>, data: Uint8Array): boolean {
  return etherType === markerEtherType || (etherType === ipv4 && data[cookedLength + 9] === markerProtocol);
}

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
 * others; over PPP as a packet of IP's own. When they have passed, so has everything that was there before them. Then one to each host's own loopback device,
 * which is up whatever becomes of the links: what is recorded after that came later.
 *
 * @param carries whether an interface is up, and its link has a carrier
 */
export function endOfRecording(topology: Topology, carries: (end: End) => boolean): Ending {
  const links = topology.links.map(({ ends, pppoe }) => ({ sending: ends.filter(carries), pppoe }));
  const sending = links.flatMap((link) => link.sending);
  const frames = [
    ...links.flatMap((link) =>
      link.sending.map((end) =>
        link.pppoe
          ? packet(end, peersOf(topology, end.host, end.interface))
          : frame(end.host, end.interface, macOf(topology, end)),
      ),
    ),
    'wait',
    ...topology.hosts.map(({ name }) => frame(name, 'lo', '00:00:00:00:00:00')),
    'wait',
    '',
  ];
  const expected = topology.hosts.map(({ name }): [string, readonly Expected[]] => {
    const own = sending.filter(({ host }) => host === name);
    const passing = own.flatMap((end): Expected[] => [
      { device: end.interface, direction: 'out', times: 1 },
      { device: end.interface, direction: 'in', times: peersOf(topology, name, end.interface).filter(carries).length },
    ]);
    return [name, [...passing, { device: 'lo', direction: 'in', times: 1 }]];
  });
  return { script: frames.join('\n'), expected: new Map(expected) };
}

const text = 'multihome-lab: end of recording';

function packet({ host, interface: device }: End, [peer]: readonly End[]): string {
  const destination = addressOf(peer?.addresses[0] ?? '');
  const socat = `socat -u STDIN IP4-SENDTO:${destination}:${markerProtocol},so-bindtodevice=${device}`;
  return `printf '${text}' | nsenter --net=/run/netns/${host} ${socat} &`;
}

function frame(host: string, device: string, mac: string): string {
  const source = mac.split(':').map((byte) => Number.parseInt(byte, 16));
  const header = [...Array<number>(6).fill(0xff), ...source, markerEtherType >> 8, markerEtherType & 0xff];
  const octal = header.map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
  const socat = `nsenter --net=/run/netns/${host} socat -u STDIN INTERFACE:${device}`;
  return `printf '${octal}%-46s' '${text}' | ${socat} &`;
}
