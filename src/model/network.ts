import { parseEndAddress, type End, type Topology } from '../topology/topology.ts';
import { addAddress, defaultScope } from './addresses.ts';
import { createClock, type Clock } from './clock.ts';
import type { Device } from './device.ts';
import { addDevice, setUp } from './devices.ts';
import type { Era } from './era.ts';
import { createHost } from './host-stack.ts';
import { deviceNamed, type Host } from './host.ts';
import { joinDevices, type LinkEnd, type Recorder } from './link.ts';
import { createRandom } from './random.ts';

/** A network of hosts, at a virtual time of its own. */
export interface Network {
  readonly clock: Clock;
  readonly hosts: ReadonlyMap<string, Host>;
  /** Joins two devices by a cable: to be called again after either was set up or down, by `settle`. */
  join(ends: readonly LinkEnd[]): void;
  /** Tells all devices whether their other ends are up. */
  settle(): void;
}

export interface NetworkOptions {
  readonly era: Era;
  readonly seed: number;
  readonly record: Recorder;
  readonly trailOf: Host['trailOf'];
  /** Seconds that a packet takes along a link. */
  readonly delay: number;
  /** Share of the packets that a link loses, by its index; absent: none. */
  readonly loss?: Readonly<Record<number, number>>;
}

/** Builds the hosts and links of a topology, with their addresses; routes and rules are another matter. */
export function buildNetwork(topology: Topology, options: NetworkOptions): Network {
  const { era, seed, record, trailOf, delay } = options;
  const clock = createClock();
  let identities = 0;
  const nextIdentity = (): number => {
    identities += 1;
    return identities;
  };
  const hosts = new Map(
    topology.hosts.map(({ name }) => {
      const random = createRandom(seed, name);
      // A kernel's secret is one for all its namespaces, and so it is here.
      const hashSecret = createRandom(seed, 'hash secret').below(0xffffffff) + 1;
      return [name, createHost({ name, era, clock, random, hashSecret, nextIdentity, trailOf })] as const;
    }),
  );
  const hostOf = (name: string): Host => {
    const host = hosts.get(name);
    if (!host) throw new Error(`topology ${topology.name} has no host ${name}`);
    return host;
  };
  let links: readonly (() => void)[] = [];
  const network: Network = {
    clock,
    hosts,
    join: (ends) => {
      const random = createRandom(seed, `link ${links.length}`);
      links = [...links, joinDevices(ends, { delay, loss: options.loss?.[links.length] ?? 0, random }, record)];
    },
    settle: () => {
      for (const link of links) link();
    },
  };
  for (const { ends } of topology.links) {
    network.join(ends.map((end) => addEnd(hostOf(end.host), end)));
  }
  for (const { ends } of topology.links) {
    for (const end of ends) bringUp(hostOf(end.host), end);
  }
  network.settle();
  return network;
}

function addEnd(host: Host, { interface: name, rate }: End): LinkEnd {
  return { host, device: addDevice(host, name, 'ethernet'), rate: rate ?? null };
}

function bringUp(host: Host, { interface: name, addresses }: End): void {
  const device: Device | null = deviceNamed(host, name);
  if (!device) throw new Error(`${host.name} has no ${name}`);
  for (const text of addresses) {
    const { address, network } = parseEndAddress(text);
    const isPeer = text.includes(' peer ');
    addAddress(host, device, {
      local: address,
      peer: isPeer ? network.address : address,
      length: network.length,
      broadcast: null,
      scope: defaultScope(address),
      prefixRoute: true,
    });
  }
  setUp(host, device);
}
