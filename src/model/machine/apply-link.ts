import type { LinkCommand } from '../../candidate/commands/ip.ts';
import { printLinks, type LinkListing } from '../../candidate/commands/ip/print-link.ts';
import type { Device } from '../device.ts';
import { addDevice, setDown, setUp } from '../devices.ts';
import { deviceNamed, type Host } from '../host.ts';
import type { Network } from '../network.ts';
import { done, failed, noDevice, printed, type Outcome } from './outcome.ts';

/** `ip link`. */
export function applyLink(network: Network, host: Host, command: LinkCommand): Outcome {
  switch (command.action) {
    case 'add':
      return addLink(network, host, command);
    case 'delete': {
      const device = deviceNamed(host, command.device);
      if (!device) return noDevice(command.device);
      network.remove(host, device);
      return done;
    }
    case 'set': {
      const device = deviceNamed(host, command.device);
      if (!device) return noDevice(command.device);
      if (command.name !== null || command.master !== null) return failed('RTNETLINK answers: Operation not supported');
      if (command.state === 'up') setUp(host, device);
      if (command.state === 'down') setDown(host, device);
      network.settle();
      return done;
    }
    case 'show': {
      const shown = [...host.devices.values()].filter(
        ({ name, up }) => (command.device === null || name === command.device) && (up || !command.up),
      );
      if (command.device !== null && shown.length === 0) return failed(`Device "${command.device}" does not exist.`, 1);
      return printed(printLinks(shown.map(listingOf), command.output));
    }
  }
}

function addLink(network: Network, host: Host, command: Extract<LinkCommand, { action: 'add' }>): Outcome {
  const exists = failed('RTNETLINK answers: File exists');
  if (deviceNamed(host, command.device)) return exists;
  const names = [command.device];
  if (command.type.kind === 'veth') {
    const peer = command.type.peer ?? freeName(host);
    if (deviceNamed(host, peer)) return exists;
    // The peer is made first, and has the lower index.
    names.unshift(peer);
  }
  const devices = names.map((name) => addDevice(host, name, 'ethernet'));
  if (devices.length === 2) network.join(devices.map((device) => ({ host, device, rate: null })));
  const made = devices.at(-1);
  if (made && command.state === 'up') setUp(host, made);
  network.settle();
  return done;
}

function freeName(host: Host): string {
  for (let number = 0; ; number += 1) if (!deviceNamed(host, `veth${number}`)) return `veth${number}`;
}

/** A device as `ip link` shows it. */
export function listingOf(device: Device): LinkListing {
  const { index, name, kind, up, carrier } = device;
  const isLoopback = kind === 'loopback';
  const flags = [
    ...(up && !carrier ? ['NO-CARRIER'] : []),
    ...(isLoopback ? ['LOOPBACK'] : ['BROADCAST', 'MULTICAST']),
    ...(up ? ['UP'] : []),
    ...(up && carrier ? ['LOWER_UP'] : []),
  ];
  return {
    index,
    name,
    peer: null,
    flags,
    mtu: isLoopback ? 65536 : 1500,
    queueing: up ? 'noqueue' : 'noop',
    master: null,
    state: isLoopback ? 'UNKNOWN' : !up ? 'DOWN' : carrier ? 'UP' : 'LOWERLAYERDOWN',
    queueLength: 1000,
    type: isLoopback ? 'loopback' : 'ether',
    hardware: hardwareOf(device),
    broadcast: isLoopback ? '00:00:00:00:00:00' : 'ff:ff:ff:ff:ff:ff',
  };
}

/** The model needs no hardware addresses; where one is to be shown, it is a locally administered one. */
function hardwareOf({ kind, index }: Device): string {
  if (kind === 'loopback') return '00:00:00:00:00:00';
  return `02:00:00:00:00:${index.toString(16).padStart(2, '0')}`;
}
