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
  /** The prefixes by length, the longest first: for look-ups, which try one length after another. */
  readonly levels: readonly FibLevel[];
  /** By prefix: the lowest address first, then the shortest. */
  routes(): readonly FibRoute[];
  readonly size: number;
}

/** The prefixes of one length. */
export interface FibLevel {
  readonly length: number;
  /** Signed, and so is a prefix: 32 bits that are a number's own, where those of an unsigned one may lie elsewhere. */
  readonly mask: number;
  /** Their routes, by `address & mask`. */
  readonly prefixes: ReadonlyMap<number, readonly FibRoute[]>;
}

type OwnLevel = FibLevel & { readonly prefixes: Map<number, readonly FibRoute[]> };

export function createFibTable(number: number): FibTable {
  let levels: readonly OwnLevel[] = [];
  let size = 0;
  const levelOf = (length: number): OwnLevel | undefined => levels.find((level) => level.length === length);
  const addLevel = (length: number): OwnLevel => {
    const added: OwnLevel = { length, mask: maskOf(length) | 0, prefixes: new Map() };
    levels = [...levels, added].sort((one, other) => other.length - one.length);
    return added;
  };
  return {
    number,
    get size() {
      return size;
    },
    get levels() {
      return levels;
    },
    at: (destination, length) => {
      const level = levelOf(length);
      return level?.prefixes.get(destination & level.mask) ?? [];
    },
    put: (destination, length, routes) => {
      const level = levelOf(length) ?? addLevel(length);
      const place = destination & level.mask;
      size += routes.length - (level.prefixes.get(place)?.length ?? 0);
      if (routes.length > 0) level.prefixes.set(place, routes);
      else level.prefixes.delete(place);
      if (level.prefixes.size === 0) levels = levels.filter((each) => each !== level);
    },
    routes: () =>
      levels
        .flatMap(({ prefixes }) => [...prefixes.values()].flat())
        .sort((one, other) => one.destination - other.destination || one.length - other.length),
  };
}
