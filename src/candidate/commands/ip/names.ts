import { refuse, notModelled } from '../refusal.ts';
import { keywordFor, meant } from '../keyword.ts';
import { readUnsigned } from '../number.ts';
import type { RouteType } from '../ip.ts';
import type { Word } from '../word.ts';

/* Names for numbers, as iproute2 and Debian's /etc/iproute2 have them. */

export type TableNames = ReadonlyMap<string, number>;

/** Tables that always have a name. */
export const tables: TableNames = new Map([
  ['unspec', 0],
  ['default', 253],
  ['main', 254],
  ['local', 255],
]);

/** Routing protocols: who made a route. */
export const protocols = new Map([
  ['unspec', 0],
  ['redirect', 1],
  ['kernel', 2],
  ['boot', 3],
  ['static', 4],
  ['gated', 8],
  ['ra', 9],
  ['mrt', 10],
  ['zebra', 11],
  ['bird', 12],
  ['dnrouted', 13],
  ['xorp', 14],
  ['ntk', 15],
  ['dhcp', 16],
  ['keepalived', 18],
  ['babel', 42],
  ['openr', 99],
  ['bgp', 186],
  ['isis', 187],
  ['ospf', 188],
  ['rip', 189],
  ['eigrp', 192],
]);

export const scopes = new Map([
  ['global', 0],
  ['site', 200],
  ['link', 253],
  ['host', 254],
  ['nowhere', 255],
]);

export const differentiatedServices = new Map([
  ['default', 0],
  ...[1, 2, 3, 4, 5, 6, 7].map((precedence): [string, number] => [`CS${precedence}`, precedence << 5]),
  ...[1, 2, 3, 4].flatMap((group) =>
    [1, 2, 3].map((drop): [string, number] => [`AF${group}${drop}`, (group << 5) | (drop << 3)]),
  ),
  ['EF', 0xb8],
]);

/** Those of RFC 1700 and its successors that scripts name. */
export const ipProtocols = new Map([
  ['ip', 0],
  ['icmp', 1],
  ['igmp', 2],
  ['ipencap', 4],
  ['tcp', 6],
  ['udp', 17],
  ['dccp', 33],
  ['gre', 47],
  ['esp', 50],
  ['ah', 51],
  ['ospf', 89],
  ['sctp', 132],
  ['udplite', 136],
]);

const types: readonly { readonly name: string; readonly short: boolean; readonly type: RouteType | null }[] = [
  { name: 'local', short: false, type: 'local' },
  { name: 'nat', short: false, type: null },
  { name: 'broadcast', short: true, type: 'broadcast' },
  { name: 'brd', short: false, type: 'broadcast' },
  { name: 'anycast', short: true, type: null },
  { name: 'multicast', short: true, type: 'multicast' },
  { name: 'prohibit', short: true, type: 'prohibit' },
  { name: 'unreachable', short: true, type: 'unreachable' },
  { name: 'blackhole', short: true, type: 'blackhole' },
  { name: 'xresolve', short: true, type: null },
  { name: 'unicast', short: true, type: 'unicast' },
  { name: 'throw', short: false, type: 'throw' },
];

/**
 * A routing table, by name or number.
 *
 * @param named those of /etc/iproute2/rt_tables
 */
export function tableIn(word: Word, named: TableNames): number {
  const table = tables.get(word.text) ?? named.get(word.text) ?? readUnsigned(word.text);
  if (table !== null && table <= 0xffffffff) return table;
  return refuse(
    word.at,
    `there is no routing table ${JSON.stringify(word.text)}`,
    meant(word, [...tables.keys(), ...named.keys()]) ||
      'give its number: the names in /etc/iproute2/rt_tables are not read',
  );
}

/**
 * The name of a device, as the kernel takes it for a new one: at most 15 bytes, no slash and no white space.
 */
export function deviceIn(word: Word): string {
  if (/^[^/\s]+$/.test(word.text) && new TextEncoder().encode(word.text).length <= 15) return word.text;
  return refuse(word.at, `expected the name of a device, up to 15 characters, got ${JSON.stringify(word.text)}`);
}

/** A routing protocol. */
export function protocolIn(word: Word): number {
  return named(word, 'a routing protocol', protocols, 255);
}

/** A routing scope. */
export function scopeIn(word: Word): number {
  return named(word, 'a scope', scopes, 255);
}

/** A TOS byte; its numbers are hexadecimal even without `0x`. */
export function tosIn(word: Word): number {
  return named(word, 'a TOS', differentiatedServices, 255, 16);
}

/** A protocol above IP; its numbers are decimal. */
export function ipProtocolIn(word: Word): number {
  const lower = /^[A-Z]+$/.test(word.text) ? word.text.toLowerCase() : word.text;
  return named({ text: lower, at: word.at }, 'a protocol', ipProtocols, 255, 10);
}

/** The type of a route, or null where the word is none. */
export function typeIn(word: Word): RouteType | null {
  const found = keywordFor(word, types);
  if (found) return found.type ?? notModelled(word.at, `the route type ${found.name}`);
  return readUnsigned(word.text) === null ? null : notModelled(word.at, `a route type by number (${word.text})`);
}

/** The name that `ip` prints for a number; undefined: it has none. */
export function nameOf(number: number, names: ReadonlyMap<string, number>): string | undefined {
  return [...names].find(([, value]) => value === number)?.[0];
}

function named(
  word: Word,
  what: string,
  names: ReadonlyMap<string, number>,
  limit: number,
  base: 0 | 10 | 16 = 0,
): number {
  const value = names.get(word.text) ?? readUnsigned(word.text, base);
  if (value !== null && value <= limit) return value;
  const known = [...names.keys()];
  return refuse(
    word.at,
    `expected ${what}, got ${JSON.stringify(word.text)}`,
    meant(word, known) || `a number up to ${limit}, or one of ${known.join(', ')}`,
  );
}
