import type { IpCommand, Placed } from '../../candidate/commands/ip.ts';
import { notModelled } from '../../candidate/commands/refusal.ts';
import type { Host } from '../host.ts';
import type { Network } from '../network.ts';
import { applyAddress } from './apply-address.ts';
import { applyLink } from './apply-link.ts';
import { applyNeighbour } from './apply-neighbour.ts';
import { applyNexthop } from './apply-nexthop.ts';
import { applyRoute } from './apply-route.ts';
import { applyRule } from './apply-rule.ts';
import type { Outcome } from './outcome.ts';

/**
 * Carries out what `ip` is told, on a host of a network.
 *
 * @param batch whether it is a line of an `ip -batch`
 */
export function applyIp(network: Network, host: Host, { command, at }: Placed<IpCommand>, batch: boolean): Outcome {
  switch (command.object) {
    case 'link':
      return applyLink(network, host, command);
    case 'address':
      return applyAddress(host, command);
    case 'route':
      return applyRoute(host, command, at, batch);
    case 'rule':
      return applyRule(host, command, at);
    case 'neighbour':
      return applyNeighbour(host, command);
    case 'nexthop':
      return applyNexthop(host, command);
    case 'monitor':
      return notModelled(at, 'ip monitor among other commands', 'run it by itself');
  }
}
