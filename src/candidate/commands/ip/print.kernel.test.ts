import { parseIPv4, parsePrefix } from '../../../net/address.ts';
import { asRoot, eventually, openedFor } from '../../../kernel/testing.ts';
import type { Output, RouteSelector } from '../ip.ts';
import { printAddresses, type AddressedLink, type AddressListing } from './print-address.ts';
import { printLinks, type LinkListing } from './print-link.ts';
import { printRoutes, type NexthopListing, type RouteListing } from './print-route.ts';
import { printRules, type RuleListing } from './print-rule.ts';

/** What is built by `ip`, and described below in the terms of the listings. */
const build = [
  'link set lo up',
  'link add br0 type bridge',
  'link add up0 address 02:00:00:00:00:01 mtu 1400 type veth peer name peer0',
  'link add up1 address 02:00:00:00:00:03 type veth peer name peer1',
  'link set dev peer0 address 02:00:00:00:00:02',
  'link set dev peer1 address 02:00:00:00:00:04',
  'link set dev br0 address 02:00:00:00:00:05',
  'link set peer1 master br0',
  'link set up0 up',
  'link set peer0 up',
  'link set up1 up',
  'address add 10.1.0.2/24 brd + dev up0',
  'address add 10.1.0.3/24 dev up0',
  'address add 10.3.0.1 peer 10.3.0.2/30 dev up0 label up0:1 metric 5',
  'address add 10.2.0.2/24 dev up1',
  'address add 192.0.2.1/32 dev lo noprefixroute',
  'nexthop add id 7 via 10.1.0.1 dev up0',
  'route add default scope global nexthop via 10.1.0.1 dev up0 weight 8 nexthop via 10.2.0.1 dev up1 weight 2',
  'route add 198.51.100.0/24 via 10.1.0.1 dev up0 src 10.1.0.3 proto static metric 20 tos 0x10',
  'route add 203.0.113.0/24 via 172.16.0.1 dev up0 onlink table 101',
  'route add unreachable 10.0.0.0/8',
  'route add throw 192.0.2.0/24 table 4711 proto 77 tos CS1',
  'route add 192.0.2.7 nhid 7 table 101',
  'rule add from 10.1.0.2 lookup 101',
  'rule add not fwmark 0x1/0x3 to 192.0.2.0/24 iif up0 oif nosuch goto 32766 priority 50',
  'rule add fwmark 0x20 ipproto udp dport 53 sport 1000-2000 tos 0x10 blackhole priority 60',
  'rule add uidrange 5-9 lookup main suppress_prefixlength 0 priority 70',
  'rule add ipproto 222 nop priority 80',
];

const plain: Output = { json: false, pretty: false, oneline: false, brief: false, details: false, inet: false };
const main: RouteSelector = {
  ...{ table: 254, prefix: null, device: null, gateway: null, protocol: null, scope: null, type: null },
  ...{ source: null, tos: null, metric: null },
};

const nexthop = (gateway: string | null, device: string, more: Partial<NexthopListing> = {}): NexthopListing => ({
  gateway: gateway === null ? null : parseIPv4(gateway),
  ...{ device, weight: 1, onlink: false, dead: false, linkdown: false },
  ...more,
});
const route = (destination: string, more: Partial<RouteListing>): RouteListing => ({
  ...{ type: 'unicast', destination: parsePrefix(destination), tos: 0, table: 254, metric: 0, protocol: 3, scope: 0 },
  ...{ source: null, nexthops: [], nexthopId: null },
  ...more,
});
const connected = (
  destination: string,
  device: string,
  source: string,
  more: Partial<RouteListing> = {},
): RouteListing =>
  route(destination, {
    ...{ protocol: 2, scope: 253, source: parseIPv4(source), nexthops: [nexthop(null, device)] },
    ...more,
  });

const down = { linkdown: true };
const routes: readonly RouteListing[] = [
  route('0.0.0.0/0', {
    nexthops: [nexthop('10.1.0.1', 'up0', { weight: 8 }), nexthop('10.2.0.1', 'up1', { weight: 2, ...down })],
  }),
  route('10.0.0.0/8', { type: 'unreachable' }),
  connected('10.1.0.0/24', 'up0', '10.1.0.2'),
  connected('10.2.0.0/24', 'up1', '10.2.0.2', { nexthops: [nexthop(null, 'up1', down)] }),
  connected('10.3.0.0/30', 'up0', '10.3.0.1', { metric: 5 }),
  route('198.51.100.0/24', {
    ...{ nexthops: [nexthop('10.1.0.1', 'up0')], source: parseIPv4('10.1.0.3'), protocol: 4, metric: 20, tos: 0x10 },
  }),
];
const table101 = [
  route('192.0.2.7/32', { table: 101, nexthops: [nexthop('10.1.0.1', 'up0')], nexthopId: 7 }),
  route('203.0.113.0/24', { table: 101, nexthops: [nexthop('172.16.0.1', 'up0', { onlink: true })] }),
];
const table4711 = [route('192.0.2.0/24', { type: 'throw', table: 4711, protocol: 77, tos: 0x20 })];

const rule = (priority: number, more: Partial<RuleListing>): RuleListing => ({
  ...{ priority, not: false, from: null, to: null, mark: null, inputDevice: null, outputDevice: null, tos: null },
  ...{ protocol: null, sourcePorts: null, destinationPorts: null, uids: null, suppressPrefixLength: null },
  ...{ inputDetached: false, outputDetached: false, unresolved: false, ofKernel: false },
  action: { kind: 'table', table: 254 },
  ...more,
});
const rules: readonly RuleListing[] = [
  rule(0, { action: { kind: 'table', table: 255 }, ofKernel: true }),
  rule(50, {
    ...{ not: true, mark: { value: 1, mask: 3 }, to: parsePrefix('192.0.2.0/24'), inputDevice: 'up0' },
    ...{ outputDevice: 'nosuch', outputDetached: true, action: { kind: 'goto', priority: 32766 } },
  }),
  rule(60, {
    ...{ mark: { value: 0x20, mask: 0xffffffff }, protocol: 17, destinationPorts: { from: 53, to: 53 } },
    ...{ sourcePorts: { from: 1000, to: 2000 }, tos: 0x10, action: { kind: 'blackhole' } },
  }),
  rule(70, { uids: { from: 5, to: 9 }, suppressPrefixLength: 0 }),
  rule(80, { protocol: 222, action: { kind: 'nop' } }),
  rule(32765, { from: parsePrefix('10.1.0.2/32'), action: { kind: 'table', table: 101 } }),
  rule(32766, { ofKernel: true }),
  rule(32767, { action: { kind: 'table', table: 253 }, ofKernel: true }),
];

const link = (index: number, name: string, peer: string | null, more: Partial<LinkListing>): LinkListing => ({
  ...{ index, name, peer, mtu: 1500, queueing: 'noqueue', master: null, state: 'UP', queueLength: 1000, type: 'ether' },
  flags: ['BROADCAST', 'MULTICAST', 'UP', 'LOWER_UP'],
  ...{ hardware: '02:00:00:00:00:01', broadcast: 'ff:ff:ff:ff:ff:ff' },
  ...more,
});
const idle = { flags: ['BROADCAST', 'MULTICAST'], queueing: 'noop', state: 'DOWN' } as const;
const waiting = { flags: ['NO-CARRIER', 'BROADCAST', 'MULTICAST', 'UP', 'M-DOWN'], state: 'LOWERLAYERDOWN' } as const;
const zero = '00:00:00:00:00:00';
const links: readonly LinkListing[] = [
  link(1, 'lo', null, {
    ...{ flags: ['LOOPBACK', 'UP', 'LOWER_UP'], mtu: 65536, state: 'UNKNOWN', type: 'loopback' },
    ...{ hardware: zero, broadcast: zero },
  }),
  link(2, 'br0', null, { ...idle, hardware: '02:00:00:00:00:05' }),
  link(3, 'peer0', 'up0', { hardware: '02:00:00:00:00:02' }),
  link(4, 'up0', 'peer0', { mtu: 1400 }),
  link(5, 'peer1', 'up1', { ...idle, master: 'br0', hardware: '02:00:00:00:00:04' }),
  link(6, 'up1', 'peer1', { ...waiting, hardware: '02:00:00:00:00:03' }),
];
const address = (local: string, label: string, more: Partial<AddressListing> = {}): AddressListing => ({
  ...{ local: parsePrefix(local), peer: null, broadcast: null, scope: 0, secondary: false },
  ...{ prefixRoute: true, label, metric: 0 },
  ...more,
});
const addresses: Readonly<Record<string, readonly AddressListing[]>> = {
  lo: [address('127.0.0.1/8', 'lo', { scope: 254 }), address('192.0.2.1/32', 'lo', { prefixRoute: false })],
  up0: [
    address('10.1.0.2/24', 'up0', { broadcast: parseIPv4('10.1.0.255') }),
    address('10.3.0.1/30', 'up0:1', { peer: parseIPv4('10.3.0.2'), metric: 5 }),
    address('10.1.0.3/24', 'up0', { secondary: true }),
  ],
  up1: [address('10.2.0.2/24', 'up1')],
};
const addressed: readonly AddressedLink[] = links.map((each) => ({ ...each, addresses: addresses[each.name] ?? [] }));

/** What is asked of `ip`, without `-json`, and what is to be printed. */
const questions: readonly (readonly [string, (output: Output) => string, Partial<Output>?])[] = [
  ['route show', (output) => printRoutes(routes, main, output)],
  ['-oneline route show', (output) => printRoutes(routes, main, output), { oneline: true }],
  ['-details route show', (output) => printRoutes(routes, main, output), { details: true }],
  ['route show table 101', (output) => printRoutes(table101, { ...main, table: 101 }, output)],
  ['route show table 4711', (output) => printRoutes(table4711, { ...main, table: 4711 }, output)],
  [
    'route show table all proto 77',
    (output) => printRoutes(table4711, { ...main, table: 'all', protocol: 77 }, output),
  ],
  ['route show dev up1', (output) => printRoutes(routes.slice(3, 4), { ...main, device: 'up1' }, output)],
  ['route show metric 20', (output) => printRoutes(routes.slice(5), { ...main, metric: 20 }, output)],
  ['rule show', (output) => printRules(rules, output)],
  ['-details rule show', (output) => printRules(rules, output), { details: true }],
  ['link show', (output) => printLinks(links, output)],
  ['-oneline link show', (output) => printLinks(links, output), { oneline: true }],
  ['-brief link show', (output) => printLinks(links, output), { brief: true }],
  ['address show', (output) => printAddresses(addressed, output)],
  ['-4 address show', (output) => printAddresses(addressed, output), { inet: true }],
  ['-oneline -4 address show', (output) => printAddresses(addressed, output), { oneline: true, inet: true }],
  ['-brief address show', (output) => printAddresses(addressed, output), { brief: true }],
];

asRoot('listings are printed as ip prints them, as text and as JSON', async (t) => {
  const sandbox = await openedFor(t);
  await sandbox.run(
    'building',
    null,
    [
      'sh',
      '-c',
      'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6; echo 0 >/proc/sys/net/ipv4/conf/all/ignore_routes_with_linkdown; ip -batch -',
    ],
    {
      input: build.join('\n'),
    },
  );
  // The kernel notices a carrier a little later.
  await eventually(t, 'up0 is up', async () => {
    return / state UP /.exec(await sandbox.run('asking', null, ['ip', '-oneline', 'link', 'show', 'up0']))?.[0];
  });
  for (const [question, print, more] of questions) {
    const words = question.split(' ');
    t.is(print({ ...plain, ...more }), await sandbox.run(question, null, ['ip', ...words]), question);
    const json = JSON.parse(await sandbox.run(question, null, ['ip', '-json', ...words])) as unknown;
    t.deepEqual(JSON.parse(print({ ...plain, ...more, json: true })), json, `-json ${question}`);
  }
});
