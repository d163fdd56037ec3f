/** What comes of a fault: in words that a trial's questions are judged by. */
import type { Expected } from '../../src/scenario/result.ts';

/** What comes of what went by the first line before the fault, and of what went by the second. `any`: chance decides. */
export type Pair = readonly [Expected | 'any', Expected | 'any'];

/**
 * The lines of new connections to where they went by the first at first, and to where they went by the second. `reversed`: those
 * that the hash gives by a route whose nexthops have changed places. `any`: both lines are used, and chance decides which has the
 * first nexthop. `chance`: each connection takes a turn.
 */
export type LinesAfter = readonly [string | null, string | null] | 'reversed' | 'any' | 'chance';

/** Whether chance decides what comes of it. */
export function leftToChance(expected: Pair[number]): boolean {
  return expected === 'any' || expected.includes(' or ');
}

export interface Expectation {
  /** New connections from the home network, and from the server itself, while the fault lasts. */
  readonly new: Pair;
  readonly own: Pair;
  /** A UDP flow and a TCP stream from the home network, begun before it. */
  readonly udp: Pair;
  readonly tcp: Pair;
  /** New connections, and the UDP flow, when it has been mended; and the lines that new connections take then. */
  readonly newAfter: Pair;
  readonly udpAfter: Pair;
  readonly linesAfter: LinesAfter;
}
