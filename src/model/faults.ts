import type { Fault } from '../backend/fault.ts';
import { contains, parseIPv4 } from '../net/address.ts';
import {
  cableOf,
  hostNamed,
  linkOf,
  parseEndAddress,
  readdressed,
  type End,
  type Topology,
} from '../topology/topology.ts';
import { setDown, setUp } from './devices.ts';
import { addStaticRoute } from './host-setup.ts';
import { deviceNamed, type Host } from './host.ts';
import { addTopologyLink, type Network } from './network.ts';

/**
 * Makes a part of the network fail, or mends it.
 *
 * @returns the topology as it is then
 */
export function inflict(network: Network, topology: Topology, fault: Fault): Topology {
  const hostOf = (name: string): Host => {
    const host = network.hosts.get(name);
    if (!host) throw new Error(`there is no host ${name}`);
    return host;
  };
  switch (fault.kind) {
    case 'down':
    case 'up': {
      const host = hostOf(fault.host);
      const device = deviceNamed(host, fault.interface);
      if (!device) throw new Error(`${fault.host} has no ${fault.interface}`);
      if (fault.kind === 'down') setDown(host, device);
      else {
        setUp(host, device);
        for (const end of endsAt(topology, fault.host, fault.interface)) addRoutesBy(topology, host, end);
      }
      network.settle();
      return topology;
    }
    case 'vanish': {
      for (const end of cableOf(topology, fault.host, fault.interface).ends) {
        const host = hostOf(end.host);
        const device = deviceNamed(host, end.interface);
        if (device) network.remove(host, device);
      }
      return topology;
    }
    case 'return': {
      const { host: name, interface: interfaceName, address } = fault;
      const changed = address === undefined ? topology : readdressed(topology, name, interfaceName, address);
      const link = cableOf(changed, name, interfaceName);
      addTopologyLink(network, link);
      for (const end of link.ends) addRoutesBy(changed, hostOf(end.host), end);
      return changed;
    }
    case 'silence':
    case 'revive':
      hostOf(fault.host).silent = fault.kind === 'silence';
      return topology;
  }
}

function endsAt(topology: Topology, host: string, name: string): readonly End[] {
  return linkOf(topology, host, name).ends.filter((end) => end.host === host && end.interface === name);
}

/** The static routes that a host lost with this end of a link; the server's own are the candidate's to mend. */
function addRoutesBy(topology: Topology, host: Host, end: End): void {
  const networks = end.addresses.map((address) => parseEndAddress(address).network);
  for (const { to, via } of hostNamed(topology, host.name).routes) {
    if (networks.some((network) => contains(network, parseIPv4(via)))) addStaticRoute(host, to, via);
  }
}
