import type { NeighbourState } from '../candidate/commands/ip.ts';
import type { Device, Neighbour } from './device.ts';
import { isBroadcastAddress } from './addresses.ts';
import type { Host } from './host.ts';

/** What a host knows of the hosts on its links: the ARP table. */
export interface Neighbours {
  get(device: Device, address: number): NeighbourEntry | undefined;
  set(device: Device, address: number, entry: NeighbourEntry): void;
  delete(device: Device, address: number): void;
  /** Forgets those of a device, or all. */
  flush(device: Device | null): void;
}

export interface NeighbourEntry {
  /** Null: nobody has answered; or there is nobody to ask, for all are meant (`noarp`). */
  readonly neighbour: Neighbour | null;
  /** As it was at `since`; `stateOf` says how it is now. */
  readonly state: NeighbourState;
  /** Seconds; when it was found out. */
  readonly since: number;
}

/** Seconds for which a neighbour is taken to be there; net.ipv4.neigh.*.base_reachable_time. */
const reachableTime = 30;

export function createNeighbours(): Neighbours {
  // Signed, an address is a small integer to the engine: a key that needs no memory.
  const byDevice = new Map<Device, Map<number, NeighbourEntry>>();
  return {
    get: (device, address) => byDevice.get(device)?.get(address | 0),
    set: (device, address, entry) => {
      const entries = byDevice.get(device) ?? new Map<number, NeighbourEntry>();
      entries.set(address | 0, entry);
      byDevice.set(device, entries);
    },
    delete: (device, address) => void byDevice.get(device)?.delete(address | 0),
    flush: (device) => {
      if (device) byDevice.delete(device);
      else byDevice.clear();
    },
  };
}

/** The state of the entry for a neighbour (NUD_…); null: there is none. */
export function stateOf(host: Host, device: Device, address: number): NeighbourState | null {
  const entry = host.neighbours.get(device, address);
  if (!entry) return null;
  return entry.state === 'reachable' && isOld(host, entry) ? 'stale' : entry.state;
}

/** Whether packets go to a neighbour of that state at once (NUD_VALID). */
export function isValid(state: NeighbourState): boolean {
  return state !== 'failed' && state !== 'incomplete' && state !== 'none';
}

/** Whether a gateway may be used, for all that is known: it may if nothing is (fib_good_nh). */
export function isReachable(host: Host, device: Device, gateway: number): boolean {
  const state = stateOf(host, device, gateway);
  return state === null || isValid(state);
}

/**
 * Finds a neighbour on its link, by ARP if need be (net/ipv4/arp.c, arp_constructor).
 *
 * @returns whom a packet to it is for: one host, or all on the link; null: nobody answers
 */
export function resolveNeighbour(host: Host, device: Device, address: number, source: number): 'one' | 'all' | null {
  const known = host.neighbours.get(device, address);
  if (known?.state === 'noarp') return known.neighbour ? 'one' : 'all';
  if (known?.state === 'permanent') return 'one';
  if (known?.neighbour && !isOld(host, known)) return 'one';
  if (address >>> 28 === 0xe || isBroadcastAddress(host, address)) {
    host.neighbours.set(device, address, { neighbour: null, state: 'noarp', since: host.clock.now });
    return 'all';
  }
  const neighbour = device.resolve(address, source);
  host.neighbours.set(device, address, {
    neighbour,
    state: neighbour ? 'reachable' : 'failed',
    since: host.clock.now,
  });
  return neighbour && 'one';
}

function isOld(host: Host, { since }: NeighbourEntry): boolean {
  return host.clock.now - since >= reachableTime;
}
