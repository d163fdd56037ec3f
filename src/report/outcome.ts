import { causes } from '../backend/cause.ts';
import type { Cause } from '../backend/cause.ts';
import type { Crossing } from '../backend/crossing.ts';
import { outcomesOf, type Expected, type Outcome, type Verdict } from '../scenario/result.ts';

/** Every cause, in the order of a packet's way. */
export const causeNames = Object.keys(causes) as readonly Cause[];

/** Every outcome, `works` first. */
export const outcomes: readonly Outcome[] = ['works', ...causeNames];

/** What is expected, or found, says for people. */
export const meaning = (expected: Expected): string =>
  outcomesOf(expected)
    .map((outcome) => (outcome === 'works' ? 'the client got its answer' : causes[outcome]))
    .join('; or ');

/** `openvpn-udp at isp1`. */
export const cellName = (cell: { readonly service: string; readonly uplink: string }): string =>
  `${cell.service} at ${cell.uplink}`;

/** One line: `client eth0 out 198.51.100.10:40001 > 203.0.114.2:1194 udp (14 bytes)`. */
export const crossingText = (crossing: Crossing): string =>
  `${crossing.host} ${crossing.interface} ${crossing.direction} ${crossing.source} > ${crossing.destination} ` +
  `(${crossing.summary})`;

/** `answered, not accepted; arrived by isp2, left by isp1; from another address: reply-source`. */
export function verdictText(verdict: Verdict): string {
  const { answered, accepted, arrivedBy, leftBy, sourceMatches, cause } = verdict;
  const reply = answered ? `answered, ${accepted ? 'accepted' : 'not accepted'}` : 'not answered';
  const arrival = arrivedBy === null ? 'never arrived' : `arrived by ${arrivedBy}`;
  const departure = leftBy === null ? 'never left' : `left by ${leftBy}`;
  const source = sourceMatches ? 'from the address that was called' : 'from another address';
  return [reply, `${arrival}, ${departure}`, ...(answered ? [source] : [])].join('; ') + `: ${cause ?? 'works'}`;
}
