import { maskOf } from '../device.ts';
import type { FibRoute } from './fib-info.ts';

/**
 * Routes by prefix. Of one prefix they are in the order in which a look-up tries them: the greatest tos, then the least
 * metric, then as the commands that made them say.
 */
export interface FibTable {
  readonly number: number;
  /** The routes of a prefix. */
  at(destination: number, length: number): readonly FibRoute[];
  put(destination: number, length: number, routes: readonly FibRoute[]): void;
  /** Calls back with the routes of each prefix that contains `address`, the longest first, until that returns true. */
  search(address: number, visit: (routes: readonly FibRoute[]) => boolean): void;
  /** By prefix: the lowest address first, then the shortest. */
  routes(): readonly FibRoute[];
  readonly size: number;
}

export function createFibTable(number: number): FibTable {
  const byLength: (Map<number, readonly FibRoute[]> | undefined)[] = Array.from({ length: 33 }, () => undefined);
  let lengths: readonly number[] = [];
  let size = 0;
  const key = (destination: number, length: number): number => (destination & maskOf(length)) >>> 0;
  return {
    number,
    get size() {
      return size;
    },
    at: (destination, length) => byLength[length]?.get(key(destination, length)) ?? [],
    put: (destination, length, routes) => {
      const prefixes = byLength[length] ?? new Map<number, readonly FibRoute[]>();
      const place = key(destination, length);
      size += routes.length - (prefixes.get(place)?.length ?? 0);
      if (routes.length > 0) prefixes.set(place, routes);
      else prefixes.delete(place);
      byLength[length] = prefixes.size > 0 ? prefixes : undefined;
      lengths = byLength.flatMap((each, index) => (each ? [index] : [])).reverse();
    },
    search: (address, visit) => {
      for (const length of lengths) {
        const routes = byLength[length]?.get(key(address, length));
        if (routes && visit(routes)) return;
      }
    },
    routes: () =>
      byLength
        .flatMap((prefixes) => [...(prefixes?.values() ?? [])].flat())
        .sort((one, other) => one.destination - other.destination || one.length - other.length),
  };
}
