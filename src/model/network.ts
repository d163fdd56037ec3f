import { isCable, parseEndAddress, type End, type Impairment, type Link, type Topology } from '../topology/topology.ts';
import { addAddress, defaultScope } from './addresses.ts';
import { createClock, type Clock } from './clock.ts';
import type { Device } from './device.ts';
import { addDevice, deleteDevice, setUp } from './devices.ts';
import type { Era } from './era.ts';
import { createHost } from './host-stack.ts';
import { deviceNamed, type Host } from './host.ts';
import { joinDevices, type Joined, type LinkEnd, type Recorder, type Shape } from './link.ts';
import { createRandom } from './random.ts';

/** A network of hosts, at a virtual time of its own. */
export interface Network {
  readonly clock: Clock;
  readonly hosts: ReadonlyMap<string, Host>;
  /** Joins devices by a link: `settle` is to be called then, and whenever one of them was set up or down. */
  join(ends: readonly LinkEnd[], impairment?: Impairment): void;
  /** Changes what becomes of packets that leave by a device. */
  shape(device: Device, shape: Shape): void;
  /** Takes a device away; a cable goes with both its ends. */
  remove(host: Host, device: Device): void;
  /** Tells all devices whether their other ends are up. */
  settle(): void;
}

export interface NetworkOptions {
  readonly era: Era;
  readonly seed: number;
  readonly record: Recorder;
  readonly trailOf: Host['trailOf'];
  /** Hears of each packet that a host drops for where it came from, or by netfilter. */
  readonly dropped?: (host: string, ...drop: Parameters<Host['dropped']>) => void;
  readonly chosenBySecret?: Host['chosenBySecret'];
  /** Seconds that a packet takes along a link, on top of what the link itself says. */
  readonly delay: number;
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
      return [
        name,
        createHost({
          name,
          era,
          clock,
          random,
          hashSecret,
          chosenBySecret: (flow) => options.chosenBySecret?.(flow),
          nextIdentity,
          trailOf,
          dropped: (...drop) => options.dropped?.(name, ...drop),
        }),
      ] as const;
    }),
  );
  let links: readonly (Joined & { readonly ends: readonly LinkEnd[]; readonly isCable: boolean })[] = [];
  let made = 0;
  const network: Network = {
    clock,
    hosts,
    join: (ends, impairment) => {
      const random = createRandom(seed, `link ${made}`);
      const cable = isCable({ ends, impairment });
      const { delay: own, loss } = impairment ?? { delay: 0, loss: 0 };
      const joined = joinDevices(ends, { delay: delay + own, loss, random, isCable: cable }, record);
      made += 1;
      links = [...links, { ...joined, ends, isCable: cable }];
    },
    remove: (host, device) => {
      const link = links.find(({ ends }) => ends.some((end) => end.device === device));
      const gone = link?.isCable ? link.ends : [{ host, device }];
      links = links.filter((each) => each !== link);
      for (const end of gone) deleteDevice(end.host, end.device);
      network.settle();
    },
    shape: (device, shape) => {
      links.find(({ ends }) => ends.some((end) => end.device === device))?.shape(device, shape);
    },
    settle: () => {
      for (const link of links) link.settle();
    },
  };
  for (const link of topology.links) addTopologyLink(network, link);
  return network;
}

/** Makes a link of a topology, with the interfaces at its ends. */
export function addTopologyLink(network: Network, { ends, impairment }: Link): void {
  const joined = ends.map((end) => {
    const host = network.hosts.get(end.host);
    if (!host) throw new Error(`there is no host ${end.host}`);
    return { end, made: addEnd(host, end) };
  });
  network.join(
    joined.map(({ made }) => made),
    impairment,
  );
  for (const { end, made } of joined) bringUp(made.host, end);
  network.settle();
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
