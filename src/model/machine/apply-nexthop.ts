import type { NexthopCommand } from '../../candidate/commands/ip.ts';
import { scopes } from '../device.ts';
import { tables } from '../fib/fib.ts';
import { removeObjects } from '../fib/link-events.ts';
import { resolveNexthop } from '../fib/routes.ts';
import type { Host } from '../host.ts';
import { done, failed, type Outcome } from './outcome.ts';

/** `ip nexthop`. */
export function applyNexthop(host: Host, command: NexthopCommand): Outcome {
  const { byId } = host.fib.objects;
  if (!host.era.nexthopObjects) return failed('RTNETLINK answers: Operation not supported');
  switch (command.action) {
    case 'delete':
      if (!byId.has(command.id)) return failed('RTNETLINK answers: No such file or directory');
      removeObjects(host, ({ id }) => id === command.id);
      return done;
    case 'flush':
      removeObjects(host, () => true);
      return done;
    case 'show':
      return failed('ip nexthop show: the model does not print nexthop objects');
    case 'add':
    case 'replace': {
      const { id, nexthop } = command;
      if (byId.has(id) && command.action === 'add') return failed('RTNETLINK answers: File exists');
      // Only routes by this very object are looked up anew (nh_rt_cache_flush).
      for (const { group } of host.fib.infos) if (group?.id === id) host.routeGeneration += 1;
      switch (nexthop.kind) {
        case 'blackhole':
          byId.set(id, { kind: 'blackhole', id });
          return done;
        case 'group':
          if (nexthop.members.some((member) => !byId.has(member.id))) return failed('Error: Invalid nexthop id.');
          byId.set(id, { kind: 'group', id, members: nexthop.members });
          return done;
        case 'nexthop': {
          const resolved = resolveNexthop(host, nexthop.nexthop, tables.main, scopes.universe);
          if ('message' in resolved) return failed(resolved.message);
          // rtm_to_nh_config, net/ipv4/nexthop.c
          if (resolved.device?.carrier === false) return failed('Error: Carrier for nexthop device is down.');
          byId.set(id, { kind: 'single', id, nexthop: resolved });
          return done;
        }
      }
    }
  }
}
