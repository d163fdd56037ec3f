import test from 'ava';
import { readIp } from '../candidate/commands/ip/read.ts';
import { parseIPv4 } from '../net/address.ts';
import type { Topology } from '../topology/topology.ts';
import { eraOf } from './era.ts';
import type { Host } from './host.ts';
import { applyIp } from './machine/apply-ip.ts';
import { buildNetwork, type Network } from './network.ts';
import { routeInput } from './route-input.ts';
import { ownFlow, routeOutput } from './route-output.ts';
import { createSkBuff } from './skbuff.ts';
import { deviceNamed } from './host.ts';

const alone: Topology = {
  ...{ name: 'alone', title: 'One host', links: [] },
  hosts: [{ name: 'server', forwarding: true, routes: [] }],
  server: { host: 'server', uplinks: [] },
};

const setup = [
  ...[1, 2].flatMap((uplink) => [
    `link add up${uplink} type veth peer name peer${uplink}`,
    `link set peer${uplink} up`,
    `link set up${uplink} up`,
    `address add 198.18.${uplink}.2/24 dev up${uplink}`,
  ]),
  'route add default nexthop via 198.18.1.1 dev up1 nexthop via 198.18.2.1 dev up2',
];

interface Machine {
  readonly host: Host;
  readonly network: Network;
  readonly ip: (line: string) => void;
  /** The devices that as many look-ups give, one after another. */
  readonly out: (
    times: number,
    parts?: { readonly source?: string; readonly mark?: number; readonly tos?: number },
  ) => string;
}

function machine(release: string): Machine {
  const network = buildNetwork(alone, {
    ...{ era: eraOf(release), seed: 1, record: () => undefined, trailOf: null, delay: 0 },
  });
  const host = network.hosts.get('server')!;
  host.sysctls.write('ipv4.ip_forward', 1);
  const ip = (line: string): void => {
    const words = ['ip', ...line.split(' ')].map((text) => ({ text, at: { file: 'line', line: 1, column: 1 } }));
    const { status, stderr } = applyIp(network, host, readIp(words, null)[0]!, false);
    if (status !== 0) throw new Error(stderr);
  };
  setup.forEach(ip);
  const out: Machine['out'] = (times, { source, mark = 0, tos = 0 } = {}) =>
    Array.from({ length: times }, () => {
      const from = source === undefined ? 0 : parseIPv4(source);
      const flow = ownFlow(host, { destination: parseIPv4('203.0.113.9'), source: from, mark, tos });
      const route = routeOutput(host, flow, null);
      return typeof route === 'string' ? route : route.device.name;
    }).join(' ');
  return { host, network, ip, out };
}

// Of two nexthops of one weight, turns alternate: read in net/ipv4/fib_semantics.c (2.6.32, 3.16), fib_select_multipath.
test('before 3.6 a pair of addresses keeps its nexthop, and from then on each look-up takes its turn', (t) => {
  t.is(machine('2.6.32').out(4), 'up1 up1 up1 up1');
  t.is(machine('3.5.7').out(4), 'up1 up1 up1 up1');
  t.is(machine('3.6').out(4), 'up1 up2 up1 up2');
});

test('source, mark and type of service each make it another look-up, as far as routing heeds the latter', (t) => {
  const { out } = machine('3.2');
  const seen = [out(1), out(1, { mark: 1 }), out(1, { mark: 2 }), out(1, { tos: 0x10 }), out(1, { tos: 0x02 })];
  t.deepEqual(seen, ['up1', 'up2', 'up1', 'up2', 'up1']);
  t.is(out(2, { source: '198.18.1.2' }), 'up1 up1');
  t.is(out(2, { mark: 1 }), 'up2 up2');
});

const flushes = [
  'route flush cache',
  'route add 192.0.2.0/24 dev up1',
  'rule add from 192.0.2.1',
  'link set peer1 down',
];
for (const line of flushes) {
  test(`ip ${line} voids it`, (t) => {
    const { out, ip } = machine('2.6.32');
    t.is(out(2), 'up1 up1');
    ip(line);
    t.is(out(2), 'up2 up2');
  });
}

test('an entry that nothing asks for goes after five minutes', (t) => {
  const { out, host, network } = machine('2.6.32');
  const seen: string[] = [];
  for (const seconds of [0, 299, 598, 899]) {
    network.clock.after(seconds, () => {
      seen.push(out(1));
    });
  }
  while (network.clock.step());
  t.is(host.clock.now, 899);
  t.deepEqual(seen, ['up1', 'up1', 'up1', 'up2']);
});

test('what is forwarded keeps its nexthop too, and the reverse-path filter asks once', (t) => {
  const { host } = machine('2.6.32');
  host.sysctls.write('ipv4.conf.up1.rp_filter', 1);
  const input = deviceNamed(host, 'up1');
  const packet = {
    ...{ source: parseIPv4('198.18.1.7'), destination: parseIPv4('203.0.113.9'), protocol: 17, tos: 0, ttl: 64 },
    ...{
      sourcePort: 1,
      destinationPort: 2,
      icmp: null,
      tcp: null,
      payload: { length: 0 },
      socketHash: null,
      identity: 0,
    },
  };
  const ask = (source: string): string => {
    const route = routeInput(host, createSkBuff({ ...packet, source: parseIPv4(source) }, input, null));
    return route.kind === 'forward' ? route.device.name : route.kind === 'drop' ? route.why : route.kind;
  };
  t.deepEqual(
    [ask('198.18.1.7'), ask('198.18.1.7'), ask('198.18.1.8'), ask('198.18.1.7')],
    ['up1', 'up1', 'up2', 'up1'],
  );
  // What is refused is asked about each time, and no longer once it isn't.
  t.is(ask('198.18.2.7'), 'reverse-path');
  host.sysctls.write('ipv4.conf.up1.rp_filter', 0);
  t.not(ask('198.18.2.7'), 'reverse-path');
});
