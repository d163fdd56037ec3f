import type { Statement } from '../../candidate/commands/netfilter.ts';
import type { Evaluation, Netfilter } from './netfilter.ts';

/*
 * Lists of addresses and of when they were seen (net/netfilter/xt_recent.c). A list is there for as long as any rule names it, in
 * whatever table. It isn't told apart here by TTL (`--rttl`).
 */

type Recent = Extract<Statement, { kind: 'recent' }>;

export interface RecentList {
  /** Of addresses, as the first rule has it that named the list. */
  readonly mask: number;
  /** How many times are kept for an address. */
  room: number;
  /** By address: seconds at which it was seen, the latest last. The address that was noted longest ago comes first. */
  readonly seen: Map<number, number[]>;
}

/** Addresses that a list has room for (ip_list_tot), and times of an address, where no rule asks for hits. */
const [addresses, times] = [100, 32];

/** Makes the lists that rules name, and forgets those that none does any more. One that needs more room begins anew. */
export function keepRecentLists(netfilter: Netfilter): void {
  const rules = [...netfilter.tables.values()].flatMap(({ chains }) =>
    [...chains.values()].flatMap((each) => each.rules),
  );
  const naming = rules.flatMap(({ rule, handle }) =>
    rule.statements.flatMap((statement) => (statement.kind === 'recent' ? [{ handle, statement }] : [])),
  );
  for (const name of netfilter.recentLists.keys()) {
    if (!naming.some(({ statement }) => statement.list === name)) netfilter.recentLists.delete(name);
  }
  for (const { statement } of naming.toSorted((one, other) => one.handle - other.handle)) {
    const room = statement.hits === 0 ? times : 2 ** Math.ceil(Math.log2(statement.hits));
    const list = netfilter.recentLists.get(statement.list);
    if (!list) netfilter.recentLists.set(statement.list, { mask: statement.mask, room, seen: new Map() });
    else if (list.room < room) {
      list.room = room;
      list.seen.clear();
    }
  }
}

/** Whether a rule goes on with a packet. */
export function askRecent(statement: Recent, { host, skb }: Evaluation): boolean {
  const { operation, invert } = statement;
  const list = host.netfilter.recentLists.get(statement.list);
  if (!list) throw new Error(`there is no list ${statement.list}`);
  const { now } = host.clock;
  const address = (statement.side === 'ip saddr' ? skb.packet.source : skb.packet.destination) & list.mask;
  const seen = list.seen.get(address);
  if (!seen) {
    if (operation === 'set') note(list, address, now);
    return (operation === 'set') !== invert;
  }
  const found = operation === 'set' || operation === 'remove' || wasSeen(statement, seen, now);
  const isNoted = operation === 'set' || (operation === 'update' && found !== invert);
  if (operation === 'remove') list.seen.delete(address);
  if (statement.reaps) reap(list, now - (statement.seconds ?? 0), isNoted ? address : null);
  if (isNoted) note(list, address, now);
  return found !== invert;
}

function wasSeen({ seconds, hits }: Recent, seen: readonly number[], now: number): boolean {
  const recently = seconds === null ? seen : seen.filter((time) => time >= now - seconds);
  return recently.length >= Math.max(1, hits);
}

function note(list: RecentList, address: number, now: number): void {
  const seen = list.seen.get(address) ?? [];
  const [oldest] = list.seen.keys();
  if (seen.length === 0 && list.seen.size >= addresses && oldest !== undefined) list.seen.delete(oldest);
  seen.push(now);
  if (seen.length > list.room) seen.shift();
  list.seen.delete(address);
  list.seen.set(address, seen);
}

/** @param spared the address that is about to be noted */
function reap({ seen }: RecentList, before: number, spared: number | null): void {
  const [oldest] = seen;
  if (oldest && oldest[0] !== spared && (oldest[1].at(-1) ?? 0) < before) seen.delete(oldest[0]);
}
