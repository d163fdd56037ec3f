import type { TcCommand } from '../../candidate/commands/tc.ts';
import { deviceNamed, type Host } from '../host.ts';
import type { Network } from '../network.ts';
import { done, noDevice, printed, type Outcome } from './outcome.ts';

/** `tc`, where it shapes. The rate of an htb's classes is not that of any one packet, and is left out of account. */
export function applyTc(network: Network, host: Host, command: TcCommand): Outcome {
  if (command.action === 'show') return printed('');
  const device = deviceNamed(host, command.device);
  if (!device) return noDevice(command.device);
  switch (command.action) {
    case 'shape':
      network.shape(device, command.shape);
      return done;
    case 'unshape':
      network.shape(device, { rate: null, delay: null, loss: null });
      return done;
    case 'class':
    case 'no-bearing':
      return done;
  }
}
