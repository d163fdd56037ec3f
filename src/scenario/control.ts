import type { Lab } from '../backend/lab.ts';
import { addressOf, endsOf, peersOf, type Topology } from '../topology/topology.ts';
import type { StatementResult } from './result.ts';

export const controlName = 'control: without a candidate, the network carries traffic';

/**
 * The control of every trial: before any candidate is there, each link carries packets, and each host that is not a
 * router reaches every ISP's router, or what else the topology says; but not the server's own neighbours, which reach
 * nothing without it. Otherwise a failure would say nothing about the candidate.
 */
export async function control(lab: Lab): Promise<StatementResult> {
  const { server, links, hosts, control: reaches } = lab.topology;
  const pings = [
    ...links.flatMap(({ ends: [one, ...others] }) =>
      others.map(({ host }) => ({ host, destination: firstAddress(one.addresses) })),
    ),
    ...(reaches ??
      hosts
        .filter(({ name, forwarding }) => name !== server.host && !forwarding && !behindServer(lab.topology, name))
        .flatMap(({ name }) => server.uplinks.map(({ gateway }) => ({ host: name, destination: gateway })))),
  ];
  const failed = await lab.unanswered(pings);
  const missing = failed.map(({ host, destination }) => `, not ${host} to ${destination}`).join('');
  return {
    kind: 'statement',
    name: controlName,
    expected: `${pings.length} of ${pings.length} pings answered`,
    found: `${pings.length - failed.length} of ${pings.length} pings answered${missing}`,
    ok: failed.length === 0,
  };
}

/** Whether every link of the host ends at an interface of the server that is no uplink. */
function behindServer(topology: Topology, host: string): boolean {
  const { server } = topology;
  const inner = endsOf(topology, server.host).filter(
    (end) => !server.uplinks.some((uplink) => uplink.interface === end.interface),
  );
  return endsOf(topology, host).every((end) =>
    peersOf(topology, host, end.interface).some((peer) => inner.includes(peer)),
  );
}

function firstAddress([address]: readonly string[]): string {
  if (address === undefined) throw new Error('an end of a link without an address');
  return addressOf(address);
}
