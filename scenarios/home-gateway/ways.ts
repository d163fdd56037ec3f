/** By which of the home server's lines connections of its own side go; shared by the scenarios about pins. */
import type { Evidence } from '../../src/backend/crossing.ts';
import { peersOf, type Topology } from '../../src/topology/topology.ts';

/** What a connection should do that leaves by this line: carry the line's address. */
export function wayBy({ server }: Topology, line: string): string {
  return `by ${line} from ${server.uplinks.find((uplink) => uplink.interface === line)?.address ?? 'nowhere'}`;
}

/** By which line, and from which address, a connection's packets came in at an ISP. */
export function wayTaken(
  topology: Topology,
  { crossings }: Evidence,
  { server, port, sourcePort }: { readonly server: string; readonly port: number; readonly sourcePort: number },
): string {
  const { host, uplinks } = topology.server;
  const ways = uplinks.flatMap(({ interface: line }) => {
    const peers = peersOf(topology, host, line);
    return crossings
      .filter((crossing) => crossing.direction === 'in' && crossing.destination === `${server}:${port}`)
      .filter((crossing) => peers.some((peer) => peer.host === crossing.host && peer.interface === crossing.interface))
      .map(({ source }) => source.split(':'))
      .filter(([, from]) => from === String(sourcePort))
      .map(([source]) => `by ${line} from ${source ?? ''}`);
  });
  return [...new Set(ways)].join(' and ') || 'by no line';
}
