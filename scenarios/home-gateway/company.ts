/** The company's VPN, as the home server uses it, and where its packets go; shared by the scenarios on home-gateway. */
import type { Crossing } from '../../src/backend/crossing.ts';
import type { Dialling, Lab } from '../../src/backend/lab.ts';
import type { Candidate } from '../../src/candidate/candidate.ts';
import { LabError } from '../../src/net/error.ts';
import { peersOf, type Topology } from '../../src/topology/topology.ts';

/** The scenarios' tunnel devices, by host. */
export const tunnels = { server: ['tun0'], vpn: ['tun0'] };

/** The VPN server, as it is called; the two ends of the tunnel; and a host of the company's behind it. */
export const vpn = { address: '198.51.100.133', port: 1130 };
export const tunnel = { ours: '10.9.0.2', theirs: '10.9.0.1' };
export const company = '10.20.0.10';

/** Seconds that the tunnel may take to come up; it takes less than one, if nothing else keeps the machine busy. */
const patience = 30;

/** Starts the company's VPN server. */
export async function serveVpn(lab: Lab): Promise<void> {
  await lab.serve('vpn', {
    ...{ kind: 'openvpn', name: 'openvpn', protocol: 'udp', port: vpn.port, binding: { kind: 'wildcard' } },
    ...{ tunnel: 'tun0', network: '10.9.0.0/24', clientAddress: tunnel.ours, keepalive: { interval: 1, timeout: 4 } },
  });
}

/** Starts the home server's client, and waits until the tunnel carries packets. */
export async function openTunnel(lab: Lab, { openvpnUp }: Candidate): Promise<Dialling> {
  const client = await lab.dial('server', {
    ...{ kind: 'dial', protocol: 'udp', server: vpn.address, port: vpn.port, sourcePort: 'any', tunnel: 'tun0' },
    ...(openvpnUp !== undefined && { up: openvpnUp }),
  });
  await client
    .until(({ connected }) => connected > 0, patience)
    .catch((error: unknown) => {
      if (!(error instanceof LabError) || error.code !== 'lab-failed') throw error;
      throw new LabError('lab-failed', `the tunnel to ${vpn.address} does not come up`, error.message, {
        cause: error,
      });
    });
  await carries(lab);
  return client;
}

/**
 * Pings through the tunnel until an answer comes, five seconds at a time, and at most so often; a tunnel whose line is gone
 * takes them to begin anew.
 */
export async function carries(lab: Lab, times = 1): Promise<void> {
  const ping = { host: 'server', destination: tunnel.theirs };
  for (let time = 0; time < times && (await lab.unanswered([ping])).length > 0; time++);
}

/** By which line, or by the tunnel, and from which address, packets of the server's came in at the other end. */
export function waysTaken(topology: Topology, packets: readonly Crossing[]): string {
  const { host, uplinks } = topology.server;
  const ends = [
    ...uplinks.flatMap(({ interface: line }) =>
      peersOf(topology, host, line).map((peer) => ({ line, host: peer.host, interface: peer.interface })),
    ),
    { line: 'tun0', host: 'vpn', interface: 'tun0' },
  ];
  const ways = packets
    .filter(({ direction }) => direction === 'in')
    .flatMap((crossing) => {
      const end = ends.find((each) => each.host === crossing.host && each.interface === crossing.interface);
      return end ? [wayBy(end.line, crossing.source.replace(/:.*$/, ''))] : [];
    });
  return [...new Set(ways)].join(' and ') || 'by no line';
}

export function wayBy(line: string, source: string): string {
  return `by ${line} from ${source}`;
}
