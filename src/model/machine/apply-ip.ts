import type {
  AddressCommand,
  IpCommand,
  LinkCommand,
  NeighbourCommand,
  NexthopCommand,
  Placed,
  RouteCommand,
  RuleCommand,
} from '../../candidate/commands/ip.ts';
import type { Location } from '../../candidate/commands/location.ts';
import { addAddress, removeAddress } from '../addresses.ts';
import { addDevice, setDown, setUp } from '../devices.ts';
import { addRoute, deleteRoute, resolveNexthop } from '../fib/routes.ts';
import { deviceNamed, type Host } from '../host.ts';
import type { Network } from '../network.ts';
import { addRule, deleteRule, flushRules } from '../rules.ts';
import { scopes } from '../device.ts';
import { flushRoutes } from './flush-routes.ts';
import { done, failed, type Outcome } from './outcome.ts';
import { showAddresses, showLinks, showRoute, showRoutes, showRules } from './show.ts';

/** Carries out what `ip` is told, on a host of a network. */
export function applyIp(network: Network, host: Host, { command, at }: Placed<IpCommand>): Outcome {
  switch (command.object) {
    case 'link':
      return applyLink(network, host, command);
    case 'address':
      return applyAddress(host, command);
    case 'route':
      return applyRoute(host, command, at);
    case 'rule':
      return applyRule(host, command, at);
    case 'neighbour':
      return applyNeighbour(host, command);
    case 'nexthop':
      return applyNexthop(host, command);
  }
}

const noDevice = (name: string): Outcome => failed(`Cannot find device "${name}"`, 1);

function applyLink(network: Network, host: Host, command: LinkCommand): Outcome {
  const device = command.device === null ? null : deviceNamed(host, command.device);
  switch (command.action) {
    case 'add': {
      if (device) return failed('RTNETLINK answers: File exists');
      if (command.type.kind !== 'veth') {
        addDevice(host, command.device, 'ethernet');
        return done;
      }
      const { peer } = command.type;
      if (deviceNamed(host, peer)) return failed('RTNETLINK answers: File exists');
      // The peer is made first, and has the lower index.
      const ends = [peer, command.device].map((name) => ({
        host,
        device: addDevice(host, name, 'ethernet'),
        rate: null,
      }));
      network.join(ends);
      return done;
    }
    case 'delete':
      if (!device) return noDevice(command.device);
      network.remove(host, device);
      return done;
    case 'set':
      if (!device) return noDevice(command.device);
      if (command.state === 'up') setUp(host, device);
      if (command.state === 'down') setDown(host, device);
      network.settle();
      return done;
    case 'show':
      return showLinks(host, command.device, command.output);
  }
}

function applyAddress(host: Host, command: AddressCommand): Outcome {
  if (command.action === 'show') return showAddresses(host, command.device, command.output);
  if (command.action === 'flush') {
    for (const device of host.devices.values()) {
      if (command.device !== null && device.name !== command.device) continue;
      for (const { local, length } of device.addresses) removeAddress(host, device, local, length);
    }
    return done;
  }
  const device = deviceNamed(host, command.device);
  if (!device) return noDevice(command.device);
  const { local, peer, broadcast, scope } = command.address;
  if (command.action === 'delete') {
    const refused = removeAddress(host, device, local.address, local.length);
    return refused ? failed('RTNETLINK answers: Cannot assign requested address') : done;
  }
  const refused = addAddress(host, device, {
    local: local.address,
    peer: peer ?? local.address,
    length: local.length,
    broadcast,
    scope,
    prefixRoute: command.prefixRoute,
  });
  if (refused === null || (refused === 'EEXIST' && command.action === 'replace')) return done;
  return failed(refused === 'EEXIST' ? 'RTNETLINK answers: File exists' : 'RTNETLINK answers: Invalid argument');
}

function applyRoute(host: Host, command: RouteCommand, at: Location): Outcome {
  switch (command.action) {
    case 'add':
    case 'append':
    case 'prepend':
    case 'replace':
    case 'change': {
      const refused = addRoute(host, command.action, command.route, at);
      return refused ? failed(refused.message) : done;
    }
    case 'delete': {
      const refused = deleteRoute(host, command.route);
      return refused ? failed(refused.message) : done;
    }
    case 'flush':
      return flushRoutes(host, command.selector);
    case 'flush-cache':
      host.routeGeneration += 1;
      return done;
    case 'show':
      return showRoutes(host, command.selector, command.output);
    case 'get':
      return showRoute(host, command);
  }
}

function applyRule(host: Host, command: RuleCommand, at: Location): Outcome {
  switch (command.action) {
    case 'add': {
      const { action } = command.rule;
      if (!action) return failed('RTNETLINK answers: Invalid argument');
      const refused = addRule(host, { ...command.rule, action }, at);
      return refused ? failed('RTNETLINK answers: File exists') : done;
    }
    case 'delete':
      return deleteRule(host, command.rule) ? failed('RTNETLINK answers: No such file or directory') : done;
    case 'flush':
      flushRules(host);
      return done;
    case 'show':
      return showRules(host, command.output);
  }
}

function applyNeighbour(host: Host, command: NeighbourCommand): Outcome {
  const device = command.device === null ? null : deviceNamed(host, command.device);
  if (command.device !== null && !device) return noDevice(command.device);
  if (command.action === 'flush') {
    host.neighbours.flush(device);
    return done;
  }
  if (!device) return failed('Device and address are required arguments.', 255);
  if (command.action === 'delete') host.neighbours.delete(device, command.address);
  else {
    const neighbour = device.resolve(command.address, 0);
    host.neighbours.set(device, command.address, { neighbour, permanent: true, since: host.clock.now });
  }
  return done;
}

function applyNexthop(host: Host, command: NexthopCommand): Outcome {
  const { byId } = host.fib.objects;
  if (command.action === 'delete') {
    return byId.delete(command.id) ? done : failed('RTNETLINK answers: No such file or directory');
  }
  if (!host.era.nexthopObjects) return failed('RTNETLINK answers: Operation not supported');
  if (byId.has(command.id) && command.action === 'add') return failed('RTNETLINK answers: File exists');
  const { nexthop, id } = command;
  if (nexthop === 'blackhole') byId.set(id, { kind: 'blackhole', id });
  else if ('group' in nexthop) {
    if (nexthop.group.some((member) => !byId.has(member.id))) return failed('Error: Invalid nexthop id.');
    byId.set(id, { kind: 'group', id, members: nexthop.group });
  } else {
    const resolved = resolveNexthop(host, nexthop, 254, scopes.universe);
    if ('message' in resolved) return failed(resolved.message);
    byId.set(id, { kind: 'single', id, nexthop: resolved });
  }
  return done;
}
