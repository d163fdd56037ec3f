import type { Drop, Evidence } from '../backend/crossing.ts';
import { endpoint, withoutPayload } from '../net/packet.ts';
import type { Topology } from '../topology/topology.ts';
import { watchDrops } from './drop-watch.ts';
import { hostsByNamespace } from './namespaces.ts';
import type { Sandbox } from './sandbox.ts';

/** The recording of what a lab's hosts drop. */
export interface DropRecording {
  /** What they have dropped so far; `drops` is null where the kernel doesn't say. */
  readonly evidence: () => Promise<Pick<Evidence, 'drops' | 'dropsMissed'>>;
  readonly release: () => Promise<void>;
}

/** Resolves when every packet that the topology's hosts drop is recorded; to be stopped by `release`. */
export async function recordDrops(sandbox: Sandbox, topology: Topology): Promise<DropRecording> {
  const watch = await watchDrops();
  if (!watch) return { evidence: () => Promise.resolve({ drops: null }), release: () => Promise.resolve() };
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
    evidence: async () => {
      const hosts = await hostsByNamespace(sandbox, topology);
      const seen = (await watch.drops()).slice(earlier);
      const dropsMissed = await watch.keptBack();
      const drops = seen.flatMap(({ namespace, packet, reason, ...drop }): readonly Drop[] => {
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
      return { drops, ...(dropsMissed > 0 && { dropsMissed }) };
    },
  };
}

/** For the logs: what was dropped, where and why. */
export function describeDrops({ drops, dropsMissed = 0 }: Pick<Evidence, 'drops' | 'dropsMissed'>): string {
  if (drops === null) return 'not recorded: the kernel lets root alone watch, by bpftrace, and needs BTF for it';
  const lines = drops.map(
    (drop) =>
      `${drop.host} ${drop.interface} ${drop.source} > ${drop.destination} (${drop.summary}): ${drop.reason}, in ${drop.function}`,
  );
  const missed = `and what the kernel kept from bpftrace, on the whole machine: ${dropsMissed}`;
  return [...(lines.length > 0 ? lines : ['none']), ...(dropsMissed > 0 ? [missed] : [])].join('\n');
}
