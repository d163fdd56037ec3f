import { isBroadcastAddress, isLocalAddress } from './addresses.ts';
import { isOnLink, scopes, type Device } from './device.ts';
import type { Host } from './host.ts';
import type { Packet } from './packet.ts';
import { routeOutput, ownFlow } from './route-output.ts';
import { routeInput } from './route-input.ts';
import { createSkBuff } from './skbuff.ts';
import { selectSourceAddress } from './source-address.ts';

/**
 * The address that a host asks from (net/ipv4/arp.c, arp_solicit).
 *
 * @param source that of the packet to be sent
 */
export function arpSender(host: Host, device: Device, target: number, source: number): number {
  const { arpAnnounce } = host.sysctls.interfaceValues(device.name);
  const own = (): number => selectSourceAddress(device, host.devices.values(), target, scopes.link);
  if (arpAnnounce >= 2 || !isLocalAddress(host, source)) return own();
  const fits = device.addresses.some((each) => isOnLink(each, target) && isOnLink(each, source));
  return arpAnnounce === 0 || fits ? source : own();
}

/**
 * Whether a host answers for an address (net/ipv4/arp.c, arp_process): any of its own will do, by whichever device the
 * question came, unless arp_ignore or arp_filter say otherwise; and the asker's address is checked as a packet's source is.
 *
 * @param identity of the question
 */
export function answersArp(host: Host, device: Device, target: number, sender: number, identity: number): boolean {
  const { lookedUp } = host;
  host.lookedUp = null; // Nobody hears of look-ups that are for no packet.
  try {
    return isToAnswer(host, device, target, sender, identity);
  } finally {
    host.lookedUp = lookedUp;
  }
}

function isToAnswer(host: Host, device: Device, target: number, sender: number, identity: number): boolean {
  const values = host.sysctls.interfaceValues(device.name);
  const question: Packet = {
    source: sender,
    destination: target,
    protocol: 0,
    tos: 0,
    ttl: 1,
    sourcePort: 0,
    destinationPort: 0,
    icmp: null,
    tcp: null,
    payload: { length: 0 },
    socketHash: null,
    identity,
  };
  const trail = host.trailOf?.(host, question) ?? null;
  if (routeInput(host, createSkBuff(question, device, trail)).kind !== 'local') return false;
  if (isBroadcastAddress(host, target)) return false;
  const assigned = device.addresses.find(({ local }) => local === target);
  switch (values.arpIgnore) {
    case 0:
      break;
    case 1:
      if (!assigned) return false;
      break;
    case 2:
      if (!assigned || !isOnLink(assigned, sender)) return false;
      break;
    case 8:
      return false;
  }
  if (!values.arpFilter) return true;
  const back = routeOutput(host, ownFlow(host, { destination: sender, source: target }), null);
  return typeof back !== 'string' && back.device === device;
}
