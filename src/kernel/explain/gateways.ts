import { contains, parseIPv4, parsePrefix } from '../../net/address.ts';
import type { Sandbox } from '../sandbox.ts';
import type { SeenLookUp } from './look-ups.ts';

/** A route as `ip -j route show table all` has it, as far as it matters here. */
interface Route {
  /** A prefix, an address, or `default`. */
  readonly dst: string;
  /** Absent: main. */
  readonly table?: string;
  readonly metric?: number;
  readonly dev?: string;
  readonly gateway?: string;
  readonly nexthops?: readonly { readonly dev?: string; readonly gateway?: string }[];
}

/** Lists the routes of hosts. */
export async function listRoutes(
  sandbox: Sandbox,
  hosts: readonly string[],
): Promise<ReadonlyMap<string, readonly Route[]>> {
  const script = hosts.map(
    (host) => `nsenter --net=/run/netns/${host} ip -j -4 route show table all | tr -d '\\n'; echo`,
  );
  const listed = await sandbox.run('listing routes', null, ['sh', '-eu'], { input: `${script.join('\n')}\n` });
  const lines = listed.split('\n');
  return new Map(hosts.map((host, index) => [host, JSON.parse(lines[index] ?? '[]') as readonly Route[]]));
}

/**
 * The gateway that a look-up found; null: the destination is reached directly. The tracepoint leaves what was there before in place of
 * a gateway where there is none, so the route is asked for, in the table and by the device that were found: the closest one.
 *
 * @param table its name
 */
export function gatewayOf(
  routes: readonly Route[],
  table: string,
  { destination, device, gateway }: SeenLookUp,
): string | null {
  const address = parseIPv4(destination);
  // As long as nobody has added a rule, tables local and main are one, and called main.
  const tables = table === 'main' ? ['main', 'local'] : [table];
  const fitting = routes
    .filter((route) => tables.includes(route.table ?? 'main'))
    .map((route) => ({ route, prefix: prefixOf(route.dst) }))
    .filter(({ prefix }) => contains(prefix, address))
    .sort(
      (one, other) => other.prefix.length - one.prefix.length || (one.route.metric ?? 0) - (other.route.metric ?? 0),
    );
  const nexthops = fitting[0] ? (fitting[0].route.nexthops ?? [fitting[0].route]) : [];
  return nexthops.some((each) => each.dev === device && each.gateway === gateway) ? gateway : null;
}

function prefixOf(dst: string) {
  return parsePrefix(dst === 'default' ? '0.0.0.0/0' : dst.includes('/') ? dst : `${dst}/32`);
}
