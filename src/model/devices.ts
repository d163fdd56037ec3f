import { addRoutesOf, removeAddress } from './addresses.ts';
import type { Device } from './device.ts';
import { flushDead } from './fib/kernel-routes.ts';
import { flushObjects, syncDown, syncUp } from './fib/link-events.ts';
import type { Host } from './host.ts';

/* What befalls a device, and what the rest of the host makes of it (net/ipv4/fib_frontend.c, fib_netdev_event). */

/** A device that belongs to no host yet. */
export function newDevice(index: number, name: string, kind: Device['kind']): Device {
  return {
    index,
    name,
    kind,
    up: false,
    carrier: false,
    addresses: [],
    transmit: () => undefined,
    resolve: () => null,
  };
}

/** A new device, down and without an address. */
export function addDevice(host: Host, name: string, kind: Device['kind']): Device {
  const devices = host.devices as Map<number, Device>;
  const device = newDevice(Math.max(...devices.keys()) + 1, name, kind);
  devices.set(device.index, device);
  host.sysctls.addInterface(name);
  return device;
}

/** Sets a device up: what its addresses imply is a route again, and nexthops by it are alive again. */
export function setUp(host: Host, device: Device): void {
  if (device.up) return;
  device.up = true;
  for (const address of device.addresses) addRoutesOf(host, device, address);
  syncUp(host, device, 'dead');
  tell(host, device);
}

/** Sets a device down: its routes go, and with them those that have no other nexthop. */
export function setDown(host: Host, device: Device): void {
  if (!device.up) return;
  device.up = false;
  setCarrier(host, device, false);
  syncDown(host, device, 'down');
  flushDead(host);
  flushObjects(host, device);
  host.conntrack.deviceDown(device);
  host.neighbours.flush(device);
  tell(host, device);
}

/** The other end has come, or gone. */
export function setCarrier(host: Host, device: Device, carrier: boolean): void {
  if (device.carrier === carrier) return;
  device.carrier = carrier;
  if (carrier) {
    syncUp(host, device, 'carrier');
    tell(host, device);
    return;
  }
  host.neighbours.flush(device);
  if (!device.up) return;
  syncDown(host, device, 'carrier');
  flushObjects(host, device);
  tell(host, device);
}

function tell(host: Host, device: Device, gone = false): void {
  for (const listener of [...host.linkListeners]) listener(device, gone);
}

/** Removes a device, with its addresses and every route that uses it, of whatever nexthops else. */
export function deleteDevice(host: Host, device: Device): void {
  setDown(host, device);
  syncDown(host, device, 'unregister');
  flushDead(host);
  for (const { local, length } of device.addresses) removeAddress(host, device, local, length);
  (host.devices as Map<number, Device>).delete(device.index);
  host.sysctls.removeInterface(device.name);
  for (const [port, sockets] of host.sockets.udp) {
    host.sockets.udp.set(
      port,
      sockets.filter(({ boundDevice }) => boundDevice !== device),
    );
  }
  tell(host, device, true);
}
