import type { Device, Neighbour } from './device.ts';
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
  /** Null: nobody has answered (FAILED). */
  readonly neighbour: Neighbour | null;
  readonly permanent: boolean;
  /** Seconds; when it was found out. */
  readonly since: number;
}

export function createNeighbours(): Neighbours {
  const byDevice = new Map<Device, Map<number, NeighbourEntry>>();
  return {
    get: (device, address) => byDevice.get(device)?.get(address),
    set: (device, address, entry) => {
      const entries = byDevice.get(device) ?? new Map<number, NeighbourEntry>();
      entries.set(address, entry);
      byDevice.set(device, entries);
    },
    delete: (device, address) => void byDevice.get(device)?.delete(address),
    flush: (device) => {
      if (device) byDevice.delete(device);
      else byDevice.clear();
    },
  };
}

/** Whether a gateway may be used, for all that is known: it may if nothing is (fib_good_nh). */
export function isReachable(host: Host, device: Device, gateway: number): boolean {
  const entry = host.neighbours.get(device, gateway);
  return entry?.neighbour !== null;
}
