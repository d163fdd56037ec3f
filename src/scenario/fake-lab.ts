// A lab for the tests of scenarios, and packets for it to have recorded.
import type { Crossing } from '../backend/crossing.ts';
import type { Lab } from '../backend/lab.ts';
import type { Topology } from '../topology/topology.ts';
import type { SamplePacket } from './sample-walk.ts';

/** A lab that does as a test tells it; what it isn't told of, a scenario must not ask for. */
export function fakeLab(topology: Topology, told: Partial<Lab>): Lab {
  const refuse = (what: string) => (): never => {
    throw new Error(`a scenario does not ask for ${what}`);
  };
  return {
    ...{ topology, seeded: false, unanswered: refuse('unanswered'), apply: refuse('apply'), route: refuse('route') },
    ...{ sysctl: refuse('sysctl'), sweep: refuse('sweep'), scatter: refuse('scatter'), serve: refuse('serve') },
    ...{ request: refuse('request'), dial: refuse('dial'), change: refuse('change'), inflict: refuse('inflict') },
    ...{ now: refuse('now'), probe: refuse('probe'), interleave: refuse('interleave') },
    ...{ run: refuse('run'), muster: refuse('muster') },
    ...{ evidence: refuse('evidence'), close: refuse('close') },
    ...told,
  };
}

/**
 * The crossings of a packet that goes from host to host, over the topology's links: `client internet isp1`. Between two hosts
 * that no link joins, the way says by which interfaces: `server:tun0 vpn:tun0`. A tenth of a millisecond passes on each link.
 */
export function trace(topology: Topology, way: string, { nat = {}, ...packet }: SamplePacket): readonly Crossing[] {
  const places = way.split(' ').map((place) => place.split(':') as [string, string?]);
  const { time = 0, protocol = 'udp', identity = '14:1', bytes = 42, summary = 'UDP 14 bytes', echo } = packet;
  let { source, destination } = packet;
  return places.slice(1).flatMap(([to, near], index): Crossing[] => {
    const [from, far] = places[index] ?? [''];
    const link = topology.links.find(({ ends }) => [from, to].every((host) => ends.some((end) => end.host === host)));
    const end = (host: string, named?: string): string =>
      named ?? link?.ends.find((each) => each.host === host)?.interface ?? `no link to ${host}`;
    ({ source, destination } = { source, destination, ...nat[from] });
    const same = { source, destination, protocol, identity, bytes, summary, ...(echo !== undefined && { echo }) };
    const at = time + index / 1e4;
    return [
      { time: at, host: from, interface: end(from, link ? undefined : far), direction: 'out', ...same },
      { time: at + 5e-5, host: to, interface: end(to, link ? undefined : near), direction: 'in', ...same },
    ];
  });
}
