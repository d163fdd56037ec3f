import { constants } from 'node:os';
import type { SeenLookUp } from './look-ups.ts';

export interface Names {
  /** An interface's name, by host and number. */
  readonly deviceOf: (host: string, index: number) => string;
  /** The gateway that a host's look-up found, if any; `table` is its name. */
  readonly gatewayOf: (host: string, table: string, lookUp: SeenLookUp) => string | null;
}

const tables: Readonly<Record<number, string>> = { 253: 'default', 254: 'main', 255: 'local' };
const errors = new Map(Object.entries(constants.errno).map(([name, number]) => [-number, name]));
/** EAGAIN: the next rule is asked. */
const noMatch = -11;

/**
 * A look-up as the tracepoint fib:fib_table_lookup prints it, with names for numbers. Of several nexthops it has the first, before one is
 * chosen. A packet's mark is told where it is known and not 0, which the tracepoint leaves out.
 */
export function describeLookUp(each: SeenLookUp, host: string, { deviceOf, gatewayOf }: Names): string {
  const { tos, scope, protocol, error, device, mark } = each;
  const table = tables[each.table] ?? String(each.table);
  const name = (index: number): string => (index === 0 ? '0' : deviceOf(host, index));
  const asked =
    `table ${table} oif ${name(each.oif)} iif ${name(each.iif)} proto ${protocol} ` +
    `${each.source}/${each.sourcePort} -> ${each.destination}/${each.destinationPort} tos ${tos} scope ${scope}` +
    (mark === null || mark === 0 ? '' : ` mark 0x${mark.toString(16)}`);
  if (error !== 0) {
    return `${asked} ==> err ${error} (${error === noMatch ? 'EAGAIN: no match' : (errors.get(error) ?? 'unknown')})`;
  }
  const gateway = gatewayOf(host, table, each);
  return `${asked} ==> dev ${device}${gateway === null ? '' : ` gw ${gateway}`}`;
}
