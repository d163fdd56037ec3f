/** Which lines are used when all is mended. */
import type { Crossing } from '../../src/backend/crossing.ts';
import { binomialRange } from '../../src/scenario/binomial.ts';
import type { Flow, FlowRecord } from '../../src/scenario/journey.ts';
import { lineTaken } from '../../src/scenario/outward.ts';
import type { StatementResult } from '../../src/scenario/result.ts';
import { formatIPv4, parseIPv4 } from '../../src/net/address.ts';
import type { Topology } from '../../src/topology/topology.ts';
import type { Asked, Place } from './gateway.ts';
import type { Phase } from './outages.ts';

type Lines = readonly (string | null)[];

/** What is amiss before anything fails: that fewer lines are used than should be, for either of these lists of places. */
export function unusedLines(
  { server }: Topology,
  wanted: number,
  all: readonly (readonly Place[])[],
): StatementResult | null {
  if (all.every(({ length }) => length >= wanted)) return null;
  return {
    kind: 'statement',
    name: 'lines by which new connections from the home network, and of the server, go at first',
    expected: `${wanted} of ${server.uplinks.length}, for both`,
    found: all.map((places) => places.map(({ uplink }) => uplink).join(' and ') || 'none').join('; '),
    ok: false,
  };
}

/** Whether new connections go by the lines that they should. */
export function judgeLines(
  topology: Topology,
  recordOf: (flow: Flow) => FlowRecord,
  { questions }: Asked,
  { from, until }: Phase,
  expected: Lines,
): StatementResult {
  const taken = questions.map(({ flow }) => lineTaken(topology, recordOf(flow), { flow, from, until }));
  const text = (lines: Lines): string =>
    questions.map(({ place }, index) => `what went by ${place.uplink} goes by ${lines[index] ?? 'none'}`).join(', ');
  const [wanted, found] = [text(expected), text(taken)];
  return { kind: 'statement', name: 'afterwards', expected: wanted, found, ok: wanted === found };
}

/** Destinations, none of which is asked for anything else, that tell the proportion of the lines. */
export const many: readonly string[] = Array.from({ length: 512 }, (_, index) =>
  formatIPv4(parseIPv4('198.18.8.0') + index),
);
/** The candidates' weights, in the order of the uplinks. */
const weights = [8, 2];
/** How often chance may put the first line's share outside its range: once in a million seeds. */
const risk = 1e-6;

/**
 * By which line pings to many destinations left the server: by both in the proportion of their weights, or all by one, or by
 * none, as it should be.
 *
 * @param lines those that should be used
 * @param silent the destinations that didn't answer
 */
export function judgeProportion(
  { server }: Topology,
  crossings: readonly Crossing[],
  lines: Lines,
  silent: readonly string[],
): StatementResult {
  const wanted = new Set(many);
  const sent = crossings.filter(
    (each) =>
      each.host === server.host && each.direction === 'out' && each.protocol === 'icmp' && wanted.has(each.destination),
  );
  const counts = server.uplinks.map(
    ({ interface: line }) =>
      new Set(sent.filter((each) => each.interface === line).map(({ destination }) => destination)).size,
  );
  const ranges = rangesOf(server.uplinks.map((uplink) => lines.includes(uplink.interface)));
  const text = (parts: readonly string[]): string =>
    server.uplinks.map((uplink, index) => `${parts[index] ?? ''} by ${uplink.interface}`).join(', ');
  const answered = ranges.some(({ high }) => high > 0) ? many.length : 0;
  return {
    kind: 'statement',
    name: `afterwards: the lines of ${many.length} destinations, weights 8 and 2 (99.9999 % of all seeds)`,
    expected: `${text(ranges.map(({ low, high }) => (low === high ? String(low) : `${low} to ${high}`)))}, ${answered} answered`,
    found: `${text(counts.map(String))}, ${many.length - silent.length} answered`,
    ok:
      many.length - silent.length === answered &&
      counts.reduce((sum, each) => sum + each, 0) === answered &&
      ranges.every(({ low, high }, index) => low <= (counts[index] ?? 0) && (counts[index] ?? 0) <= high),
  };
}

/** How many destinations each line may have, by whether it is used. */
function rangesOf(used: readonly boolean[]): readonly { readonly low: number; readonly high: number }[] {
  const total = weights.filter((_, index) => used[index]).reduce((sum, weight) => sum + weight, 0);
  return used.map((isUsed, index) => {
    const share = isUsed ? (weights[index] ?? 0) / total : 0;
    if (share === 0 || share === 1) return { low: share * many.length, high: share * many.length };
    return binomialRange(many.length, share, risk);
  });
}
