import type { Link, Pppoe, Topology } from '../../src/topology/topology.ts';

/** Bits per second of the two ADSL lines. */
const rates = { isp1: 8_000_000, isp2: 2_000_000 };
const gateways = { isp1: '203.0.113.1', isp2: '203.0.114.1' };

export interface HomeGatewayOptions {
  /** Has a real pppd dial the lines, told so about default routes; absent: they are cables, and the lab does what pppd would. */
  readonly dialled?: Pppoe['defaultRoute'];
}

/**
 * A home server with two ADSL lines of 8 and 2 Mbit/s, which is also the gateway of the home's network. Its modems are
 * bridges, so the lines are the server's own `ppp0` (a static address) and `ppp1` (a dynamic one). Both ISPs drop what
 * comes from an address that is not their customer's.
 *
 * ```
 *          modem1   modem2                                      ┌── client
 *              │eth0    │eth1   ppp0                            ├── mail
 * desktop ─┐ ┌─┴────────┴─┐  ┌───────── isp1 ───────┐           │
 *          ├─┤   server   ├──┤                      ├─ internet ┤
 * laptop ──┘ └────────────┘  └───────── isp2 ───────┘           │
 *        eth2                   ppp1      │                     ├── vpn ── company
 *                                     statistics                └── world
 * ```
 *
 * `vpn` is the company's VPN server, and `company` a host of the company's that is reached through it alone: nobody in the
 * internet knows a way to its network. `world` stands for the rest of the internet: it has every address of 198.18.0.0/19. `statistics` is isp2's site for its
 * own customers; it refuses everybody else, and its administrator looks at other people's sites from there.
 */
export default function homeGateway({ dialled }: HomeGatewayOptions = {}): Topology {
  /** Beneath a line: a wire of Ethernet's from the server, through the modem, to the ISP. */
  const pppoe = (wire: string): Pick<Link, 'pppoe'> =>
    dialled === undefined ? {} : { pppoe: { ethernet: [wire, 'dsl'], defaultRoute: dialled } };
  return {
    name: 'home-gateway',
    title: 'A home server and gateway with two ADSL lines',
    hosts: [
      { name: 'server', forwarding: true, routes: [] },
      { name: 'modem1', forwarding: false, routes: [] },
      { name: 'modem2', forwarding: false, routes: [] },
      { name: 'desktop', forwarding: false, routes: [{ to: 'default', via: '192.168.2.1' }] },
      { name: 'laptop', forwarding: false, routes: [{ to: 'default', via: '192.168.2.1' }] },
      {
        name: 'isp1',
        forwarding: true,
        routes: [{ to: 'default', via: '192.0.2.1' }],
        aggregates: ['203.0.113.0/24'],
        sourceFilter: { interface: 'server', allowed: ['203.0.113.0/24'] },
      },
      {
        name: 'isp2',
        forwarding: true,
        routes: [{ to: 'default', via: '192.0.2.5' }],
        aggregates: ['203.0.114.0/24'],
        sourceFilter: { interface: 'server', allowed: ['203.0.114.0/24'] },
      },
      {
        name: 'statistics',
        forwarding: false,
        routes: [{ to: 'default', via: '203.0.114.193' }],
        admission: { from: ['203.0.114.0/24'] },
      },
      {
        name: 'internet',
        forwarding: true,
        routes: [
          { to: '203.0.113.0/24', via: '192.0.2.2' },
          { to: '203.0.114.0/24', via: '192.0.2.6' },
          { to: '198.18.0.0/19', via: '198.19.0.2' },
        ],
      },
      { name: 'client', forwarding: false, routes: [{ to: 'default', via: '198.51.100.1' }] },
      { name: 'mail', forwarding: false, routes: [{ to: 'default', via: '198.51.100.65' }] },
      { name: 'vpn', forwarding: true, routes: [{ to: 'default', via: '198.51.100.129' }] },
      { name: 'company', forwarding: false, routes: [{ to: 'default', via: '10.20.0.1' }] },
      {
        name: 'world',
        forwarding: false,
        routes: [{ to: 'default', via: '198.19.0.1' }],
        ownPrefixes: ['198.18.0.0/19'],
      },
    ],
    links: [
      {
        ends: [
          { host: 'server', interface: 'eth0', addresses: ['192.168.0.2/24'] },
          { host: 'modem1', interface: 'lan', addresses: ['192.168.0.1/24'] },
        ],
      },
      {
        ends: [
          { host: 'server', interface: 'eth1', addresses: ['192.168.1.2/24'] },
          { host: 'modem2', interface: 'lan', addresses: ['192.168.1.1/24'] },
        ],
      },
      {
        ends: [
          { host: 'server', interface: 'eth2', addresses: ['192.168.2.1/24'] },
          { host: 'desktop', interface: 'eth0', addresses: ['192.168.2.100/24'] },
          { host: 'laptop', interface: 'eth0', addresses: ['192.168.2.101/24'] },
        ],
      },
      {
        ...pppoe('dsl0'),
        ends: [
          { host: 'server', interface: 'ppp0', addresses: ['203.0.113.2 peer 203.0.113.1'], rate: rates.isp1 },
          { host: 'isp1', interface: 'server', addresses: ['203.0.113.1 peer 203.0.113.2'], rate: rates.isp1 },
        ],
      },
      {
        ...pppoe('dsl1'),
        ends: [
          { host: 'server', interface: 'ppp1', addresses: ['203.0.114.77 peer 203.0.114.1'], rate: rates.isp2 },
          { host: 'isp2', interface: 'server', addresses: ['203.0.114.1 peer 203.0.114.77'], rate: rates.isp2 },
        ],
      },
      {
        ends: [
          { host: 'isp2', interface: 'statistics', addresses: ['203.0.114.193/28'] },
          { host: 'statistics', interface: 'eth0', addresses: ['203.0.114.200/28'] },
        ],
      },
      {
        ends: [
          { host: 'internet', interface: 'isp1', addresses: ['192.0.2.1/30'] },
          { host: 'isp1', interface: 'internet', addresses: ['192.0.2.2/30'] },
        ],
      },
      {
        ends: [
          { host: 'internet', interface: 'isp2', addresses: ['192.0.2.5/30'] },
          { host: 'isp2', interface: 'internet', addresses: ['192.0.2.6/30'] },
        ],
      },
      {
        ends: [
          { host: 'internet', interface: 'client', addresses: ['198.51.100.1/26'] },
          { host: 'client', interface: 'eth0', addresses: ['198.51.100.10/26'] },
        ],
      },
      {
        ends: [
          { host: 'internet', interface: 'mail', addresses: ['198.51.100.65/26'] },
          { host: 'mail', interface: 'eth0', addresses: ['198.51.100.70/26'] },
        ],
      },
      {
        ends: [
          { host: 'internet', interface: 'vpn', addresses: ['198.51.100.129/26'] },
          { host: 'vpn', interface: 'internet', addresses: ['198.51.100.133/26'] },
        ],
      },
      {
        ends: [
          { host: 'vpn', interface: 'company', addresses: ['10.20.0.1/24'] },
          { host: 'company', interface: 'eth0', addresses: ['10.20.0.10/24'] },
        ],
      },
      {
        ends: [
          { host: 'internet', interface: 'world', addresses: ['198.19.0.1/30'] },
          { host: 'world', interface: 'eth0', addresses: ['198.19.0.2/30'] },
        ],
      },
    ],
    server: {
      host: 'server',
      uplinks: [
        { interface: 'ppp0', address: '203.0.113.2', gateway: gateways.isp1, network: '203.0.113.1/32' },
        { interface: 'ppp1', address: '203.0.114.77', gateway: gateways.isp2, network: '203.0.114.1/32' },
      ],
    },
    control: ['client', 'mail', 'statistics', 'vpn', 'world'].flatMap((host) =>
      Object.values(gateways).map((destination) => ({ host, destination })),
    ),
  };
}
