import { sipHash24, type SipHashKey } from '../net/siphash.ts';
import { LabError } from '../net/error.ts';

/** What fib_multipath_hash_policy 0 hashes. Addresses are unsigned 32-bit numbers; an unbound sender's source is 0 (0.0.0.0). */
export interface FlowAddresses {
  readonly source: number;
  readonly destination: number;
}

/** What policy 1 hashes: ports are 0 for any fragment and for protocols without ports, ICMP among them. */
export interface Flow extends FlowAddresses {
  /** IP protocol number: 17 for UDP, 6 for TCP. */
  readonly protocol: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

/**
 * How a sender's own source address bears on the choice of the nexthop (net/ipv4/fib_semantics.c, fib_select_multipath):
 *
 * - `plain`: not at all. 5.0 to 6.15, and the long-term kernels of that range.
 * - `prefer-last`: a nexthop with that source address wins; a source that belongs to none makes the last nexthop win
 *   whatever the hash, which was an oversight. 6.16 to 6.18.3; commit 32607a332cfe.
 * - `score`: a nexthop with that source address wins; a source that belongs to none leaves it to the hash.
 *   6.18.4 and later; commit 6e17474aa9fe.
 *
 * Forwarded packets, and senders without an address, are treated alike by all three.
 */
export type SourcePreference = 'plain' | 'prefer-last' | 'score';

/** A nexthop as the choice sees it. */
export interface NexthopChoice {
  /** From `upperBounds`; -1 for a nexthop that is not in use. */
  readonly upperBound: number;
  /** The address that the kernel would send from through it (nh_saddr: of the device, not the route's `src`); 0 for none. */
  readonly source: number;
  /** False only where fib_multipath_use_neigh is on and the gateway's neighbour entry is known bad. */
  readonly reachable: boolean;
}

/** The bound of the last nexthop in use, and the largest hash there is. */
const largestHash = 0x7fffffff;
/** struct flow_keys from its `basic` field on, with IPv4 addresses, rounded up to whole 64-bit words. */
const flowKeysLength = 48;
const flowKeysOffset = { protocol: 2, sourcePort: 28, destinationPort: 30, source: 36, destination: 40 } as const;

/**
 * The SipHash key that net.ipv4.fib_multipath_hash_seed (6.11 and later) stands for: the seed four times over
 * (include/net/ip_fib.h, fib_multipath_hash_construct_key).
 *
 * @param seed the sysctl's value, an unsigned 32-bit number but not 0
 * @throws LabError 'invalid' for any other; 0 means a random seed, drawn once a boot
 */
export function multipathKey(seed: number): SipHashKey {
  if (!Number.isInteger(seed) || seed < 1 || seed > 0xffffffff) {
    throw new LabError('invalid', `expected a multipath hash seed from 1 to 4294967295, got ${seed}`);
  }
  const word = { high: seed, low: seed };
  return { k0: word, k1: word };
}

/**
 * The 31-bit hash of a flow under fib_multipath_hash_policy 0 (net/ipv4/route.c, fib_multipath_hash), as of 6.0; the same
 * in both directions. For an ICMP error, the caller passes the addresses of the packet it is about.
 *
 * @throws LabError 'invalid' for a seed that `multipathKey` refuses
 */
export function hashL3(flow: FlowAddresses, seed: number): number {
  return hashL4(
    { source: flow.source, destination: flow.destination, protocol: 0, sourcePort: 0, destinationPort: 0 },
    seed,
  );
}

/**
 * The 31-bit hash of a flow under fib_multipath_hash_policy 1, as of 6.0; the same in both directions.
 *
 * The kernel does not get as far as this for packets of connected sockets that it has just forwarded between two
 * namespaces: those still carry their socket's random hash (skb->l4_hash).
 *
 * @throws LabError 'invalid' for a seed that `multipathKey` refuses
 */
export function hashL4(flow: Flow, seed: number): number {
  return hashKeys(flow, seed) >>> 1;
}

/**
 * How source and destination are put in order before they are hashed, so that an answer hashes as its request does
 * (net/core/flow_dissector.c, __flow_hash_consistentify): `pairs`, address and port together, to 5.14; `signed`, each for
 * itself, addresses by the sign of their difference, to 5.19; `unsigned` since 64ae13ed4784 in 6.0.
 */
export type HashOrder = 'pairs' | 'signed' | 'unsigned';

/**
 * All 32 bits of the hash of a flow's keys; never 0.
 *
 * @throws LabError 'invalid' for a seed that `multipathKey` refuses
 */
export function hashKeys(flow: Flow, seed: number, order: HashOrder = 'unsigned'): number {
  const keys = new Uint8Array(flowKeysLength);
  const view = new DataView(keys.buffer);
  view.setUint8(flowKeysOffset.protocol, flow.protocol);
  // The kernel compares the words as they lie in memory, in network order, on a little-endian machine: last octet first.
  const [source, destination] = [reverse32(flow.source), reverse32(flow.destination)];
  const [from, to] = [reverse16(flow.sourcePort), reverse16(flow.destinationPort)];
  const difference = (destination - source) | 0;
  const swapAddresses =
    order === 'unsigned'
      ? destination < source
      : difference < 0 || (order === 'pairs' && difference === 0 && to < from);
  const swapPorts = order === 'pairs' ? swapAddresses : to < from;
  view.setUint32(flowKeysOffset.source, swapAddresses ? flow.destination : flow.source);
  view.setUint32(flowKeysOffset.destination, swapAddresses ? flow.source : flow.destination);
  view.setUint16(flowKeysOffset.sourcePort, swapPorts ? flow.destinationPort : flow.sourcePort);
  view.setUint16(flowKeysOffset.destinationPort, swapPorts ? flow.sourcePort : flow.destinationPort);
  return sipHash24(multipathKey(seed), keys).low || 1;
}

/**
 * The largest hash that each nexthop of a route takes, in the route's order; -1 for those not in use
 * (net/ipv4/fib_semantics.c, fib_rebalance). Shares are proportional to the weights of the nexthops in use.
 *
 * The kernel works this out when the route is made and when one of its devices goes up or down, not at each lookup.
 *
 * @param nexthops weights are `ip route`'s, 1 to 256; alive means neither dead nor, with ignore_routes_with_linkdown,
 *   without carrier
 */
export function upperBounds(
  nexthops: readonly { readonly weight: number; readonly alive: boolean }[],
): readonly number[] {
  const total = nexthops.reduce((sum, { weight, alive }) => sum + (alive ? weight : 0), 0);
  let weight = 0;
  return nexthops.map((nexthop) => {
    if (!nexthop.alive) return -1;
    weight += nexthop.weight;
    // Rounded to nearest. Exact: weight * 2^31 stays below 2^53 for weights that add up to less than four million.
    return Math.min(Math.floor((weight * 2 ** 31 + Math.floor(total / 2)) / total) - 1, largestHash);
  });
}

/**
 * The nexthop for a forwarded packet, or for a sender that has no address yet, on any kernel from 4.4 on.
 *
 * @returns the index of the first nexthop whose bound the hash does not exceed; null when none is in use, where the kernel
 *   stays with the nexthop that the table lookup had found
 */
export function selectNexthop(bounds: readonly number[], hash: number): number | null {
  const found = bounds.findIndex((bound) => hash <= bound);
  return found < 0 ? null : found;
}

/**
 * The nexthop for a sender whose source address is set, or with neighbour states considered (fib_multipath_use_neigh).
 *
 * @param source the sender's address; 0 for none, and for every forwarded packet
 * @returns the nexthop's index; null when none can be chosen, where the kernel stays with the one that the table lookup had found
 */
export function selectNexthopForSource(
  nexthops: readonly NexthopChoice[],
  hash: number,
  source: number,
  preference: SourcePreference,
): number | null {
  switch (preference) {
    case 'plain':
      return selectPlain(nexthops, hash);
    case 'prefer-last':
      return selectPreferLast(nexthops, hash, source);
    case 'score':
      return selectScore(nexthops, hash, source);
  }
}

function selectPlain(nexthops: readonly NexthopChoice[], hash: number): number | null {
  const found = nexthops.findIndex(({ reachable, upperBound }) => reachable && hash <= upperBound);
  if (found >= 0) return found;
  // The one the hash meant is unreachable, and those after it: the first reachable one, with use_neigh only.
  const fallback = nexthops.every(({ reachable }) => reachable) ? -1 : nexthops.findIndex(({ reachable }) => reachable);
  return fallback < 0 ? null : fallback;
}

function selectPreferLast(nexthops: readonly NexthopChoice[], hash: number, source: number): number | null {
  let chosen: number | null = null;
  let settled = false; // whether `chosen` has the right source
  for (const [index, nexthop] of nexthops.entries()) {
    if (nexthop.upperBound === -1 || !nexthop.reachable) continue;
    const matches = source === 0 || nexthop.source === source;
    if (!settled) {
      chosen = index;
      settled = matches;
    }
    if (hash > nexthop.upperBound) continue;
    if (matches) return index;
    if (settled) return chosen;
  }
  return chosen;
}

function selectScore(nexthops: readonly NexthopChoice[], hash: number, source: number): number | null {
  let chosen: number | null = null;
  let best = -1;
  for (const [index, nexthop] of nexthops.entries()) {
    if (nexthop.upperBound === -1 || !nexthop.reachable) continue;
    const score = (source !== 0 && nexthop.source === source ? 2 : 0) + (hash <= nexthop.upperBound ? 1 : 0);
    if (score <= best) continue;
    chosen = index;
    best = score;
    if (score === 3 || (source === 0 && score === 1)) break;
  }
  return chosen;
}

function reverse32(value: number): number {
  return (((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}

function reverse16(value: number): number {
  return ((value & 0xff) << 8) | (value >>> 8);
}
