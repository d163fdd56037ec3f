import type { Fault } from '../backend/fault.ts';
import { contains, parseIPv4 } from '../net/address.ts';
import {
  beneath,
  cableOf,
  hostNamed,
  linkOf,
  parseEndAddress,
  readdressed,
  type End,
  type Link,
  type Topology,
} from '../topology/topology.ts';
import { document, endCommands, linkCommands, rateCommands } from './network.ts';
import type { Sandbox } from './sandbox.ts';

/** The topology as it is after a fault: another address is all that can be different in it. */
export function topologyAfter(topology: Topology, fault: Fault): Topology {
  if (fault.kind !== 'return' || fault.address === undefined) return topology;
  return readdressed(topology, fault.host, fault.interface, fault.address);
}

/**
 * Makes a part of the network fail, or mends it.
 *
 * @param topology as it is after the fault
 */
export async function inflict(sandbox: Sandbox, topology: Topology, fault: Fault): Promise<void> {
  const { name: host } = hostNamed(topology, fault.host);
  switch (fault.kind) {
    case 'down':
    case 'up': {
      const { interface: name, kind } = fault;
      const link = linkOf(topology, host, name);
      const ends = link.ends.filter((end) => end.host === host && end.interface === name);
      const routes = kind === 'up' ? ends.flatMap((end) => routesBy(topology, end)) : [];
      const set = ends.map((end) => `link set ${beneath(link, end).interface} ${kind}`);
      const input = [...set, ...routes].join('\n');
      await sandbox.run(`setting ${name} of ${host} ${kind}`, host, ['ip', '-batch', '-'], { input });
      return;
    }
    case 'vanish': {
      const { interface: name } = fault;
      cableOf(topology, host, name);
      await sandbox.run(`taking ${name} from ${host}`, host, ['ip', 'link', 'delete', name]);
      return;
    }
    case 'return': {
      const { interface: name } = fault;
      const input = returnScript(topology, cableOf(topology, host, name));
      await sandbox.run(`bringing back ${name} of ${host}`, null, ['sh', '-eu'], { input });
      return;
    }
    case 'silence':
    case 'revive': {
      const input = fault.kind === 'silence' ? silence : 'delete table ip silence\ndelete table arp silence\n';
      await sandbox.run(`setting ${host} to ${fault.kind}`, host, ['nft', '-f', '-'], { input });
      return;
    }
  }
}

/** Drops what comes before anything looks at it, and what the host itself says. */
const silence = `
table ip silence {
  chain prerouting { type filter hook prerouting priority -500; drop; }
  chain output { type filter hook output priority -500; drop; }
}
table arp silence {
  chain input { type filter hook input priority filter; drop; }
  chain output { type filter hook output priority filter; drop; }
}
`;

/** The commands that make a cable anew, as the topology has it; to be run in the sandbox's own namespace. */
export function returnScript(topology: Topology, link: Link): string {
  const hosts = link.ends.map((end) => {
    const [rates, commands] = [rateCommands([end]), [...endCommands(topology, end), ...routesBy(topology, end)]];
    const script = [
      document('ip -batch -', commands.join('\n')),
      ...(rates.length > 0 ? [document('tc -batch -', rates.join('\n'))] : []),
    ];
    return document(`nsenter --net=/run/netns/${end.host} sh -eu`, script.join('\n'), '', 'host');
  });
  return [document('ip -batch -', linkCommands(topology, link, '').join('\n')), ...hosts].join('\n');
}

/** The static routes that the host lost with this end of a link; the server's own are the candidate's to mend. */
function routesBy(topology: Topology, end: End): readonly string[] {
  const networks = end.addresses.map((address) => parseEndAddress(address).network);
  return hostNamed(topology, end.host)
    .routes.filter(({ via }) => networks.some((network) => contains(network, parseIPv4(via))))
    .map(({ to, via }) => `route replace ${to} via ${via}`);
}
