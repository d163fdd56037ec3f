import { isOnLink, scopes, type Device } from './device.ts';

/**
 * The address that a host sends from by a device, unless a route says otherwise (net/ipv4/devinet.c, inet_select_addr).
 *
 * @param destination of the nexthop or the packet; an address of the same network is preferred. 0: none is.
 * @param devices all of the host's, by their index
 * @returns 0 if the host has no address that could serve
 */
export function selectSourceAddress(
  device: Device,
  devices: Iterable<Device>,
  destination: number,
  scope: number,
): number {
  let first = 0;
  for (const address of device.addresses) {
    if (address.secondary || Math.min(address.scope, scopes.link) > scope) continue;
    if (destination === 0 || isOnLink(address, destination)) return address.local;
    if (first === 0) first = address.local;
  }
  if (first !== 0) return first;
  for (const other of devices) {
    for (const address of other.addresses) {
      if (!address.secondary && address.scope !== scopes.link && address.scope <= scope) return address.local;
    }
  }
  return 0;
}
