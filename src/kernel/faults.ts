import type { Fault } from '../backend/fault.ts';
import { contains, parseIPv4 } from '../net/address.ts';
import {
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

/**
 * Makes a part of the network fail, or mends it.
 *
 * @param topology as it is now: with the addresses that its interfaces have
 * @returns the topology as it is then
 */
export async function inflict(sandbox: Sandbox, topology: Topology, fault: Fault): Promise<Topology> {
  const run = (what: string, host: string | null, script: string): Promise<string> =>
    sandbox.run(what, host, ['sh', '-eu'], { input: script });
  switch (fault.kind) {
    case 'down':
    case 'up': {
      const { host, interface: name, kind } = fault;
      const ends = linkOf(topology, host, name).ends.filter((end) => end.host === host && end.interface === name);
      const routes = kind === 'up' ? ends.flatMap((end) => routesBy(topology, end)) : [];
      const commands = [`link set ${name} ${kind}`, ...routes];
      await run(`setting ${name} of ${host} ${kind}`, host, document('ip -batch -', commands.join('\n')));
      return topology;
    }
    case 'vanish': {
      const { host, interface: name } = fault;
      cableOf(topology, host, name);
      await sandbox.run(`taking ${name} from ${host}`, host, ['ip', 'link', 'delete', name]);
      return topology;
    }
    case 'return': {
      const { host, interface: name, address } = fault;
      const changed = address === undefined ? topology : readdressed(topology, host, name, address);
      await run(`bringing back ${name} of ${host}`, null, returnScript(changed, cableOf(changed, host, name)));
      return changed;
    }
    case 'silence':
      await sandbox.run(`silencing ${fault.host}`, hostNamed(topology, fault.host).name, ['nft', '-f', '-'], {
        input: silence,
      });
      return topology;
    case 'revive':
      await sandbox.run(`reviving ${fault.host}`, fault.host, ['nft', '-f', '-'], {
        input: 'delete table ip silence\ndelete table arp silence\n',
      });
      return topology;
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

/** A link of two ends: a switch doesn't vanish with one of its hosts' interfaces. */
function cableOf(topology: Topology, host: string, name: string): Link {
  const link = linkOf(topology, host, name);
  if (link.ends.length > 2) throw new Error(`${name} of ${host} is no cable: it leads to a switch`);
  return link;
}

function returnScript(topology: Topology, link: Link): string {
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
