import type { RouteType } from '../candidate/commands/ip.ts';
import { isOnLink, maskOf, scopes, type AssignedAddress, type Device } from './device.ts';
import { addKernelRoute, flushDead, removeKernelRoute, removeRoutesFrom } from './fib/kernel-routes.ts';
import { syncDown, syncUp } from './fib/link-events.ts';
import type { Host } from './host.ts';

/** Whether an address is the host's own: one of its devices', or of a local route. */
export function isLocalAddress(host: Host, address: number): boolean {
  return ownType(host, address) === 'local';
}

/** Whether an address is everybody's on one of the host's links. */
export function isBroadcastAddress(host: Host, address: number): boolean {
  return address === 0xffffffff || ownType(host, address) === 'broadcast';
}

/** What the table local has an address for; null: it has none. */
export function ownType(host: Host, address: number): RouteType | null {
  for (const { mask, prefixes } of host.fib.local.levels) {
    const first = prefixes.get(address & mask)?.[0];
    if (first) return first.info.type;
  }
  return null;
}

/** Without a label it has the device's name; without a metric, 0. */
type NewAddress = Omit<AssignedAddress, 'secondary' | 'label' | 'metric'> &
  Partial<Pick<AssignedAddress, 'label' | 'metric'>>;

/**
 * Gives a device an address (net/ipv4/devinet.c, __inet_insert_ifa), with the routes that come with it
 * (net/ipv4/fib_frontend.c, fib_add_ifaddr).
 */
export function addAddress(host: Host, device: Device, address: NewAddress): 'EEXIST' | 'EINVAL' | null {
  const sameNetwork = device.addresses.filter(
    (each) => each.length === address.length && isOnLink(each, address.peer) && !each.secondary,
  );
  const twins = device.addresses.filter((each) => each.length === address.length && isOnLink(each, address.peer));
  if (twins.some(({ local }) => local === address.local)) return 'EEXIST';
  if (twins.some(({ scope }) => scope !== address.scope)) return 'EINVAL';
  const added: AssignedAddress = { label: null, metric: 0, ...address, secondary: sameNetwork.length > 0 };
  const place = added.secondary
    ? device.addresses.length
    : device.addresses.findLastIndex((each) => !each.secondary && each.scope <= added.scope) + 1;
  const first = device.addresses.length === 0;
  device.addresses = device.addresses.toSpliced(place, 0, added);
  changed(host);
  addRoutesOf(host, device, added);
  if (first && device.up) syncUp(host, device, 'dead');
  return null;
}

/**
 * Takes an address away (net/ipv4/devinet.c, __inet_del_ifa; net/ipv4/fib_frontend.c, fib_del_ifaddr). The secondary ones
 * of its network go with it, unless promote_secondaries makes the first of them primary.
 */
export function removeAddress(
  host: Host,
  device: Device,
  local: number,
  length: number | null,
): 'EADDRNOTAVAIL' | null {
  const gone = device.addresses.find((each) => each.local === local && (length === null || each.length === length));
  if (!gone) return 'EADDRNOTAVAIL';
  const followers = gone.secondary
    ? []
    : device.addresses.filter((each) => each.secondary && each.length === gone.length && isOnLink(gone, each.local));
  const promote = host.sysctls.interfaceValues(device.name).promoteSecondaries;
  const removed = promote ? [gone] : [...followers, gone];
  for (const each of removed) {
    device.addresses = device.addresses.filter((other) => other !== each);
    changed(host);
    removeRoutesOf(host, device, each);
    host.conntrack.addressRemoved(device, each.local);
  }
  const [heir] = promote ? followers : [];
  if (heir) {
    const promoted = { ...heir, secondary: false };
    device.addresses = device.addresses.map((each) => (each === heir ? promoted : each));
    addRoutesOf(host, device, promoted);
  }
  if (device.addresses.length === 0) {
    syncDown(host, device, 'down', true);
    flushDead(host);
  }
  return null;
}

/** Gives the route to an address's network another metric (fib_modify_prefix_metric); its label stays. */
export function changeMetric(host: Host, device: Device, local: number, length: number, metric: number): void {
  const found = device.addresses.find((each) => each.local === local && each.length === length);
  if (!found || found.metric === metric) return;
  const changedAddress = { ...found, metric };
  device.addresses = device.addresses.map((each) => (each === found ? changedAddress : each));
  changed(host);
  addRoutesOf(host, device, changedAddress);
  for (const [type, network, prefixLength] of implied(host, device, found)) {
    if (type !== 'broadcast') removeKernelRoute(host, type, network, prefixLength, device, found.metric);
  }
}

function changed(host: Host): void {
  host.addressGeneration += 1;
  host.routeGeneration += 1;
}

/** The routes that come with an address; those by the device itself only while it is up. */
export function addRoutesOf(host: Host, device: Device, address: AssignedAddress): void {
  const source = primaryOf(device, address).local;
  addKernelRoute(host, 'local', address.local, 32, device, source);
  if (!device.up) return;
  for (const [type, destination, length, metric] of implied(host, device, address)) {
    addKernelRoute(host, type, destination, length, device, source, metric);
  }
}

/** Of what an address implies, that which no other address of the device implies as well. */
function removeRoutesOf(host: Host, device: Device, address: AssignedAddress): void {
  const kept = device.addresses.flatMap((each) => implied(host, device, each));
  for (const [type, destination, length, metric] of implied(host, device, address)) {
    if (!kept.some((each) => each[0] === type && each[1] === destination && each[2] === length)) {
      removeKernelRoute(host, type, destination, length, device, metric);
    }
  }
  const elsewhere = [...host.devices.values()].some(({ addresses }) =>
    addresses.some(({ local }) => local === address.local),
  );
  if (!device.addresses.some(({ local }) => local === address.local)) {
    removeKernelRoute(host, 'local', address.local, 32, device);
  }
  if (!elsewhere) removeRoutesFrom(host, address.local);
}

type Implied = readonly [type: 'unicast' | 'local' | 'broadcast', destination: number, length: number, metric: number];

function implied(
  host: Host,
  { kind }: Device,
  { local, peer, length, broadcast, secondary, prefixRoute, metric }: AssignedAddress,
): readonly Implied[] {
  const mask = maskOf(length);
  const network = (peer & mask) >>> 0;
  const last = (network | ~mask) >>> 0;
  const routes: Implied[] = [];
  if (broadcast !== null && broadcast !== 0xffffffff) routes.push(['broadcast', broadcast, 32, 0]);
  if (network >>> 24 !== 0 && !secondary && (network !== local || length < 32)) {
    // All of a loopback device's network is the host's own.
    if (prefixRoute) routes.push([kind === 'loopback' ? 'local' : 'unicast', network, length, metric]);
    if (length < 31) {
      if (host.era.zeroBroadcast) routes.push(['broadcast', network, 32, 0]);
      routes.push(['broadcast', last, 32, 0]);
    }
  }
  return routes;
}

function primaryOf(device: Device, address: AssignedAddress): AssignedAddress {
  if (!address.secondary) return address;
  return (
    device.addresses.find(
      (each) => !each.secondary && each.length === address.length && isOnLink(each, address.local),
    ) ?? address
  );
}

/** A loopback address's scope is the host, all others' the universe, unless said otherwise. */
export function defaultScope(address: number): number {
  return address >>> 24 === 127 ? scopes.host : scopes.universe;
}
