import type { RouteCommand, RouteSelector } from '../../candidate/commands/ip.ts';
import type { Location } from '../../candidate/commands/location.ts';
import { printRoutes, type RouteListing } from '../../candidate/commands/ip/print-route.ts';
import { contains, formatIPv4, type Prefix } from '../../net/address.ts';
import type { FibRoute } from '../fib/fib-info.ts';
import { replaceRoutes } from '../fib/kernel-routes.ts';
import { addRoute, deleteRoute } from '../fib/routes.ts';
import type { RouteError } from '../flow.ts';
import { deviceNamed, type Host } from '../host.ts';
import { protocols, type Packet } from '../packet.ts';
import { routeInput, type InputRoute } from '../route-input.ts';
import { ownFlow, routeOutput } from '../route-output.ts';
import { createSkBuff } from '../skbuff.ts';
import { done, failed, noDevice, printed, type Outcome } from './outcome.ts';

/** `ip route`. */
export function applyRoute(host: Host, command: RouteCommand, at: Location, batch: boolean): Outcome {
  switch (command.action) {
    case 'add':
    case 'append':
    case 'prepend':
    case 'replace':
    case 'change': {
      const refused = addRoute(host, command.action, command.route, at);
      return refused ? failed(refused.message) : done;
    }
    case 'delete': {
      const refused = deleteRoute(host, command.route);
      return refused ? failed(refused.message) : done;
    }
    case 'flush':
      return isThere(host, command.selector, batch) ? flush(host, command.selector) : missing('Flush');
    case 'flush-cache':
      host.routeGeneration += 1;
      host.exceptionGeneration += 1;
      return done;
    case 'show': {
      if (!isThere(host, command.selector, batch)) return missing('Dump');
      const shown = select(host, command.selector).map(listingOf);
      return printed(printRoutes(shown, command.selector, command.output));
    }
    case 'get':
      return get(host, command);
  }
}

/** `ip` has the kernel look for the table that it asks about, but not in a batch. */
function isThere({ era, fib }: Host, { table }: RouteSelector, batch: boolean): boolean {
  return !era.tableFilter || batch || table === 'all' || fib.tables.has(table);
}

function missing(what: 'Flush' | 'Dump'): Outcome {
  return failed(`Error: ipv4: FIB table does not exist.\n${what} terminated`);
}

/**
 * The kernel refuses to delete a route by nexthop object as `ip` says it: with the object, and with what it stands for
 * (rtm_to_fib_config). The others go.
 */
function flush(host: Host, selector: RouteSelector): Outcome {
  const [refused, deleted] = [true, false].map((byObject) =>
    select(host, selector).filter(({ info }) => (info.group !== null) === byObject),
  );
  for (const gone of deleted ?? []) {
    replaceRoutes(host, gone.table, gone.destination, gone.length, (routes) =>
      routes.filter((route) => route !== gone),
    );
  }
  return refused?.length ? failed('Failed to send flush request: Invalid argument') : done;
}

function select(host: Host, selector: RouteSelector): readonly FibRoute[] {
  const numbers = selector.table === 'all' ? [...host.fib.tables.keys()] : [selector.table];
  return numbers
    .flatMap((number) => host.fib.tables.get(number)?.routes() ?? [])
    .filter((route) => isSelected(route, selector));
}

function isSelected({ destination, length, tos, info }: FibRoute, selector: RouteSelector): boolean {
  const fits = <Value>(wanted: Value | null, value: Value): boolean => wanted === null || wanted === value;
  const [only] = info.nexthops.length === 1 ? info.nexthops : [];
  return (
    isWithin({ address: destination, length }, selector.prefix) &&
    fits(selector.device, only?.device?.name ?? '') &&
    fits(selector.gateway, only?.gateway ?? 0) &&
    fits(selector.protocol, info.protocol) &&
    fits(selector.scope, info.scope) &&
    fits(selector.type, info.type) &&
    fits(selector.source, info.preferredSource) &&
    fits(selector.tos, tos) &&
    fits(selector.metric, info.metric)
  );
}

function isWithin(prefix: Prefix, wanted: RouteSelector['prefix']): boolean {
  if (!wanted) return true;
  const { kind, prefix: other } = wanted;
  switch (kind) {
    case 'exact':
      return prefix.length === other.length && prefix.address === other.address;
    case 'root':
      return prefix.length >= other.length && contains(other, prefix.address);
    case 'match':
      return prefix.length <= other.length && contains(prefix, other.address);
  }
}

function listingOf({ destination, length, tos, table, info }: FibRoute): RouteListing {
  return {
    type: info.type,
    destination: { address: destination, length },
    tos,
    table,
    metric: info.metric,
    protocol: info.protocol,
    scope: info.scope,
    source: info.preferredSource === 0 ? null : info.preferredSource,
    nexthopId: info.group?.id ?? null,
    nexthops: (info.group?.nexthops() ?? info.nexthops).map(({ gateway, device, weight, onlink, dead, linkDown }) => ({
      gateway: gateway === 0 ? null : gateway,
      device: device?.name ?? null,
      weight,
      onlink,
      dead,
      linkdown: linkDown,
    })),
  };
}

/** The route that a packet would take. Of what `ip route get` prints, the line that scripts read. */
function get(host: Host, asked: Extract<RouteCommand, { action: 'get' }>): Outcome {
  const { destination, source, mark, tos, protocol, sourcePort, destinationPort } = asked;
  const output = asked.outputDevice === null ? null : deviceNamed(host, asked.outputDevice);
  if (asked.outputDevice !== null && !output) return noDevice(asked.outputDevice);
  // Who names no protocol asks for UDP (net/ipv4/route.c, inet_rtm_getroute); a packet is made up, and hashed.
  const ports = { protocol: protocol || protocols.udp, sourcePort, destinationPort };
  const question: Packet = {
    ...{
      source,
      destination,
      tos,
      ttl: 64,
      icmp: null,
      tcp: null,
      payload: { length: 0 },
      socketHash: null,
      identity: 0,
    },
    ...ports,
  };
  if (asked.inputDevice !== null) {
    const input = deviceNamed(host, asked.inputDevice);
    if (!input) return noDevice(asked.inputDevice);
    const skb = { ...createSkBuff(question, input, null), mark };
    const route = routeInput(host, skb);
    if (route.kind === 'drop') return failed(`RTNETLINK answers: ${messages[errorOf(route)]}`);
    const device = route.kind === 'forward' ? route.device.name : host.loopback.name;
    const via = route.kind === 'forward' ? route.gateway : 0;
    const kind = route.kind === 'local' ? 'local' : 'unicast';
    const flags =
      route.kind === 'forward' ? [...flag(route.redirected, 'redirected'), ...flag(route.redirect, 'redirect')] : [];
    return printed(line(asked, { kind, device, via, source: null, flags, expires: null }));
  }
  const route = routeOutput(
    host,
    ownFlow(host, { destination, source, mark, tos, output, uid: asked.uid ?? 0, ...ports }),
    null,
    { about: question },
  );
  if (typeof route === 'string') return failed(`RTNETLINK answers: ${messages[route]}`);
  const { kind, device, gateway: via, source: from, exception } = route;
  const until = exception?.until ?? Infinity;
  const expires = until === Infinity ? null : Math.max(0, Math.floor(until - host.clock.now));
  const flags = flag(exception !== undefined, 'redirected');
  return printed(line(asked, { kind, device: device.name, via, source: from, flags, expires }));
}

const flag = (isSo: boolean, name: string): readonly string[] => (isSo ? [name] : []);

/** What `ip route get` prints. */
interface Found {
  readonly kind: string;
  readonly device: string;
  /** 0: the destination is on the link itself. */
  readonly via: number;
  readonly source: number | null;
  readonly flags: readonly string[];
  /** Seconds that what a redirect said will hold; null: no redirect did, or as long as the route cache does. */
  readonly expires: number | null;
}

/** What `ip` is told of a packet that would not be let in. */
function errorOf({ why, icmpCode }: Extract<InputRoute, { kind: 'drop' }>): RouteError {
  if (why === 'not-forwarding') return 'EHOSTUNREACH';
  if (why !== 'no-route') return 'EINVAL';
  return icmpCode === 0 ? 'ENETUNREACH' : icmpCode === 1 ? 'EHOSTUNREACH' : icmpCode === 13 ? 'EACCES' : 'EINVAL';
}

const messages = {
  ENETUNREACH: 'Network is unreachable',
  EHOSTUNREACH: 'No route to host',
  EACCES: 'Permission denied',
  EINVAL: 'Invalid argument',
  ENODEV: 'No such device',
} as const;

function line(
  { destination, source: from, inputDevice, mark, output }: Extract<RouteCommand, { action: 'get' }>,
  found: Found,
): string {
  const gateway = found.via === 0 ? null : formatIPv4(found.via);
  const source = found.source === null ? null : formatIPv4(found.source);
  if (output.json) {
    return `${JSON.stringify([
      {
        ...(found.kind === 'unicast' ? {} : { type: found.kind }),
        dst: formatIPv4(destination),
        ...(from === 0 ? {} : { from: formatIPv4(from) }),
        ...(gateway === null ? {} : { gateway }),
        dev: found.device,
        ...(source === null || from !== 0 ? {} : { prefsrc: source }),
        flags: [],
        uid: 0,
        cache: found.flags,
        ...(found.expires !== null && { expires: found.expires }),
      },
    ])}\n`;
  }
  const words = [
    found.kind === 'unicast' ? '' : found.kind,
    formatIPv4(destination),
    from === 0 ? '' : `from ${formatIPv4(from)}`,
    gateway === null ? '' : `via ${gateway}`,
    `dev ${found.device}`,
    source === null || from !== 0 ? '' : `src ${source}`,
    mark === 0 ? '' : `mark 0x${mark.toString(16)}`,
    inputDevice === null ? 'uid 0' : '',
  ].filter((word) => word !== '');
  const cache = [
    ...found.flags.map((each) => `<${each}>`),
    found.expires === null ? '' : `expires ${found.expires}sec`,
    inputDevice === null ? '' : `iif ${inputDevice}`,
  ].filter((word) => word !== '');
  return `${words.join(' ')} \n    ${['cache', ...cache].join(' ')} \n`;
}
