import type { NamedSet, NetfilterCommand, TableName } from '../netfilter.ts';
import { refuse } from '../refusal.ts';
import { unexpected, type Cursor } from './cursor.ts';
import { scopeOf, type KnownSets, type Scope } from './scope.ts';
import type { Source, Token } from './token.ts';

/** What a run of nft has read so far, and what it makes of it. */
export interface Session {
  readonly cursor: Cursor;
  readonly emit: (command: NetfilterCommand) => void;
  /** The family that a table's name may begin with; `ip` where there is none. */
  family(required: boolean): 'ip' | 'inet';
  set(table: TableName, name: string): NamedSet | undefined;
  declare(table: TableName, set: NamedSet, mustBeNew: boolean): void;
  /** A table is gone with its sets; null: all are. */
  forget(table: TableName | null): void;
  scope(table: TableName): Scope;
  /** `define NAME = VALUE` and its kin, if one begins here. */
  readDefinition(): boolean;
  /** The same, reading elsewhere. */
  over(cursor: Cursor): Session;
  /** The source between two offsets. */
  textOf(from: number, to: number): string;
}

const otherFamilies = ['ip6', 'arp', 'bridge', 'netdev'];
const nameOf = ({ family, name }: TableName): string => `${family} ${name}`;

export function startSession(source: Source, cursor: Cursor, known: KnownSets, commands: NetfilterCommand[]): Session {
  const declared = new Map<string, Map<string, NamedSet>>();
  const forgotten = new Set<string>();
  let allForgotten = false;
  const set: Session['set'] = (table, name) =>
    declared.get(nameOf(table))?.get(name) ??
    (allForgotten || forgotten.has(nameOf(table)) ? undefined : known(table, name));
  const over = (elsewhere: Cursor): Session => ({
    cursor: elsewhere,
    over,
    set,
    emit: (command) => commands.push(command),
    family: (required) => {
      const token = elsewhere.peek();
      if (otherFamilies.includes(token.text)) {
        refuse(token.at, `family ${token.text} is not modelled`, 'families are ip and inet, of which IPv4 is modelled');
      }
      for (const family of ['ip', 'inet'] as const) if (elsewhere.accept(family)) return family;
      return required ? unexpected(token, 'a family (ip, inet)') : 'ip';
    },
    declare: (table, added, mustBeNew) => {
      const sets = declared.get(nameOf(table)) ?? new Map<string, NamedSet>();
      declared.set(nameOf(table), sets.set(added.name, added));
      commands.push({ kind: 'add-set', table, set: added, mustBeNew });
    },
    forget: (table) => {
      if (table) declared.delete(nameOf(table));
      else declared.clear();
      if (table) forgotten.add(nameOf(table));
      else allForgotten = true;
    },
    scope: (table) => scopeOf(elsewhere, table, (name) => set(table, name)),
    readDefinition: () => readDefinition(elsewhere),
    textOf: (from, to) => source.text.slice(from, to).replace(/\s+/g, ' '),
  });
  return over(cursor);
}

function readDefinition(cursor: Cursor): boolean {
  const token = cursor.peek();
  if (cursor.accept('undefine')) {
    cursor.define(cursor.name("a variable's name"), null);
    return true;
  }
  if (!cursor.sees('define') && !cursor.sees('redefine')) return false;
  cursor.next();
  const name = cursor.name("a variable's name");
  if (token.text === 'define' && cursor.isDefined(name)) refuse(token.at, `variable $${name} is defined already`);
  cursor.expect('=');
  cursor.define(name, readValue(cursor));
  return true;
}

/** The tokens of a variable's value: to the line's end, but past those within braces. */
function readValue(cursor: Cursor): readonly Token[] {
  const tokens: Token[] = [];
  for (let depth = 0; ;) {
    const token = cursor.peek();
    if (token.kind === 'end' || (token.kind === 'separator' && depth === 0)) break;
    if (cursor.sees('{')) depth++;
    if (cursor.sees('}')) depth--;
    if (depth < 0) break;
    tokens.push(cursor.next());
  }
  return tokens.length > 0 ? tokens : unexpected(cursor.peek(), "a variable's value");
}
