import { formatIPv4, formatPrefix, type Prefix } from '../../../net/address.ts';
import type { NexthopSpecification, Output, RouteSelector, RouteSpecification, RouteType } from '../ip.ts';
import { differentiatedServices, nameOf, protocols, scopes, tables, type TableNames } from './names.ts';
import { field, objectOf, printed, textOf, when, type Field } from './print.ts';

/** A route as a table holds it. */
export interface RouteListing extends Omit<RouteSpecification, 'nexthops'> {
  readonly type: RouteType;
  readonly metric: number;
  readonly protocol: number;
  readonly scope: number;
  readonly nexthops: readonly NexthopListing[];
}

export interface NexthopListing extends NexthopSpecification {
  /** Not chosen any more. */
  readonly dead: boolean;
  /** Its link has no carrier. */
  readonly linkdown: boolean;
}

/**
 * What `ip route show` prints of these routes, which are those that the selector chooses. What the selector says of each of
 * them is left out, as `ip` does.
 */
export function printRoutes(
  routes: readonly RouteListing[],
  selector: RouteSelector,
  output: Output,
  named: TableNames = new Map(),
): string {
  return printed(
    routes.map((route) => fieldsOf(route, selector, output, named)),
    output,
  );
}

function fieldsOf(route: RouteListing, selector: RouteSelector, output: Output, named: TableNames): readonly Field[] {
  const { type, tos, table, protocol, scope, source, metric, nexthopId, nexthops } = route;
  const { details } = output;
  const [single] = nexthops.length === 1 ? nexthops : [];
  const tableName = nameOf(table, tables) ?? nameOf(table, named) ?? String(table);
  return [
    ...when(type !== 'unicast' || details, () => field('type', '% ', type)),
    field('dst', '% ', nameOfPrefix(route.destination)),
    ...when(nexthopId !== null, () => field('nhid', 'nhid % ', nexthopId ?? 0)),
    ...when(tos !== 0 && selector.tos === null, () => field('tos', 'tos % ', nameOfTos(tos))),
    ...gatewayOf(single, selector.gateway === null),
    ...(single ? deviceOf(single, selector.device === null) : []),
    ...when((table !== 254 || details) && selector.table === 'all', () => field('table', 'table % ', tableName)),
    ...when((protocol !== 3 || details) && selector.protocol === null, () => {
      return field('protocol', 'proto % ', nameOf(protocol, protocols) ?? String(protocol));
    }),
    ...when((scope !== 0 || details) && selector.scope === null, () => {
      return field('scope', 'scope % ', nameOf(scope, scopes) ?? String(scope));
    }),
    ...when(source !== null && selector.source === null, () => field('prefsrc', 'src % ', formatIPv4(source ?? 0))),
    ...when(metric !== 0 && selector.metric === null, () => field('metric', 'metric % ', metric)),
    flagsOf(single),
    ...when(nexthops.length > 1, () => ({
      key: 'nexthops',
      value: nexthops.map((nexthop) => objectOf(nexthopFields(nexthop))),
      text: nexthops
        .map((nexthop) => `${output.oneline ? '\\' : '\n'}\tnexthop ${textOf(nexthopFields(nexthop))}`)
        .join(''),
    })),
  ];
}

function nexthopFields(nexthop: NexthopListing): readonly Field[] {
  return [
    ...gatewayOf(nexthop, true),
    ...deviceOf(nexthop, true),
    field('weight', 'weight % ', nexthop.weight),
    flagsOf(nexthop),
  ];
}

function gatewayOf(nexthop: NexthopListing | undefined, shown: boolean): readonly Field[] {
  const gateway = nexthop?.gateway ?? null;
  return when(shown && gateway !== null, () => field('gateway', 'via % ', formatIPv4(gateway ?? 0)));
}

function deviceOf({ device }: NexthopListing, shown: boolean): readonly Field[] {
  return when(shown && device !== null, () => field('dev', 'dev % ', device ?? ''));
}

function flagsOf(nexthop: NexthopListing | undefined): Field {
  const flags = (['dead', 'onlink', 'linkdown'] as const).filter((flag) => nexthop?.[flag]);
  return { key: 'flags', value: flags, text: flags.map((flag) => `${flag} `).join('') };
}

function nameOfPrefix(prefix: Prefix): string {
  if (prefix.length === 0) return 'default';
  return prefix.length === 32 ? formatIPv4(prefix.address) : formatPrefix(prefix);
}

/** A TOS byte as `ip` names it. */
export function nameOfTos(tos: number): string {
  return nameOf(tos, differentiatedServices) ?? `0x${tos.toString(16).padStart(2, '0')}`;
}
