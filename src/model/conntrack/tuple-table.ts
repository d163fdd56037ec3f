import { jhash2words } from '../jhash.ts';
import { status, type Connection, type Tuple } from './connection.ts';

/** Connections by the tuples of both their directions. */
export interface TupleTable {
  find(tuple: Tuple, now: number): Connection | null;
  /** @returns false if one of its tuples is another's already */
  insert(connection: Connection, now: number): boolean;
  remove(connection: Connection): void;
  /** Those that are alive, in the order in which they came. */
  all(now: number): readonly Connection[];
  readonly size: number;
}

/** How many insertions pass at least between two searches for what has died. */
const sweepInterval = 1024;

export function createTupleTable(): TupleTable {
  const connections = new Set<Connection>();
  let slots = createSlots(64);
  let insertions = 0;

  /** Makes room for a connection: at most half of the slots are in use. */
  const makeRoom = (): void => {
    if ((slots.used + 2) * 2 <= slots.capacity) return;
    let capacity = 64;
    while (capacity < (connections.size + 1) * 8) capacity *= 2;
    slots = createSlots(capacity);
    for (const connection of connections) putBoth(slots, connection);
  };
  const remove = (connection: Connection): void => {
    if (!connections.delete(connection)) return;
    connection.status |= status.dying;
    slots.drop(connection.original);
    slots.drop(connection.reply);
  };
  const find = (tuple: Tuple, now: number): Connection | null => {
    const found = slots.get(tuple);
    if (found === null || found.expires > now) return found;
    remove(found);
    return null;
  };
  const sweep = (now: number): void => {
    insertions = 0;
    for (const connection of connections) if (connection.expires <= now) remove(connection);
  };

  return {
    find,
    remove,
    insert: (connection, now) => {
      if (find(connection.original, now) ?? find(connection.reply, now)) return false;
      insertions += 1;
      if (insertions >= Math.max(sweepInterval, connections.size)) sweep(now);
      makeRoom();
      connections.add(connection);
      putBoth(slots, connection);
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

/** Two entries, one for each direction; but one for a connection that is its own answer. */
function putBoth(slots: Slots, connection: Connection): void {
  slots.put(connection.original, connection);
  slots.put(connection.reply, connection);
}

/**
 * A hash table with open addressing. What a tuple is compared with lies together in 16 bytes, so that a look-up among a million
 * connections touches little memory besides the connection's own.
 */
interface Slots {
  readonly capacity: number;
  /** Slots that aren't free, among them those of what was dropped. */
  readonly used: number;
  get(tuple: Tuple): Connection | null;
  /** Puts it in the tuple's own slot if that has one, or else in a free one. */
  put(tuple: Tuple, connection: Connection): void;
  drop(tuple: Tuple): void;
}

/** Of a slot that was never used, and of one whose tuple is gone, behind which there may be others. */
const [free, dropped] = [0, -1] as const;

/** @param capacity a power of two */
function createSlots(capacity: number): Slots {
  /** By slot: source, destination, both ports, the protocol's number plus one. */
  const keys = new Int32Array(capacity * 4);
  const values = Array.from({ length: capacity }, (): Connection | null => null);
  let used = 0;
  /** The slot that has the tuple, or the free one where the search for it ends. */
  const slotOf = ({ source, destination, sourcePort, destinationPort, protocol }: Tuple): number => {
    const ports = (sourcePort << 16) | destinationPort;
    let slot = jhash2words(source, destination, ports ^ (protocol << 24)) & (capacity - 1);
    for (; ; slot = (slot + 1) & (capacity - 1)) {
      const at = slot * 4;
      if (keys[at + 3] === free) return slot;
      if (keys[at + 3] !== protocol + 1 || keys[at + 2] !== ports) continue;
      if (keys[at] === (source | 0) && keys[at + 1] === (destination | 0)) return slot;
    }
  };
  return {
    capacity,
    get used() {
      return used;
    },
    get: (tuple) => values[slotOf(tuple)] ?? null,
    put: (tuple, connection) => {
      const slot = slotOf(tuple);
      if (keys[slot * 4 + 3] === free) used += 1;
      const { source, destination, sourcePort, destinationPort, protocol } = tuple;
      keys.set([source, destination, (sourcePort << 16) | destinationPort, protocol + 1], slot * 4);
      values[slot] = connection;
    },
    drop: (tuple) => {
      const slot = slotOf(tuple);
      if (keys[slot * 4 + 3] === free) return;
      keys[slot * 4 + 3] = dropped;
      values[slot] = null;
    },
  };
}
