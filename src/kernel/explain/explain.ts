import type { Crossing } from '../../backend/crossing.ts';
import type { Decision } from '../../backend/decision.ts';
import { LabError } from '../../net/error.ts';
import type { Topology } from '../../topology/topology.ts';
import { listDevices } from '../devices.ts';
import type { Sandbox } from '../sandbox.ts';
import { askRoutes } from './asked.ts';
import { watchConnections } from './conntrack-events.ts';
import { decisionsOf } from './decisions.ts';
import type { Names } from './describe.ts';
import { gatewayOf, listRoutes } from './gateways.ts';
import { watchLookUps } from './look-ups.ts';
import { hostsWithRules, traceRules } from './rule-trace.ts';
import { visitsOf } from './visits.ts';

/** Has a lab's hosts tell what they decide. */
export interface Explaining {
  /**
   * What they decided on packets since it began: their look-ups (or, where those can't be seen, their routes when asked), each rule that
   * matched, and what became of tracked connections.
   *
   * @param crossings all that were recorded, since the lab began
   * @throws LabError `lab-failed` if look-ups may be missing
   */
  decisions(crossings: readonly Crossing[]): Promise<readonly Decision[]>;
  readonly release: () => Promise<void>;
}

/**
 * Resolves when all that hosts decide from now on is told. To be begun when the rules are there that packets are to go through: hosts
 * without any tell of look-ups alone.
 *
 * @param now seconds on the lab's clock
 */
export async function startExplaining(sandbox: Sandbox, topology: Topology, now: () => number): Promise<Explaining> {
  const hosts = topology.hosts.map(({ name }) => name);
  const withRules = await hostsWithRules(sandbox, hosts);
  const watching = watchLookUps(sandbox, topology);
  try {
    const [tracing, tracking, lookUps] = await Promise.all([
      each(withRules, (host) => traceRules(sandbox, host)),
      each(withRules, (host) => watchConnections(sandbox, host)),
      watching,
    ]);
    const since = now();
    return {
      decisions: async (crossings) => {
        const [traces, connections, seen] = await Promise.all([
          each(withRules, async (host) => (await tracing.get(host)?.seen()) ?? []),
          each(withRules, async (host) => (await tracking.get(host)?.seen()) ?? []),
          lookUps?.seen() ?? null,
        ]);
        if (seen && seen.keptBack > 0) {
          const lacking = `${seen.keptBack} events on this machine`;
          throw new LabError(
            'lab-failed',
            `the kernel kept ${lacking} from bpftrace, so look-ups may be missing: try again`,
          );
        }
        const [devices, routes] = await Promise.all([listDevices(sandbox, hosts), listRoutes(sandbox, hosts)]);
        const deviceOf = (host: string, index: number): string =>
          devices.get(host)?.find((device) => device.index === index)?.name ?? String(index);
        const names: Names = {
          deviceOf,
          gatewayOf: (host, table, lookUp) => gatewayOf(routes.get(host) ?? [], table, lookUp),
        };
        const visits = visitsOf(
          crossings.filter(({ time }) => time >= since),
          { lookUps: seen, traces, connections },
        );
        const asked = seen ? null : await askRoutes(sandbox, visits);
        return decisionsOf(visits, names, asked);
      },
      release: async () => lookUps?.release(),
    };
  } catch (error) {
    await watching.then((watch) => watch?.release()).catch(() => undefined);
    throw error;
  }
}

async function each<T>(hosts: readonly string[], ask: (host: string) => Promise<T>): Promise<ReadonlyMap<string, T>> {
  return new Map(await Promise.all(hosts.map(async (host) => [host, await ask(host)] as const)));
}
