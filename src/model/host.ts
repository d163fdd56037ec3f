import type { Clock } from './clock.ts';
import type { Conntrack } from './conntrack/conntrack.ts';
import type { Device } from './device.ts';
import type { Era } from './era.ts';
import type { Fib, FibResult } from './fib/fib.ts';
import type { FlowKey, RouteError } from './flow.ts';
import type { Neighbours } from './neighbour.ts';
import type { Netfilter } from './netfilter/netfilter.ts';
import type { Random } from './random.ts';
import type { Redirected } from './redirect.ts';
import type { RouteCache } from './route-cache.ts';
import type { Rules } from './rules.ts';
import type { Sockets } from './sockets/sockets.ts';
import type { Sysctls } from './sysctl.ts';
import type { Trail } from './trail.ts';
import type { Packet } from './packet.ts';

/** Hears of a device that was set up or down, or whose other end came or went; `gone`: that it is no more. */
export type LinkListener = (device: Device, gone: boolean) => void;

/** @param found null: nothing, and the next rule is asked */
export type LookUpListener = (table: number, flow: FlowKey, found: FibResult | RouteError | null) => void;

/** A network stack and all that it knows: what a network namespace is to the kernel. */
export interface Host {
  readonly name: string;
  era: Era;
  readonly clock: Clock;
  readonly random: Random;
  readonly sysctls: Sysctls;
  readonly loopback: Device;
  /** By index, in the order of the indices. */
  readonly devices: ReadonlyMap<number, Device>;
  readonly fib: Fib;
  readonly rules: Rules;
  /** Empty where the era has none. */
  readonly routeCache: RouteCache;
  readonly neighbours: Neighbours;
  readonly netfilter: Netfilter;
  readonly conntrack: Conntrack;
  readonly sockets: Sockets;
  /** Counts changes of routes, rules, addresses and links: what sockets remember of older ones no longer holds. */
  routeGeneration: number;
  /** Counts the flushes of what redirects have said. */
  exceptionGeneration: number;
  /** Counts changes of addresses. */
  addressGeneration: number;
  /** Secret of the hash among nexthops, where no sysctl gives it. */
  readonly hashSecret: number;
  /** Hears of each flow for which a nexthop is chosen by that secret. */
  readonly chosenBySecret: (flow: FlowKey) => void;
  /** Who was told of a better way. */
  readonly redirected: Redirected;
  /** Drops all that comes and sends nothing: as good as gone, but that its links stay up. */
  silent: boolean;
  /** Counters, named as nstat has them. */
  readonly counters: Map<string, number>;
  /** Lines that a kernel would log. */
  readonly log: string[];
  readonly linkListeners: Set<LinkListener>;
  /** A number that no other packet has. */
  readonly nextIdentity: () => number;
  /** Hears of each packet that is dropped for where it came from, or by netfilter, with the kernel's name for the reason. */
  readonly dropped: (device: Device, packet: Packet, reason: string) => void;
  /** Hears of each look-up in a routing table, and what it found; null: nobody does. */
  lookedUp: LookUpListener | null;
  /** Who takes down the decisions on a packet; null: nobody. */
  trailOf: ((host: Host, packet: Packet) => Trail) | null;
}

export function deviceNamed(host: Host, name: string): Device | null {
  for (const device of host.devices.values()) if (device.name === name) return device;
  return null;
}

export function count(host: Host, counter: string): void {
  host.counters.set(counter, (host.counters.get(counter) ?? 0) + 1);
}
