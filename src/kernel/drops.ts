import type { Drop } from '../backend/crossing.ts';
import { endpoint, withoutPayload } from '../net/packet.ts';
import type { Topology } from '../topology/topology.ts';
import { watchDrops } from './drop-watch.ts';
import { hostsByNamespace } from './namespaces.ts';
import type { Sandbox } from './sandbox.ts';

/** The recording of what a lab's hosts drop. */
export interface DropRecording {
  /** What they have dropped so far; null where the kernel doesn't say. */
  readonly drops: () => Promise<readonly Drop[] | null>;
  readonly release: () => Promise<void>;
}

/** Resolves when every packet that the topology's hosts drop is recorded; to be stopped by `release`. */
export async function recordDrops(sandbox: Sandbox, topology: Topology): Promise<DropRecording> {
  const watch = await watchDrops();
  if (!watch) return { drops: () => Promise.resolve(null), release: () => Promise.resolve() };
  // Those of labs that are gone: the kernel gives the number of a dead namespace to the next one.
  const earlier = await watch.drops().then(
    ({ length }) => length,
    async (error: unknown) => {
      await watch.release();
      throw error;
    },
  );
  return {
    release: () => watch.release(),
    drops: async () => {
      const hosts = await hostsByNamespace(sandbox, topology);
      const seen = (await watch.drops()).slice(earlier);
      return seen.flatMap(({ namespace, packet, reason, ...drop }): readonly Drop[] => {
        const host = hosts.get(namespace);
        if (host === undefined || !packet) return [];
        return [
          {
            ...{ host, interface: drop.interface, summary: packet.summary, identity: withoutPayload(packet.identity) },
            source: endpoint(packet.source, packet.sourcePort),
            destination: endpoint(packet.destination, packet.destinationPort),
            ...{ reason: watch.nameOf(reason), function: drop.function },
          },
        ];
      });
    },
  };
}

/** For the logs: what was dropped, where and why. */
export function describeDrops(drops: readonly Drop[] | null): string {
  if (drops === null) return 'not recorded: the kernel lets root alone watch, by bpftrace, and needs BTF for it';
  const lines = drops.map(
    (drop) =>
      `${drop.host} ${drop.interface} ${drop.source} > ${drop.destination} (${drop.summary}): ${drop.reason}, in ${drop.function}`,
  );
  return lines.join('\n') || 'none';
}
