import type { Connection, Tuple } from './connection.ts';

/** Connections by the address and port that they come from (nf_nat_bysource). */
export interface SourceIndex {
  add(connection: Connection): void;
  remove(connection: Connection): void;
  /** Those from the same source, the latest first. */
  from(tuple: Tuple): Iterable<Connection>;
}

const keyOf = ({ source, sourcePort, protocol }: Tuple): number => (source * 0x10000 + sourcePort) * 8 + (protocol & 7);

export function createSourceIndex(): SourceIndex {
  const bySource = new Map<number, readonly Connection[]>();
  return {
    add: (connection) => {
      const key = keyOf(connection.original);
      bySource.set(key, [connection, ...(bySource.get(key) ?? [])]);
    },
    remove: (connection) => {
      const key = keyOf(connection.original);
      const rest = bySource.get(key)?.filter((each) => each !== connection) ?? [];
      if (rest.length > 0) bySource.set(key, rest);
      else bySource.delete(key);
    },
    from: (tuple) => (bySource.get(keyOf(tuple)) ?? []).filter(({ original }) => original.protocol === tuple.protocol),
  };
}
