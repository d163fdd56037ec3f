import { causes } from '../backend/cause.ts';
import type { Cause } from '../backend/cause.ts';
import type { Crossing } from '../backend/crossing.ts';
import type { Outcome } from '../scenario/result.ts';

/** Every cause, in the order of a packet's way. */
export const causeNames = Object.keys(causes) as readonly Cause[];

/** Every outcome, `works` first. */
export const outcomes: readonly Outcome[] = ['works', ...causeNames];

/** What the outcome says, for people. */
export const meaning = (outcome: Outcome): string =>
  outcome === 'works' ? 'the client got its answer' : causes[outcome];

/** `openvpn-udp at isp1`. */
export const cellName = (cell: { readonly service: string; readonly uplink: string }): string =>
  `${cell.service} at ${cell.uplink}`;

/** One line: `client eth0 out 198.51.100.10:40001 > 203.0.114.2:1194 udp (14 bytes)`. */
export const crossingText = (crossing: Crossing): string =>
  `${crossing.host} ${crossing.interface} ${crossing.direction} ${crossing.source} > ${crossing.destination} ` +
  `(${crossing.summary})`;
