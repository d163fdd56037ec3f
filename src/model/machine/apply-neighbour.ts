import type { NeighbourCommand } from '../../candidate/commands/ip.ts';
import { deviceNamed, type Host } from '../host.ts';
import { done, failed, noDevice, type Outcome } from './outcome.ts';

/** `ip neigh`. */
export function applyNeighbour(host: Host, command: NeighbourCommand): Outcome {
  const device = command.device === null ? null : deviceNamed(host, command.device);
  if (command.device !== null && !device) return noDevice(command.device);
  switch (command.action) {
    case 'flush':
      host.neighbours.flush(device);
      return done;
    case 'show':
      return failed('ip neigh show: the model keeps no list of neighbours to show');
    case 'delete':
      if (device) host.neighbours.delete(device, command.address);
      return done;
    case 'add':
    case 'replace':
    case 'change': {
      if (!device) return noDevice(command.device);
      const isBad = command.state === 'failed' || command.state === 'incomplete' || command.state === 'none';
      host.neighbours.set(device, command.address, {
        neighbour: isBad ? null : device.resolve(command.address, 0),
        permanent: command.state === 'permanent' || command.state === 'noarp',
        since: host.clock.now,
      });
      return done;
    }
  }
}
