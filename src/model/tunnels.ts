import type { Device } from './device.ts';
import { addDevice, setUp } from './devices.ts';
import type { Recorder } from './link.ts';
import type { Network } from './network.ts';
import type { Tunnels } from './services/tunnel.ts';

/** Makes the tunnel devices that programs will use; they are up, and have no carrier until a program opens them. */
export function addTunnels(
  network: Network,
  names: Readonly<Record<string, readonly string[]>>,
  record: Recorder,
): Tunnels {
  const devices = new Map<string, Device>();
  for (const [hostName, tunnels] of Object.entries(names)) {
    const host = network.hosts.get(hostName);
    if (!host) throw new Error(`there is no host ${hostName}`);
    for (const name of tunnels) {
      const device = addDevice(host, name, 'point-to-point');
      setUp(host, device);
      devices.set(`${hostName} ${name}`, device);
    }
  }
  return {
    record,
    device: (host, name) => {
      const device = devices.get(`${host.name} ${name}`);
      if (!device) throw new Error(`${host.name} has no tunnel device ${name}`);
      return device;
    },
  };
}
