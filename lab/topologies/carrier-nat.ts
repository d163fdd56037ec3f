import type { Impairment, Nat, Topology } from '../../src/topology/topology.ts';

/** What a carrier's NAT does, beside translating. */
export type NatMode =
  | { readonly mode: 'stateful' | 'one-way' }
  | { readonly mode: 'short-lived'; readonly lifetime: number }
  | { readonly mode: 'table-full'; readonly room: number };

/** The cloud host, as the home router calls it. */
export const cloud = '111.222.33.44';

/** Some other host in the internet. */
export const elsewhere = '192.0.2.10';

/** The carrier's NAT in this mode; also what it may be changed to while the network runs. */
export function carrierNat(mode: NatMode): Nat {
  return { ...mode, outside: 'internet', customers: '123.45.0.0/21', address: '203.0.113.10' };
}

/** How the carrier's line to the internet is, in both directions. */
export interface CarrierLine {
  /** Bits per second; absent: no limit. */
  readonly rate?: number;
  /** One of so many packets is lost; absent: none is. */
  readonly lossOneOf?: number;
  /** How long packets take, and the share of them that chance loses; absent: none of either. */
  readonly impairment?: Impairment;
}

/**
 * A home router behind a carrier's NAT, with a 5G router as its second uplink, a VPN server in the cloud, and the
 * rest of the internet. The router's routes are the candidate's.
 *
 * ```
 *                ┌─ eth2 ── cgnat ─┐            ┌── cloud
 * lan ── router ─┤                 ├── internet ┤
 *                └─ eth1 ── fiveg ─┘            └── web
 * ```
 */
export default function carrierNetwork(mode: NatMode = { mode: 'stateful' }, line: CarrierLine = {}): Topology {
  const { rate, lossOneOf, impairment } = line;
  const limit = rate !== undefined && { rate };
  return {
    name: 'carrier-nat',
    title: 'A home router behind a carrier-grade NAT, and a server in the cloud',
    hosts: [
      { name: 'cloud', forwarding: false, routes: [{ to: 'default', via: '111.222.33.1' }] },
      { name: 'web', forwarding: false, routes: [{ to: 'default', via: '192.0.2.9' }] },
      {
        name: 'internet',
        forwarding: true,
        routes: [
          { to: '203.0.113.10/32', via: '192.0.2.2' },
          { to: '198.51.100.77/32', via: '192.0.2.6' },
        ],
        ...(lossOneOf !== undefined && { loss: { interface: 'cgnat', oneOf: lossOneOf } }),
      },
      { name: 'cgnat', forwarding: true, routes: [{ to: 'default', via: '192.0.2.1' }], nat: carrierNat(mode) },
      {
        name: 'fiveg',
        forwarding: true,
        routes: [{ to: 'default', via: '192.0.2.5' }],
        nat: { mode: 'stateful', outside: 'internet', customers: '192.168.0.0/24', address: '198.51.100.77' },
      },
      { name: 'router', forwarding: true, routes: [] },
      { name: 'lan', forwarding: false, routes: [{ to: 'default', via: '192.168.10.1' }] },
    ],
    links: [
      {
        ends: [
          { host: 'internet', interface: 'cloud', addresses: ['111.222.33.1/24'] },
          { host: 'cloud', interface: 'internet', addresses: [`${cloud}/24`] },
        ],
      },
      {
        ends: [
          { host: 'internet', interface: 'web', addresses: ['192.0.2.9/30'] },
          { host: 'web', interface: 'internet', addresses: [`${elsewhere}/30`] },
        ],
      },
      {
        ends: [
          { host: 'internet', interface: 'cgnat', addresses: ['192.0.2.1/30'], ...limit },
          { host: 'cgnat', interface: 'internet', addresses: ['192.0.2.2/30', '203.0.113.10/32'], ...limit },
        ],
        ...(impairment && { impairment }),
      },
      {
        ends: [
          { host: 'internet', interface: 'fiveg', addresses: ['192.0.2.5/30'] },
          { host: 'fiveg', interface: 'internet', addresses: ['192.0.2.6/30', '198.51.100.77/32'] },
        ],
      },
      {
        ends: [
          { host: 'cgnat', interface: 'router', addresses: ['123.45.0.1/21'] },
          { host: 'router', interface: 'eth2', addresses: ['123.45.0.9/21'] },
        ],
      },
      {
        ends: [
          { host: 'fiveg', interface: 'router', addresses: ['192.168.0.1/24'] },
          { host: 'router', interface: 'eth1', addresses: ['192.168.0.2/24'] },
        ],
      },
      {
        ends: [
          { host: 'router', interface: 'br-lan', addresses: ['192.168.10.1/24'] },
          { host: 'lan', interface: 'eth0', addresses: ['192.168.10.2/24'] },
        ],
      },
    ],
    server: {
      host: 'router',
      uplinks: [
        { interface: 'eth2', address: '123.45.0.9', gateway: '123.45.0.1', network: '123.45.0.0/21' },
        { interface: 'eth1', address: '192.168.0.2', gateway: '192.168.0.1', network: '192.168.0.0/24' },
      ],
    },
    control: [
      { host: 'cgnat', destination: cloud },
      { host: 'fiveg', destination: cloud },
    ],
  };
}
