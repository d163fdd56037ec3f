import { formatIPv4 } from '../../net/address.ts';
import { LabError } from '../../net/error.ts';
import { addAddress, defaultScope, removeAddress } from '../addresses.ts';
import type { Device } from '../device.ts';
import { setCarrier, setUp } from '../devices.ts';
import type { Host } from '../host.ts';
import { receive } from '../ip.ts';
import type { Recorder } from '../link.ts';
import type { Packet } from '../packet.ts';

/** The tunnel devices that a network has, and who writes down what crosses them. */
export interface Tunnels {
  /** @throws LabError if the host has no such device */
  readonly device: (host: Host, name: string) => Device;
  /** `out` is what the host sends by the device, `in` what comes out of the tunnel. */
  readonly record: Recorder;
}

/** A tunnel device in the hands of a program. */
export interface Tunnel {
  readonly device: Device;
  /** Has a packet come in by the device. */
  inject(packet: Packet): void;
  /** Gives the device up, and takes its address along. */
  close(): void;
}

/**
 * Takes a tunnel device, sets it up, and gives it its address.
 *
 * @param carry takes what the host sends by the device
 * @throws LabError `lab-failed` if another program has the device
 */
export function openTunnel(
  host: Host,
  tunnels: Tunnels,
  name: string,
  { address, length }: { readonly address: number; readonly length: number },
  carry: (packet: Packet) => void,
): Tunnel {
  const device = tunnels.device(host, name);
  if (device.carrier) {
    throw new LabError('lab-failed', `Cannot open TUN/TAP dev ${name} of ${host.name}: Device or resource busy`);
  }
  setUp(host, device);
  setCarrier(host, device, true);
  const scope = defaultScope(address);
  const refused = addAddress(host, device, {
    local: address,
    peer: address,
    length,
    broadcast: null,
    scope,
    prefixRoute: true,
  });
  if (refused)
    throw new LabError('lab-failed', `${name} of ${host.name} doesn't take ${formatIPv4(address)}: ${refused}`);
  device.transmit = ({ packet }) => {
    tunnels.record(host, device, 'out', packet);
    host.clock.after(0, () => {
      carry(packet);
    });
  };
  return {
    device,
    inject: (packet) => {
      // What a program writes is a packet of its own: it has no socket's hash.
      const written = { ...packet, socketHash: null };
      tunnels.record(host, device, 'in', written);
      receive(host, device, written);
    },
    close: () => {
      device.transmit = () => undefined;
      removeAddress(host, device, address, length);
      setCarrier(host, device, false);
    },
  };
}
