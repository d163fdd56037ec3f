import type { Connection, Tuple } from './connection.ts';

/** Connections by the address and port that they come from (nf_nat_bysource). */
export interface SourceIndex {
  add(connection: Connection): void;
  remove(connection: Connection): void;
  /** Those from the same source, the latest last. */
  from(tuple: Tuple): readonly Connection[];
}

/** Exact as a number for the protocols there are, 1, 6 and 17. */
const keyOf = ({ source, sourcePort, protocol }: Tuple): number => (source * 0x10000 + sourcePort) * 31 + protocol;

export function createSourceIndex(): SourceIndex {
  const bySource = new Map<number, Connection[]>();
  return {
    add: (connection) => {
      const key = keyOf(connection.original);
      const same = bySource.get(key);
      if (same) same.push(connection);
      else bySource.set(key, [connection]);
    },
    remove: (connection) => {
      const key = keyOf(connection.original);
      const same = bySource.get(key) ?? [];
      const place = same.indexOf(connection);
      if (place >= 0) same.splice(place, 1);
      if (same.length === 0) bySource.delete(key);
    },
    from: (tuple) => bySource.get(keyOf(tuple)) ?? none,
  };
}

const none: readonly Connection[] = [];
