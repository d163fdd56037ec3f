import type { NamedSet, Statement, TableName } from '../netfilter.ts';
import type { Cursor } from './cursor.ts';

/** The sets that a table has before the command: without it their elements can't be told, `ssh` is a port or a device. */
export type KnownSets = (table: TableName, name: string) => NamedSet | undefined;

/** What the parts of a rule are read in. */
export interface Scope {
  readonly cursor: Cursor;
  readonly table: TableName;
  readonly set: (name: string) => NamedSet | undefined;
  /** The rule so far; what a field presupposes (`tcp dport`: that it is TCP) is put before the match that names it. */
  readonly statements: Statement[];
  /** What is known of a packet that has come so far. */
  readonly known: Known;
}

export interface Known {
  /** The transport protocol. Of a set of them nft takes the last for granted, and so does this. */
  transport: number | null;
  /** That it is IPv4, which in a table of family ip goes without saying. */
  ipv4: boolean;
}

export function scopeOf(cursor: Cursor, table: TableName, set: Scope['set']): Scope {
  return { cursor, table, set, statements: [], known: { transport: null, ipv4: table.family === 'ip' } };
}
