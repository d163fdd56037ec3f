import type { Answer, Request } from '../../backend/service.ts';
import { parseIPv4 } from '../../net/address.ts';
import type { End, Topology } from '../../topology/topology.ts';
import { eraOf } from '../era.ts';
import { addRoute } from '../fib/routes.ts';
import type { Host } from '../host.ts';
import type { Recorder } from '../link.ts';
import { buildNetwork, type Network } from '../network.ts';
import { endpointOf, lengthOf, protocols, type Packet } from '../packet.ts';
import { addTunnels } from '../tunnels.ts';
import { request } from './program.ts';
import type { Tunnels } from './tunnel.ts';

/** A packet that crossed an interface, for tests. */
export interface Seen {
  readonly time: number;
  readonly at: string;
  readonly direction: 'in' | 'out';
  readonly packet: Packet;
  /** `203.0.113.1:40000 > 203.0.113.2:1194 14`: endpoints, and the bytes of payload. */
  readonly text: string;
}

export interface TestNetwork {
  readonly network: Network;
  readonly host: (name: string) => Host;
  readonly tunnels: Tunnels;
  /** IP packets, in the order of time. */
  readonly seen: readonly Seen[];
  /** Lets so many seconds pass. */
  pass(seconds: number): void;
  /** Has a client call, and lets time pass until it is answered. */
  ask(host: string, asked: Request): Answer;
}

export interface TestOptions {
  readonly release?: string;
  readonly seed?: number;
  /** Bits per second of the server's lines; absent: no limit. */
  readonly rate?: number;
  /** Share of the packets that each link loses. */
  readonly loss?: number;
  /** Seconds along each link. */
  readonly delay?: number;
}

/**
 * A server with two lines to a router, behind which is a client. The server's default route is by the first line.
 *
 * ```
 * server ─┬─ one (203.0.113.0/24) ─┬─ router ── client 198.51.100.10
 *         └─ two (203.0.114.0/24) ─┘
 * ```
 */
export function twoLines(options: TestOptions = {}): TestNetwork {
  const { release = '6.18.44', seed = 1, rate, loss = 0, delay = 0.001 } = options;
  const end = (host: string, name: string, address: string, limit?: number): End => ({
    ...{ host, interface: name, addresses: [address] },
    ...(limit !== undefined && { rate: limit }),
  });
  const topology: Topology = {
    name: 'two-lines',
    title: 'A server with two lines',
    hosts: ['server', 'router', 'client'].map((name) => ({ name, forwarding: name === 'router', routes: [] })),
    links: [
      { ends: [end('server', 'one', '203.0.113.2/24', rate), end('router', 'one', '203.0.113.1/24')] },
      { ends: [end('server', 'two', '203.0.114.2/24', rate), end('router', 'two', '203.0.114.1/24')] },
      { ends: [end('router', 'client', '198.51.100.1/24'), end('client', 'net', '198.51.100.10/24')] },
    ],
    server: { host: 'server', uplinks: [] },
  };
  const seen: Seen[] = [];
  const record: Recorder = (host, device, direction, packet) => {
    if (packet.protocol === 'arp') return;
    const ends = `${endpointOf(packet, 'source')} > ${endpointOf(packet, 'destination')}`;
    const text = `${ends} ${payloadLength(packet)}`;
    seen.push({ time: network.clock.now, at: `${host.name} ${device.name}`, direction, packet, text });
  };
  const links = topology.links.map((link) => (loss > 0 ? { ...link, impairment: { delay: 0, loss } } : link));
  const parts = { era: eraOf(release), seed, record, trailOf: null, delay };
  const network = buildNetwork({ ...topology, links }, parts);
  const host = (name: string): Host => {
    const found = network.hosts.get(name);
    if (!found) throw new Error(`there is no ${name}`);
    return found;
  };
  const tunnels = addTunnels(network, { server: ['tun0', 'tun1'], client: ['tun0', 'tun1'] }, record);
  host('router').sysctls.write('ipv4.ip_forward', 1);
  defaultRoute(host('server'), '203.0.113.1', 'one');
  defaultRoute(host('client'), '198.51.100.1', 'net');
  const { clock } = network;
  return {
    network,
    host,
    tunnels,
    seen,
    pass: (seconds) => {
      const until = clock.now + seconds;
      while (clock.next !== null && clock.next <= until) clock.step();
      clock.after(Math.max(until - clock.now, 0), () => undefined);
      while (clock.now < until) clock.step();
    },
    ask: (name, asked) => {
      const answers: Answer[] = [];
      request(host(name), asked, tunnels, (answer) => answers.push(answer));
      while (answers.length === 0 && clock.step());
      const [answer] = answers;
      if (!answer) throw new Error('the client never gave up');
      return answer;
    },
  };
}

function payloadLength(packet: Packet): number {
  return lengthOf(packet) - 20 - (packet.protocol === protocols.tcp ? 20 : 8);
}

export function defaultRoute(host: Host, gateway: string, device: string, table = 254): void {
  const refusal = addRoute(
    host,
    'add',
    {
      ...{ type: 'unicast', destination: { address: 0, length: 0 }, tos: 0, table, metric: null, protocol: null },
      ...{ scope: null, source: null, nexthopId: null },
      nexthops: [{ gateway: parseIPv4(gateway), device, weight: 1, onlink: false }],
    },
    null,
  );
  if (refusal) throw new Error(refusal.message);
}
