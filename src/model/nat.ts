import type { NatFlag } from '../candidate/commands/netfilter.ts';
import { formatIPv4 } from '../net/address.ts';
import { describeTuple, invert, sameTuple, status, type Connection, type Tuple } from './conntrack/connection.ts';
import type { Host } from './host.ts';
import { jhashWords } from './jhash.ts';
import { isIcmpError, protocols, type Packet } from './packet.ts';
import { isReply, type SkBuff } from './skbuff.ts';

/** Which end of a packet is translated: its source after routing, its destination before. */
export type Manipulation = 'source' | 'destination';

/** What a translation may come to. Whole ranges, both ends included. */
export interface NatRange {
  readonly addresses: { readonly from: number; readonly to: number } | null;
  readonly ports: { readonly from: number; readonly to: number } | null;
  readonly flags: readonly NatFlag[];
}

const doneBit = { source: status.sourceNatDone, destination: status.destinationNatDone } as const;
const natBit = { source: status.sourceNat, destination: status.destinationNat } as const;

export function isSetUp(connection: Connection, manipulation: Manipulation): boolean {
  return (connection.status & doneBit[manipulation]) !== 0;
}

/** Whether both of its ends are what they will be for good. */
export function isDecided(connection: Connection): boolean {
  return isSetUp(connection, 'source') && isSetUp(connection, 'destination');
}

/** Whether anything of it is another than its sender has said. */
export function isTranslated({ status: bits }: Connection): boolean {
  return (bits & (natBit.source | natBit.destination)) !== 0;
}

/**
 * Decides for good what becomes of a connection's source or destination (net/netfilter/nf_nat_core.c, nf_nat_setup_info).
 *
 * @param range null: nothing was said, so it stays as it is, unless its port is another's already
 */
export function setUpNat(host: Host, skb: SkBuff, manipulation: Manipulation, range: NatRange | null): void {
  const { connection } = skb;
  if (!connection || isSetUp(connection, manipulation)) return;
  const current = invert(connection.reply);
  if (!current) return;
  const end = manipulation === 'source' ? current.source : current.destination;
  const wanted = range ?? { addresses: { from: end, to: end }, ports: null, flags: [] };
  const chosen = uniqueTuple(host, connection, current, wanted, manipulation);
  if (!sameTuple(chosen, current)) {
    const reply = invert(chosen);
    if (reply) connection.reply = reply;
    connection.status |= natBit[manipulation];
  }
  if (manipulation === 'source') host.conntrack.sources.add(connection);
  connection.status |= doneBit[manipulation];
}

/** Takes down what was decided for good, once the rule has been that decided it. */
export function describeSetUp({ trail }: SkBuff, { reply }: Connection, manipulation: Manipulation): void {
  const chosen = trail && invert(reply);
  if (chosen) trail('nat', `${manipulation === 'source' ? 'SNAT' : 'DNAT'}: from now on ${describeTuple(chosen)}`);
}

/** A tuple within the range whose answers can be told from all others (get_unique_tuple). */
function uniqueTuple(
  host: Host,
  connection: Connection,
  original: Tuple,
  range: NatRange,
  manipulation: Manipulation,
): Tuple {
  const anyPort = range.flags.includes('fully-random');
  if (manipulation === 'source' && !anyPort && !range.flags.includes('random')) {
    if (isWithin(original, range, manipulation)) {
      if (isFree(host, original, connection)) return original;
    } else {
      const reused = sameSource(host, original, range);
      if (reused && isFree(host, reused, connection)) return reused;
    }
  }
  const tuple = withAddress(original, range, manipulation);
  if (!anyPort && !range.flags.includes('random')) {
    if (range.ports) {
      const { from, to } = range.ports;
      const port = portOf(tuple, manipulation);
      if (port >= from && port <= to && (from === to || isFree(host, tuple, connection))) return tuple;
    } else if (isFree(host, tuple, connection)) return tuple;
  }
  return freePort(host, connection, tuple, range, manipulation);
}

/** Whether no other connection's answers are those of this tuple. */
function isFree(host: Host, tuple: Tuple, own: Connection): boolean {
  const answer = invert(tuple);
  const found = answer && host.conntrack.table.find(answer, host.clock.now);
  return found === null || found === own;
}

/** The mapping that another connection from the same source has, if it fits. */
function sameSource(host: Host, original: Tuple, range: NatRange): Tuple | null {
  const others = host.conntrack.sources.from(original);
  // The latest comes first.
  for (let place = others.length - 1; place >= 0; place -= 1) {
    const each = others[place];
    const mapped = each && each.expires > host.clock.now ? invert(each.reply) : null;
    if (!mapped) continue;
    const tuple = { ...original, source: mapped.source, sourcePort: mapped.sourcePort };
    if (isWithin(tuple, range, 'source')) return tuple;
  }
  return null;
}

function isWithin(tuple: Tuple, { addresses, ports }: NatRange, manipulation: Manipulation): boolean {
  const address = manipulation === 'source' ? tuple.source : tuple.destination;
  if (addresses && (address < addresses.from || address > addresses.to)) return false;
  const port = portOf(tuple, manipulation);
  return !ports || (port >= ports.from && port <= ports.to);
}

/** Of several addresses, one that the other end's gives (find_best_ips_proto). */
function withAddress(tuple: Tuple, { addresses, flags }: NatRange, manipulation: Manipulation): Tuple {
  if (!addresses) return tuple;
  const { from, to } = addresses;
  const span = to - from + 1;
  const other = flags.includes('persistent') ? 0 : networkOrder(tuple.destination);
  // Of a range of addresses, that is of little-endian words in network order.
  const hash = span === 1 ? 0 : jhashWords([networkOrder(tuple.source), 0, 0, 0], other);
  const address = from + Math.floor((hash * span) / 2 ** 32);
  return manipulation === 'source' ? { ...tuple, source: address } : { ...tuple, destination: address };
}

function networkOrder(address: number): number {
  return (((address & 0xff) << 24) | ((address & 0xff00) << 8) | ((address >>> 8) & 0xff00) | (address >>> 24)) >>> 0;
}

function portOf(tuple: Tuple, manipulation: Manipulation): number {
  return manipulation === 'source' || tuple.protocol === protocols.icmp ? tuple.sourcePort : tuple.destinationPort;
}

function withPort(tuple: Tuple, port: number, manipulation: Manipulation): Tuple {
  return manipulation === 'source' || tuple.protocol === protocols.icmp
    ? { ...tuple, sourcePort: port }
    : { ...tuple, destinationPort: port };
}

/** The greatest number of ports that are tried at first. */
const mostAttempts = 128;
const leastAttempts = 16;

/** Searches for a port that is free (nf_nat_l4proto_unique_tuple). What it begins with is random, or where the last search ended. */
function freePort(
  host: Host,
  connection: Connection,
  tuple: Tuple,
  { ports }: NatRange,
  manipulation: Manipulation,
): Tuple {
  if (!ports && manipulation === 'destination' && tuple.protocol !== protocols.icmp) return tuple;
  const { from, to } = ports ?? portsLike(tuple, manipulation);
  const size = to - from + 1;
  const inTurn = host.era.natPortSearch === 'in-turn';
  let attempts = inTurn ? size : Math.min(size, mostAttempts);
  for (;;) {
    let offset = inTurn ? host.conntrack.portRover : host.random.below(0x10000);
    for (let attempt = 0; attempt < attempts; attempt += 1, offset += 1) {
      const found = withPort(tuple, from + (offset % size), manipulation);
      if (!isFree(host, found, connection)) continue;
      host.conntrack.portRover = offset + 1;
      return found;
    }
    if (attempts >= size || attempts < leastAttempts) return withPort(tuple, from + (offset % size), manipulation);
    attempts = Math.floor(attempts / 2);
  }
}

/** Ports of the same rank as the one there is. */
function portsLike(tuple: Tuple, manipulation: Manipulation): { readonly from: number; readonly to: number } {
  if (tuple.protocol === protocols.icmp) return { from: 0, to: 0xffff };
  const port = portOf(tuple, manipulation);
  if (port < 512) return { from: 1, to: 511 };
  if (port < 1024) return { from: 600, to: 1023 };
  return { from: 1024, to: 0xffff };
}

/** Translates a packet as its connection says (nf_nat_packet). */
export function translate(skb: SkBuff, manipulation: Manipulation): void {
  const { connection, packet } = skb;
  if (!connection) return;
  const reply = isReply(skb);
  // What was done to the source of requests is undone at the destination of their answers.
  const bit = natBit[reply ? opposite(manipulation) : manipulation];
  if (!(connection.status & bit)) return;
  const target = invert(reply ? connection.original : connection.reply);
  if (!target) return;
  skb.packet = isIcmpError(packet)
    ? translateError(packet, target, reply ? connection.original : connection.reply, manipulation)
    : rewrite(packet, target, manipulation);
  const end = manipulation === 'source' ? 'source' : 'destination';
  const now = skb.packet;
  const port =
    now.protocol === protocols.icmp ? '' : `:${manipulation === 'source' ? now.sourcePort : now.destinationPort}`;
  skb.trail?.('nat', `${end} becomes ${formatIPv4(now[end])}${port}`);
}

function opposite(manipulation: Manipulation): Manipulation {
  return manipulation === 'source' ? 'destination' : 'source';
}

function rewrite(packet: Packet, target: Tuple, manipulation: Manipulation): Packet {
  const icmp = packet.icmp;
  if (icmp) {
    const translated = { ...icmp, identifier: target.sourcePort };
    return manipulation === 'source'
      ? { ...packet, source: target.source, icmp: translated }
      : { ...packet, destination: target.destination, icmp: translated };
  }
  return manipulation === 'source'
    ? { ...packet, source: target.source, sourcePort: target.sourcePort }
    : { ...packet, destination: target.destination, destinationPort: target.destinationPort };
}

/** An error is translated, and so is what it quotes, the other way round (nf_nat_icmp_reply_translation). */
function translateError(
  packet: Packet & { readonly icmp: { readonly about: Packet } },
  target: Tuple,
  quoted: Tuple,
  manipulation: Manipulation,
): Packet {
  const about = rewrite(packet.icmp.about, quoted, opposite(manipulation));
  const icmp = { ...packet.icmp, about } as Packet['icmp'];
  return manipulation === 'source'
    ? { ...packet, icmp, source: target.source }
    : { ...packet, icmp, destination: target.destination };
}
