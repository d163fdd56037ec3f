import type { Host, Topology } from '../../src/topology/topology.ts';

/** What a scenario may vary about the network. */
export interface ThreeIspsOptions {
  /** What stands between the client and the internet. `router`: nothing that translates. */
  readonly cgnat?: 'router' | 'stateful';
  /** ISPs that let any source address pass; all others drop what isn't their customer's (BCP 38). */
  readonly unfiltered?: readonly IspName[];
}

export type IspName = 'isp1' | 'isp2' | 'isp3';

const isps: readonly { name: IspName; network: string; transfer: string }[] = [
  { name: 'isp1', network: '203.0.113', transfer: '192.0.2.0' },
  { name: 'isp2', network: '203.0.114', transfer: '192.0.2.4' },
  { name: 'isp3', network: '203.0.115', transfer: '192.0.2.8' },
];

/**
 * A server with three uplinks, and a client somewhere in the internet behind a carrier's router or NAT.
 * The server sees the client as 198.51.100.10 in every mode of the CGNAT.
 *
 * ```
 *          ┌── isp1 ──┐
 * server ──┼── isp2 ──┼── internet ── cgnat ── client
 *          └── isp3 ──┘
 * ```
 */
export default function threeIsps({ cgnat = 'router', unfiltered = [] }: ThreeIspsOptions = {}): Topology {
  const translates = cgnat === 'stateful';
  return {
    name: 'three-isps',
    title: 'A server with three uplinks, and a client behind a carrier',
    hosts: [
      { name: 'server', forwarding: false, routes: [] },
      ...isps.map(({ name, network, transfer }): Host => {
        const filters = !unfiltered.includes(name);
        return {
          name,
          forwarding: true,
          routes: [{ to: 'default', via: offset(transfer, 1) }],
          ...(filters && { sourceFilter: { interface: 'server', allowed: [`${network}.0/24`] } }),
        };
      }),
      {
        name: 'internet',
        forwarding: true,
        routes: [
          ...isps.map(({ network, transfer }) => ({ to: `${network}.0/24`, via: offset(transfer, 2) })),
          { to: '198.51.100.0/24', via: '192.0.2.14' },
        ],
      },
      {
        name: 'cgnat',
        forwarding: true,
        routes: [{ to: 'default', via: '192.0.2.13' }],
        ...(translates && {
          nat: { mode: 'stateful', outside: 'internet', customers: '100.64.0.0/10', address: '198.51.100.10' },
        }),
      },
      {
        name: 'client',
        forwarding: false,
        routes: [{ to: 'default', via: translates ? '100.64.0.1' : '198.51.100.1' }],
      },
    ],
    links: [
      ...isps.map(({ name, network }) => ({
        ends: [
          { host: 'server', interface: name, addresses: [`${network}.2/24`] },
          { host: name, interface: 'server', addresses: [`${network}.1/24`] },
        ] as const,
      })),
      ...isps.map(({ name, transfer }) => ({
        ends: [
          { host: 'internet', interface: name, addresses: [`${offset(transfer, 1)}/30`] },
          { host: name, interface: 'internet', addresses: [`${offset(transfer, 2)}/30`] },
        ] as const,
      })),
      {
        ends: [
          { host: 'internet', interface: 'cgnat', addresses: ['192.0.2.13/30'] },
          {
            host: 'cgnat',
            interface: 'internet',
            addresses: translates ? ['192.0.2.14/30', '198.51.100.10/32'] : ['192.0.2.14/30'],
          },
        ],
      },
      {
        ends: [
          {
            host: 'cgnat',
            interface: 'client',
            addresses: [translates ? '100.64.0.1/10' : '198.51.100.1/24'],
          },
          {
            host: 'client',
            interface: 'cgnat',
            addresses: [translates ? '100.64.0.10/10' : '198.51.100.10/24'],
          },
        ],
      },
    ],
    server: {
      host: 'server',
      uplinks: isps.map(({ name, network }) => ({
        interface: name,
        address: `${network}.2`,
        gateway: `${network}.1`,
        network: `${network}.0/24`,
      })),
    },
  };
}

/** The n-th address of a transfer network, whose own address ends in a small number. */
function offset(network: string, n: number): string {
  const dot = network.lastIndexOf('.') + 1;
  return network.slice(0, dot) + String(Number(network.slice(dot)) + n);
}
