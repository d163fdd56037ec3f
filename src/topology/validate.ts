import { contains, formatPrefix, networkOf, overlaps, parseIPv4, parsePrefix, type Prefix } from '../net/address.ts';
import { LabError } from '../net/error.ts';
import {
  addressOf,
  endsOf,
  ownerOf,
  parseEndAddress,
  peersOf,
  type End,
  type Host,
  type Impairment,
  type Link,
  type Nat,
  type Pppoe,
  type Topology,
} from './topology.ts';

/**
 * Checks a topology before anything is built from it.
 *
 * @throws LabError `invalid`, naming the first thing that is wrong, where, and what to do
 */
export function validateTopology(topology: Topology): void {
  const fail = (where: string, what: string, hint: string): never => {
    throw new LabError('invalid', `topology ${topology.name}: ${where}: ${what}`, hint);
  };
  const names = new Set<string>();
  for (const { name } of topology.hosts) {
    if (!/^[a-z][a-z0-9-]*$/.test(name)) {
      fail(`host '${name}'`, 'a host is named by lower-case letters, digits and dashes', 'rename it');
    }
    if (names.has(name)) fail(`host '${name}'`, 'there are two hosts of this name', 'rename one of them');
    names.add(name);
  }
  validateLinks(topology, names, fail);
  for (const host of topology.hosts) validateHost(topology, host, fail);
  validateServer(topology, names, fail);
  for (const { host, destination } of topology.control ?? []) {
    if (!names.has(host)) fail('control', `there is no host '${host}'`, 'name one of the hosts');
    if (ownerOf(topology, destination) === undefined) {
      fail('control', `no host has the address ${destination}`, "name one of a host's addresses");
    }
  }
}

type Fail = (where: string, what: string, hint: string) => never;

/** Words that `ip` takes for its own where an interface's name is meant. */
const ipKeywords = new Set(['dev', 'up', 'down', 'name', 'type', 'netns', 'peer', 'via', 'default', 'all', 'lo']);

function validateLinks(topology: Topology, hosts: ReadonlySet<string>, fail: Fail): void {
  const interfaces = new Set<string>();
  const owners = new Map<number, string>();
  const networks: { prefix: Prefix; link: string }[] = [];
  for (const { ends, impairment, pppoe } of topology.links) {
    const count: number = ends.length;
    const link = `link ${ends.map(placeOf).join(' – ')}`;
    if (count < 2) fail(link, `expected two ends, got ${count}`, 'give it two');
    if (new Set(ends.map(({ host }) => host)).size < count) {
      fail(link, `${count === 2 ? 'both' : 'two'} ends are on one host`, 'connect two different hosts');
    }
    for (const end of ends) {
      const place = placeOf(end);
      if (!hosts.has(end.host)) fail(link, `there is no host '${end.host}'`, `add it, or correct the link's end`);
      validateInterfaceName(end, link, fail);
      if (interfaces.has(place)) fail(link, `${place} is an end of another link already`, 'name another interface');
      interfaces.add(place);
      if (end.addresses.length === 0) fail(link, `${place} has no address`, 'give it one, such as 192.0.2.1/30');
      for (const address of end.addresses) {
        const own = parse(() => parseEndAddress(address), `${link}: ${place}`, fail).address;
        const owner = owners.get(own);
        if (owner) fail(link, `${address} of ${place} is the address of ${owner} already`, 'give it another one');
        owners.set(own, place);
      }
      if (end.rate !== undefined && !(Number.isInteger(end.rate) && end.rate > 0)) {
        fail(link, `the rate of ${place} is ${end.rate}`, 'give whole bits per second, more than none, or no rate');
      }
    }
    if (impairment) validateImpairment(impairment, count, link, fail);
    if (pppoe) validatePppoe(ends, pppoe, link, interfaces, fail);
    const onLink = uniqueNetworks(ends);
    const [first, ...others] = ends;
    if (!others.every((other) => haveCommonNetwork(first, other)))
      fail(
        link,
        `${count === 2 ? 'its two' : 'two of its'} ends have no network in common`,
        "give both an address of the link's network",
      );
    for (const prefix of onLink) {
      const clash = networks.find((known) => overlaps(known.prefix, prefix));
      if (clash) {
        const both = `${formatPrefix(prefix)} overlaps ${formatPrefix(clash.prefix)} of ${clash.link}`;
        fail(link, both, 'give each link a network of its own');
      }
    }
    networks.push(...onLink.map((prefix) => ({ prefix, link })));
  }
}

/** Seconds: more than any line takes, and less than netem has room for. */
const longestDelay = 60;

function validateImpairment({ delay, loss }: Impairment, ends: number, link: string, fail: Fail): void {
  if (ends > 2) fail(link, `it has an impairment and ${ends} ends`, 'impair a line between two ends');
  if (!(delay >= 0 && delay <= longestDelay)) {
    fail(link, `its delay is ${delay}`, `give seconds, from 0 to ${longestDelay}`);
  }
  if (!(loss >= 0 && loss < 1)) fail(link, `its loss is ${loss}`, 'give a share of the packets, from 0 to less than 1');
}

/** @param interfaces those that are known, to which the ones beneath are added */
function validatePppoe(ends: Link['ends'], pppoe: Pppoe, link: string, interfaces: Set<string>, fail: Fail): void {
  if (ends.length > 2) fail(link, 'PPP has two ends', 'leave pppoe out, or the other ends');
  for (const [index, end] of ends.entries()) {
    if (end.addresses.length > 1 || !end.addresses[0]?.includes(' peer ')) {
      const given = end.addresses.join(', ');
      const what = `PPP gives ${placeOf(end)} one address from point to point, and not ${given}`;
      fail(link, what, 'give it one, such as 192.0.2.1 peer 192.0.2.2');
    }
    const name = pppoe.ethernet[index] ?? '';
    validateInterfaceName({ ...end, interface: name }, link, fail);
    const place = placeOf({ ...end, interface: name });
    if (interfaces.has(place)) fail(link, `${place} is an end of another link already`, 'name another interface');
    interfaces.add(place);
  }
}

function validateInterfaceName({ interface: name, host }: End, link: string, fail: Fail): void {
  if (name.length > 15) {
    fail(link, `interface '${name}' of ${host} has ${name.length} characters`, 'the kernel allows 15: shorten it');
  }
  if (!/^[a-z][a-z0-9._-]+$/i.test(name) || ipKeywords.has(name)) {
    fail(
      link,
      `'${name}' of ${host} cannot name an interface`,
      'use two or more letters and digits, and no keyword of ip',
    );
  }
}

function validateHost(topology: Topology, host: Host, fail: Fail): void {
  const where = `host '${host.name}'`;
  const ends = endsOf(topology, host.name);
  if (ends.length === 0) fail(where, 'no link ends there', 'link it to another host, or remove it');
  const needInterface = (name: string, what: string): void => {
    if (ends.some((end) => end.interface === name)) return;
    const known = ends.map((end) => end.interface).join(', ');
    fail(where, `${what} names the interface '${name}', which it does not have`, `it has: ${known}`);
  };
  const reached = new Set<string>();
  const dialled = topology.links.flatMap(({ ends: both, pppoe }) =>
    pppoe && both.some((end) => end.host === host.name) ? both : [],
  );
  for (const { to, via } of host.routes) {
    if (reached.has(to)) fail(where, `there are two routes to ${to}`, 'remove one of them');
    reached.add(to);
    const gateway = parse(() => parseIPv4(via), `${where}: route to ${to}`, fail);
    if (to !== 'default') parseNetwork(to, `${where}: route to ${to}`, fail);
    if (ends.some((end) => hasAddress(end, via))) {
      fail(where, `the next router ${via} of its route to ${to} is itself`, "name the other end's address");
    }
    if (!ends.some((end) => end.addresses.some((address) => contains(parseEndAddress(address).network, gateway)))) {
      fail(where, `the next router ${via} of its route to ${to} is on none of its links`, 'correct the address');
    }
    if (dialled.some((end) => hasAddress(end, via))) {
      fail(where, `its route to ${to} is by a line over PPP, and would be lost with it`, 'give it another next router');
    }
  }
  if (host.sourceFilter) {
    needInterface(host.sourceFilter.interface, 'its source filter');
    for (const prefix of host.sourceFilter.allowed) parse(() => parsePrefix(prefix), `${where}: source filter`, fail);
  }
  for (const prefix of host.admission?.from ?? []) parse(() => parsePrefix(prefix), `${where}: admission`, fail);
  for (const prefix of host.ownPrefixes ?? []) parseNetwork(prefix, `${where}: its own prefix`, fail);
  if (host.loss) {
    needInterface(host.loss.interface, 'its loss');
    const { oneOf } = host.loss;
    if (!Number.isInteger(oneOf) || oneOf < 2) {
      fail(where, `it loses one packet of ${oneOf}`, 'give a whole number of packets, at least 2');
    }
  }
  for (const prefix of host.aggregates ?? []) parseNetwork(prefix, `${where}: its aggregate`, fail);
  if (host.nat) validateNat(host.nat, ends, where, needInterface, fail);
}

function validateNat(
  nat: Nat,
  ends: readonly End[],
  where: string,
  needInterface: (name: string, what: string) => void,
  fail: Fail,
): void {
  const { outside, address, customers } = nat;
  needInterface(outside, 'its NAT');
  parse(() => parsePrefix(customers), `${where}: NAT`, fail);
  const own = ends.find((end) => end.interface === outside);
  if (own && !hasAddress(own, address)) {
    fail(where, `its NAT's address ${address} is not on ${outside}`, `${outside} has: ${own.addresses.join(', ')}`);
  }
  switch (nat.mode) {
    case 'stateful':
    case 'one-way':
      break;
    case 'short-lived':
      if (!Number.isInteger(nat.lifetime) || nat.lifetime < 1) {
        fail(where, `its NAT's mappings live ${nat.lifetime} s`, 'give them a whole number of seconds, at least 1');
      }
      break;
    case 'table-full':
      if (!Number.isInteger(nat.room) || nat.room < 0) {
        fail(where, `its NAT has room for ${nat.room} flows`, 'give it a whole number, or 0 for none');
      }
  }
}

function validateServer(topology: Topology, hosts: ReadonlySet<string>, fail: Fail): void {
  const { host, uplinks } = topology.server;
  if (!hosts.has(host)) fail('server', `there is no host '${host}'`, 'name one of the hosts');
  if (uplinks.length === 0) fail('server', 'it has no uplinks', 'name at least one');
  const known = new Set<string>();
  for (const { interface: name, address, gateway, network } of uplinks) {
    const where = `uplink '${name}'`;
    if (known.has(name)) fail(where, 'it is an uplink already', 'name each interface once');
    known.add(name);
    const own = endsOf(topology, host).find((end) => end.interface === name);
    const [peer] = peersOf(topology, host, name);
    if (!own || !peer) return fail(where, `${host} has no such interface`, 'name one that is the end of a link');
    const needAddress = (end: End, what: string): void => {
      if (!hasAddress(end, what)) {
        fail(where, `${what} is not an address of ${placeOf(end)}`, `it has: ${end.addresses.join(', ')}`);
      }
    };
    needAddress(own, address);
    needAddress(peer, gateway);
    const line = parseNetwork(network, where, fail);
    const onLink = own.addresses.map((each) => formatPrefix(parseEndAddress(each).network));
    if (!contains(line, parseIPv4(address)) && !onLink.includes(network)) {
      fail(where, `${address} is not within ${network}`, 'correct the network');
    }
  }
}

function uniqueNetworks(ends: readonly End[]): readonly Prefix[] {
  const networks = ends.flatMap((end) => end.addresses.map((address) => parseEndAddress(address).network));
  return networks.filter(
    (one, index) => networks.findIndex((other) => formatPrefix(other) === formatPrefix(one)) === index,
  );
}

/** Whether each has an address that the other takes for its neighbour's: one that only one end does gets no answer. */
function haveCommonNetwork(one: End, other: End): boolean {
  const theirs = other.addresses.map(parseEndAddress);
  return one.addresses
    .map(parseEndAddress)
    .some((own) =>
      theirs.some((their) => contains(own.network, their.address) && contains(their.network, own.address)),
    );
}

function placeOf(end: End): string {
  return `${end.host}:${end.interface}`;
}

function hasAddress(end: End, address: string): boolean {
  return end.addresses.some((each) => addressOf(each) === address);
}

/** A prefix that a route can be for: the kernel refuses one whose address has bits beyond its length. */
function parseNetwork(text: string, where: string, fail: Fail): Prefix {
  const prefix = parse(() => parsePrefix(text), where, fail);
  const network = networkOf(prefix);
  if (network.address !== prefix.address) {
    fail(where, `${text} is an address within a network, not a network`, `write ${formatPrefix(network)}`);
  }
  return prefix;
}

/** Adds to an address's own error the place where it stands. */
function parse<T>(read: () => T, where: string, fail: Fail): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof LabError) return fail(where, error.message, error.hint);
    throw error;
  }
}
