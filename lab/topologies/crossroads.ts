import type { Topology } from '../../src/topology/topology.ts';

const lines = [1, 2, 3, 4].map((number) => ({
  interface: `up${number}`,
  network: `203.0.${112 + number}.0/24`,
  address: `203.0.${112 + number}.2`,
  gateway: `203.0.${112 + number}.1`,
}));

/**
 * A router with four uplinks and a network at home, as small as can be: one host is all of the internet, its ISPs included, and
 * answers on 131,072 addresses; another is all of the home network, and has 65,536.
 *
 * ```
 *        ┌── up1 ──┐
 * lan ── server    internet
 *        └── up4 ──┘
 * ```
 */
export default function crossroads(): Topology {
  return {
    name: 'crossroads',
    title: 'A router with four uplinks, a network at home, and an internet of one host',
    hosts: [
      { name: 'server', forwarding: true, routes: [] },
      { name: 'internet', forwarding: false, routes: [], ownPrefixes: ['198.18.0.0/15'] },
      {
        name: 'lan',
        forwarding: false,
        ownPrefixes: ['10.8.0.0/16'],
        routes: [{ to: 'default', via: '192.168.7.1' }],
      },
    ],
    links: [
      ...lines.map(({ interface: name, address, gateway }) => ({
        ends: [
          { host: 'server', interface: name, addresses: [`${address}/24`] },
          { host: 'internet', interface: name, addresses: [`${gateway}/24`] },
        ] as const,
      })),
      {
        ends: [
          { host: 'server', interface: 'lan', addresses: ['192.168.7.1/24'] },
          { host: 'lan', interface: 'server', addresses: ['192.168.7.10/24'] },
        ],
      },
    ],
    server: { host: 'server', uplinks: lines },
  };
}
