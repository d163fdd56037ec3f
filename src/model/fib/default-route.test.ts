import test from 'ava';
import { readIp } from '../../candidate/commands/ip/read.ts';
import { parseIPv4 } from '../../net/address.ts';
import type { Topology } from '../../topology/topology.ts';
import { eraOf } from '../era.ts';
import { applyIp } from '../machine/apply-ip.ts';
import { buildNetwork } from '../network.ts';
import { ownFlow, routeOutput } from '../route-output.ts';

const alone: Topology = {
  ...{ name: 'alone', title: 'One host', links: [] },
  hosts: [{ name: 'server', forwarding: true, routes: [] }],
  server: { host: 'server', uplinks: [] },
};

/** A host with two uplinks, and what it decides on a packet to 192.0.2.1. */
function server(...lines: readonly string[]) {
  const network = buildNetwork(alone, {
    ...{ era: eraOf('6.18.44'), seed: 1, record: () => undefined, trailOf: null, delay: 0 },
  });
  const host = network.hosts.get('server')!;
  const ip = (line: string): void => {
    const words = ['ip', ...line.split(' ')].map((text) => ({ text, at: { file: 'line', line: 1, column: 1 } }));
    const { status, stderr } = applyIp(network, host, readIp(words, null)[0]!, false);
    if (status !== 0) throw new Error(`${line}: ${stderr}`);
  };
  for (const uplink of [1, 2]) {
    ip(`link add up${uplink} type veth peer name peer${uplink}`);
    ip(`link set peer${uplink} up`);
    ip(`link set up${uplink} up`);
    ip(`address add 198.18.${uplink}.2/24 dev up${uplink}`);
  }
  lines.forEach(ip);
  return {
    ip,
    ask: (): readonly [device: string, why: readonly string[]] => {
      const why: string[] = [];
      const flow = ownFlow(host, { destination: parseIPv4('192.0.2.1') });
      const route = routeOutput(host, flow, (stage, text) => stage === 'nexthop' && why.push(text));
      return [typeof route === 'string' ? route : route.device.name, why];
    },
  };
}

const both = ['route append default via 198.18.1.1', 'route append default via 198.18.2.1'];
const is = (uplink: number, state: string): string =>
  `neighbour replace 198.18.${uplink}.1 dev up${uplink} lladdr 02:00:00:00:00:01 nud ${state}`;

// As Linux 6.18.44 does: look-ups/recorded-defaults.txt holds the model to it at large.
test('of two default routes, the first whose gateway is not known to be gone', (t) => {
  t.deepEqual(server(...both).ask(), [
    'up1',
    ['default route 1 of 2, via 198.18.1.1 dev up1: 198.18.1.1 is not known yet'],
  ]);
  t.deepEqual(server(...both, is(1, 'failed'), is(2, 'reachable')).ask(), [
    'up2',
    ['default route 2 of 2, via 198.18.2.1 dev up2: 198.18.2.1 is reachable, 198.18.1.1 is failed'],
  ]);
});

test('gateways that were heard of some time ago are taken in turn', (t) => {
  const { ask } = server(...both, is(1, 'stale'), is(2, 'stale'));
  t.deepEqual(
    Array.from({ length: 4 }, () => ask()[0]),
    ['up1', 'up2', 'up1', 'up2'],
  );
});

test('one of another metric is no choice, nor is one without a gateway', (t) => {
  const [first = '', second = ''] = both;
  t.deepEqual(server(first, `${second} metric 5`, is(1, 'failed')).ask(), ['up1', []]);
  t.deepEqual(server(first, 'route append default dev up2', is(1, 'failed')).ask(), ['up1', []]);
});
