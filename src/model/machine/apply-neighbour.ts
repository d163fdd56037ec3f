import type { NeighbourCommand } from '../../candidate/commands/ip.ts';
import { deviceNamed, type Host } from '../host.ts';
import { isValid } from '../neighbour.ts';
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
      host.neighbours.set(device, command.address, {
        neighbour: isValid(command.state) ? device.resolve(command.address, 0) : null,
        state: command.state,
        since: host.clock.now,
      });
      return done;
    }
  }
}
