import { protocols } from '../packet.ts';
import { status, type Connection, type Tuple } from './connection.ts';

/** Connections by the tuples of both their directions. */
export interface TupleTable {
  find(tuple: Tuple, now: number): Connection | null;
  /** @returns false if one of its tuples is another's already */
  insert(connection: Connection, now: number): boolean;
  remove(connection: Connection): void;
  /** Those that are alive. */
  all(now: number): readonly Connection[];
  readonly size: number;
}

/** The source in 48 bits, the destination and the protocol in 50: both are exact as numbers. */
const sourceKey = ({ source, sourcePort }: Tuple): number => source * 0x10000 + sourcePort;
const protocolIndex = new Map<number, number>([
  [protocols.icmp, 1],
  [protocols.tcp, 2],
  [protocols.udp, 3],
]);
const destinationKey = ({ destination, destinationPort, protocol }: Tuple): number =>
  (destination * 0x10000 + destinationPort) * 4 + (protocolIndex.get(protocol) ?? 0);

/** How many insertions pass between two searches for what has died. */
const sweepInterval = 1024;

export function createTupleTable(): TupleTable {
  const bySource = new Map<number, Map<number, Connection>>();
  const connections = new Set<Connection>();
  let insertions = 0;

  const get = (tuple: Tuple): Connection | undefined => bySource.get(sourceKey(tuple))?.get(destinationKey(tuple));
  const put = (tuple: Tuple, connection: Connection): void => {
    const key = sourceKey(tuple);
    const found = bySource.get(key);
    if (found) found.set(destinationKey(tuple), connection);
    else bySource.set(key, new Map([[destinationKey(tuple), connection]]));
  };
  const drop = (tuple: Tuple): void => {
    const key = sourceKey(tuple);
    const found = bySource.get(key);
    found?.delete(destinationKey(tuple));
    if (found?.size === 0) bySource.delete(key);
  };
  const remove = (connection: Connection): void => {
    if (!connections.delete(connection)) return;
    connection.status |= status.dying;
    drop(connection.original);
    drop(connection.reply);
  };
  const find = (tuple: Tuple, now: number): Connection | null => {
    const found = get(tuple);
    if (found === undefined) return null;
    if (found.expires > now) return found;
    remove(found);
    return null;
  };
  const sweep = (now: number): void => {
    for (const connection of connections) if (connection.expires <= now) remove(connection);
  };

  return {
    find,
    remove,
    insert: (connection, now) => {
      if (find(connection.original, now) ?? find(connection.reply, now)) return false;
      insertions += 1;
      if (insertions % Math.max(sweepInterval, connections.size) === 0) sweep(now);
      connections.add(connection);
      put(connection.original, connection);
      put(connection.reply, connection);
      return true;
    },
    all: (now) => {
      sweep(now);
      return [...connections];
    },
    get size() {
      return connections.size;
    },
  };
}
