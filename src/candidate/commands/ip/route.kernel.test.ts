import fc from 'fast-check';
import { asRoot } from '../../../kernel/testing.ts';
import { compare, tried } from '../../../kernel/trying-ip.ts';
import type { Output, RouteSelector } from '../ip.ts';
import { printRoutes, type RouteListing } from './print-route.ts';
import { changes, damaged, one, route, routeWords, sample, some } from './sample-lines.ts';

const output: Output = { json: true, pretty: false, oneline: false, brief: false, details: true, inet: true };
const allRoutes: RouteSelector = {
  ...{ table: 'all', prefix: null, device: null, gateway: null, protocol: null, scope: null, type: null },
  ...{ source: null, tos: null, metric: null },
};
const viaUplink = (address: number | null): string | null =>
  address === null ? null : `up${((address >>> 16) & 0xff) - 1}`;

asRoot('a route that ip makes is the one that was read, and what ip refuses is refused', async (t) => {
  const lines = sample(damaged(route(changes)), 700);
  compare(t, await tried(t, lines, '-4 -d route show table all'), (command, added, _removed, line) => {
    if (command.object !== 'route' || !('route' in command)) return t.fail(line);
    const { route } = command;
    // What the kernel adds: the device by which a gateway is reached, and what its nexthop object says.
    const spoken =
      route.nexthopId === 1 ? [{ gateway: 0x0a010001, device: 'up0', weight: 1, onlink: true }] : route.nexthops;
    const listing: RouteListing = {
      ...route,
      type: route.type!,
      protocol: route.protocol!,
      scope: route.scope!,
      metric: route.metric ?? 0,
      nexthops: spoken.map((nexthop) => {
        return { ...nexthop, device: nexthop.device ?? viaUplink(nexthop.gateway), dead: false, linkdown: false };
      }),
    };
    const [expected] = JSON.parse(printRoutes([listing], allRoutes, output)) as Record<string, unknown>[];
    const seen = added.map(({ metrics: _metrics, nh_info: _nexthop, ...rest }) => rest);
    t.deepEqual(seen, [expected], line);
  });
});

asRoot('a route that ip deletes is one that was read, and what ip refuses is refused', async (t) => {
  const there = fc.oneof(
    fc.constant(['198.18.0.0/16']),
    fc.constant(['198.18/16', 'via', '10.2.0.1']),
    fc.constant(['unreachable', '198.19/16', 'table', '100']),
    fc.constant(['10.1/16', 'dev', 'up0']),
  );
  const words = fc
    .tuple(one('route', 'r'), one('delete', 'del', 'd'), there, some(routeWords, 1))
    .map((parts) => parts.flat());
  const lines = sample(damaged(words), 200);
  compare(t, await tried(t, lines, '-4 -d route show table all'), (command, added, removed, line) => {
    if (command.object !== 'route' || !('route' in command)) return t.fail(line);
    const { route } = command;
    const said: RouteListing = {
      ...route,
      type: route.type ?? 'unicast',
      ...{ protocol: route.protocol ?? 0, scope: route.scope ?? 0, metric: route.metric ?? 0 },
      nexthops: route.nexthops.map((nexthop) => ({ ...nexthop, dead: false, linkdown: false })),
    };
    const [expected] = JSON.parse(printRoutes([said], allRoutes, output)) as Record<string, unknown>[];
    const fields = expected!;
    // What was left open may be anything.
    const open = ['flags', ...(route.type ? [] : ['type']), ...(route.protocol ? [] : ['protocol'])];
    if (route.scope === null) open.push('scope');
    const asked = Object.entries(fields).filter(([key]) => !open.includes(key));
    t.deepEqual(added, [], line);
    t.is(removed.length, 1, line);
    t.like(removed[0], Object.fromEntries(asked), line);
  });
});
