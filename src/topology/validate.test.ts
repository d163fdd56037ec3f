import test from 'ava';
import fc from 'fast-check';
import homeGateway from '../../lab/topologies/home-gateway.ts';
import threeIsps, { type ThreeIspsOptions } from '../../lab/topologies/three-isps.ts';
import { LabError } from '../net/error.ts';
import type { End, Topology } from './topology.ts';
import { validateTopology } from './validate.ts';

type Draft<T> = { -readonly [Key in keyof T]: Draft<T[Key]> };

/** A copy of three-isps with a client behind NAT, changed. Links 0 to 2 are the uplinks, 3 to 5 join each ISP to the internet. */
function edited(change: (draft: Draft<Topology>) => void): Topology {
  const draft = structuredClone(threeIsps({ cgnat: 'stateful' })) as Draft<Topology>;
  change(draft);
  return draft;
}

function rejection(topology: Topology): LabError | null {
  try {
    validateTopology(topology);
    return null;
  } catch (error) {
    if (error instanceof LabError && error.code === 'invalid') return error;
    throw error;
  }
}

const everyOption: readonly ThreeIspsOptions[] = (['router', 'stateful'] as const).flatMap((cgnat) =>
  ([[], ['isp1'], ['isp2', 'isp3'], ['isp1', 'isp2', 'isp3']] as const).map((unfiltered) => ({ cgnat, unfiltered })),
);
for (const options of everyOption) {
  test(`three-isps is valid: ${JSON.stringify(options)}`, (t) => {
    t.is(rejection(threeIsps(options)), null);
  });
}

const refused = test.macro({
  title: (name) => `refused: ${String(name)}`,
  exec: (t, change: (draft: Draft<Topology>) => void, message: string, hint: string) => {
    const error = rejection(edited(change));
    t.is(error?.message, `topology three-isps: ${message}`);
    t.is(error?.hint, hint);
  },
});

const hostOf = (draft: Draft<Topology>, name: string) => draft.hosts.find((host) => host.name === name)!;
const uplink1 = 'link server:isp1 – isp1:server';
const transfer1 = 'link internet:isp1 – isp1:internet';

// NAT modes
for (const nat of [
  { mode: 'short-lived', lifetime: 1 },
  { mode: 'one-way' },
  { mode: 'table-full', room: 0 },
] as const) {
  test(`a NAT may be ${nat.mode}`, (t) => {
    const topology = edited((draft) => {
      const cgnat = hostOf(draft, 'cgnat');
      cgnat.nat = { ...cgnat.nat!, ...nat };
    });
    t.is(rejection(topology), null);
  });
}
for (const lifetime of [0, -1, 0.5, NaN]) {
  test(
    `a NAT whose mappings live ${lifetime} s`,
    refused,
    (draft) => {
      const cgnat = hostOf(draft, 'cgnat');
      cgnat.nat = { ...cgnat.nat!, mode: 'short-lived', lifetime };
    },
    `host 'cgnat': its NAT's mappings live ${lifetime} s`,
    'give them a whole number of seconds, at least 1',
  );
}
for (const oneOf of [0, 1, -2, 2.5, NaN]) {
  test(
    `a loss of one packet of ${oneOf}`,
    refused,
    (draft) => void (hostOf(draft, 'internet').loss = { interface: 'isp1', oneOf }),
    `host 'internet': it loses one packet of ${oneOf}`,
    'give a whole number of packets, at least 2',
  );
}
test(
  'a loss at an interface that is not there',
  refused,
  (draft) => void (hostOf(draft, 'internet').loss = { interface: 'isp9', oneOf: 2 }),
  "host 'internet': its loss names the interface 'isp9', which it does not have",
  'it has: isp1, isp2, isp3, cgnat',
);
for (const room of [-1, 0.5, NaN]) {
  test(
    `a NAT with room for ${room} flows`,
    refused,
    (draft) => {
      const cgnat = hostOf(draft, 'cgnat');
      cgnat.nat = { ...cgnat.nat!, mode: 'table-full', room };
    },
    `host 'cgnat': its NAT has room for ${room} flows`,
    'give it a whole number, or 0 for none',
  );
}

// Control
test('a control may name any address of any host', (t) => {
  const control = [{ host: 'client', destination: '203.0.113.2' }];
  t.is(rejection(edited((draft) => (draft.control = control))), null);
});
test(
  'a control of a host that is not there',
  refused,
  (draft) => (draft.control = [{ host: 'nobody', destination: '203.0.113.2' }]),
  "control: there is no host 'nobody'",
  'name one of the hosts',
);
test(
  'a control of an address that nobody has',
  refused,
  (draft) => (draft.control = [{ host: 'client', destination: '203.0.113.20' }]),
  'control: no host has the address 203.0.113.20',
  "name one of a host's addresses",
);

// Hosts
test(
  'two hosts of one name',
  refused,
  ({ hosts }) => void hosts.push(hosts[1]!),
  "host 'isp1': there are two hosts of this name",
  'rename one of them',
);
for (const name of ['', 'ISP1', '1isp', '-isp', 'isp_1', 'isp 1', '../isp', 'isp1\n']) {
  test(
    `host name ${JSON.stringify(name)}`,
    refused,
    ({ hosts }) => void (hosts[1]!.name = name),
    `host '${name}': a host is named by lower-case letters, digits and dashes`,
    'rename it',
  );
}
test(
  'a host without links',
  refused,
  ({ hosts }) => void hosts.push({ name: 'island', forwarding: false, routes: [] }),
  "host 'island': no link ends there",
  'link it to another host, or remove it',
);

// Links
test(
  'both ends on one host',
  refused,
  ({ links }) => void (links[0]!.ends[1].host = 'server'),
  'link server:isp1 – server:server: both ends are on one host',
  'connect two different hosts',
);
test(
  'an end on no host',
  refused,
  ({ links }) => void (links[0]!.ends[1].host = 'isp9'),
  "link server:isp1 – isp9:server: there is no host 'isp9'",
  "add it, or correct the link's end",
);
test(
  'a link with one end',
  refused,
  ({ links }) => void links[0]!.ends.pop(),
  'link server:isp1: expected two ends, got 1',
  'give it two',
);
test(
  'an interface used twice',
  refused,
  ({ links }) => void (links[1]!.ends[0].interface = 'isp1'),
  'link server:isp1 – isp2:server: server:isp1 is an end of another link already',
  'name another interface',
);
test(
  'an interface name of 16 characters',
  refused,
  ({ links }) => void (links[3]!.ends[0].interface = 'abcdefghijklmnop'),
  "link internet:abcdefghijklmnop – isp1:internet: interface 'abcdefghijklmnop' of internet has 16 characters",
  'the kernel allows 15: shorten it',
);
test('an interface name of 15 characters is valid', (t) => {
  t.is(rejection(edited(({ links }) => void (links[3]!.ends[0].interface = 'abcdefghijklmno'))), null);
});
// What `ip link add` takes for words of its own, /proc/sys/net/ipv4/conf for others, or the kernel for no name at all.
for (const name of ['x', 'dev', 'type', 'up', 'all', 'default', 'lo', '', '0eth', 'a/b', 'a b', 'eth:0', 'été']) {
  test(
    `interface name ${JSON.stringify(name)}`,
    refused,
    ({ links }) => void (links[3]!.ends[0].interface = name),
    `link internet:${name} – isp1:internet: '${name}' of internet cannot name an interface`,
    'use two or more letters and digits, and no keyword of ip',
  );
}

// Addresses
test(
  'an end without an address',
  refused,
  ({ links }) => void (links[0]!.ends[1].addresses = []),
  `${uplink1}: isp1:server has no address`,
  'give it one, such as 192.0.2.1/30',
);
for (const address of ['203.0.113.1', '203.0.113.256/24', '203.0.113.1/33', '203.0.113.01/24', '2001:db8::1/64', '']) {
  test(
    `address ${JSON.stringify(address)}`,
    refused,
    ({ links }) => void (links[0]!.ends[1].addresses = [address]),
    `${uplink1}: isp1:server: expected an IPv4 prefix such as 203.0.113.2/24, with a length from 0 to 32, got "${address}"`,
    '',
  );
}
test(
  'an address that is there already, on the same link',
  refused,
  ({ links }) => void (links[0]!.ends[1].addresses = ['203.0.113.2/24']),
  `${uplink1}: 203.0.113.2/24 of isp1:server is the address of server:isp1 already`,
  'give it another one',
);
test(
  'an address that is there already, elsewhere and with another length',
  refused,
  ({ links }) => void links[7]!.ends[1].addresses.push('203.0.113.2/32'),
  'link cgnat:client – client:cgnat: 203.0.113.2/32 of client:cgnat is the address of server:isp1 already',
  'give it another one',
);
const common = "give both an address of the link's network";
test(
  'ends in different networks',
  refused,
  ({ links }) => void (links[0]!.ends[0].addresses = ['198.18.0.2/24']),
  `${uplink1}: its two ends have no network in common`,
  common,
);
// 203.0.113.200 takes .1 for its neighbour; .1, whose network ends at .3, does not return the favour.
for (const [one, other] of [
  [0, 1],
  [1, 0],
] as const) {
  test(
    `an end that only the other takes for its neighbour: end ${one}`,
    refused,
    ({ links }) => {
      links[0]!.ends[one].addresses = ['203.0.113.200/24'];
      links[0]!.ends[other].addresses = ['203.0.113.1/30'];
    },
    `${uplink1}: its two ends have no network in common`,
    common,
  );
}
test('ends with different lengths that both take the other for a neighbour are valid', (t) => {
  t.is(rejection(edited(({ links }) => void (links[0]!.ends[1].addresses = ['203.0.113.1/30']))), null);
});
for (const network of ['203.0.113', '203.0.112']) {
  const length = network === '203.0.113' ? 28 : 23;
  test(
    `a link within another's network, or around it (/${length})`,
    refused,
    ({ links }) => {
      links[3]!.ends[0].addresses = [`${network}.9/${length}`];
      links[3]!.ends[1].addresses = [`${network}.10/${length}`];
    },
    `${transfer1}: ${network}.0/${length} overlaps 203.0.113.0/24 of ${uplink1}`,
    'give each link a network of its own',
  );
}

// Routes
test(
  'a route by a router that is no neighbour',
  refused,
  (draft) => void (hostOf(draft, 'client').routes = [{ to: 'default', via: '192.0.2.13' }]),
  "host 'client': the next router 192.0.2.13 of its route to default is on none of its links",
  'correct the address',
);
test(
  'a route by the host itself',
  refused,
  (draft) => void (hostOf(draft, 'client').routes = [{ to: 'default', via: '100.64.0.10' }]),
  "host 'client': the next router 100.64.0.10 of its route to default is itself",
  "name the other end's address",
);
test(
  'a route by what is no address',
  refused,
  (draft) => void (hostOf(draft, 'client').routes = [{ to: 'default', via: 'cgnat' }]),
  'host \'client\': route to default: expected an IPv4 address such as 203.0.113.2, got "cgnat"',
  '',
);
test(
  'a route to what is no prefix',
  refused,
  (draft) => void (hostOf(draft, 'client').routes = [{ to: 'internet', via: '100.64.0.1' }]),
  "host 'client': route to internet: expected an IPv4 prefix such as 203.0.113.2/24, with a length from 0 to 32, " +
    'got "internet"',
  '',
);
// ip-route(8) says of it: 'Invalid prefix for given prefix length.'
test(
  'a route to a prefix with host bits',
  refused,
  (draft) => void (hostOf(draft, 'client').routes = [{ to: '203.0.113.2/24', via: '100.64.0.1' }]),
  "host 'client': route to 203.0.113.2/24: 203.0.113.2/24 is an address within a network, not a network",
  'write 203.0.113.0/24',
);
// ip-route(8) says of the second: 'File exists'.
test(
  'two routes to one place',
  refused,
  (draft) => void hostOf(draft, 'isp1').routes.push({ to: 'default', via: '203.0.113.2' }),
  "host 'isp1': there are two routes to default",
  'remove one of them',
);

// Filters and NAT
test(
  'a filter of an interface that is not there',
  refused,
  (draft) => void (hostOf(draft, 'isp2').sourceFilter!.interface = 'eth0'),
  "host 'isp2': its source filter names the interface 'eth0', which it does not have",
  'it has: server, internet',
);
test(
  'a filter of what is no prefix',
  refused,
  (draft) => void (hostOf(draft, 'isp2').sourceFilter!.allowed = ['203.0.114.0/24', '203.0.114.0']),
  "host 'isp2': source filter: expected an IPv4 prefix such as 203.0.113.2/24, with a length from 0 to 32, " +
    'got "203.0.114.0"',
  '',
);
test(
  'a NAT at an interface that is not there',
  refused,
  (draft) => void (hostOf(draft, 'cgnat').nat!.outside = 'wan'),
  "host 'cgnat': its NAT names the interface 'wan', which it does not have",
  'it has: internet, client',
);
test(
  'a NAT whose address is on the inside',
  refused,
  (draft) => void (hostOf(draft, 'cgnat').nat!.address = '100.64.0.1'),
  "host 'cgnat': its NAT's address 100.64.0.1 is not on internet",
  'internet has: 192.0.2.14/30, 198.51.100.10/32',
);
test(
  "a NAT whose address is the beginning of the interface's",
  refused,
  (draft) => void (hostOf(draft, 'cgnat').nat!.address = '198.51.100.1'),
  "host 'cgnat': its NAT's address 198.51.100.1 is not on internet",
  'internet has: 192.0.2.14/30, 198.51.100.10/32',
);
test(
  'a NAT for what is no prefix',
  refused,
  (draft) => void (hostOf(draft, 'cgnat').nat!.customers = 'everyone'),
  'host \'cgnat\': NAT: expected an IPv4 prefix such as 203.0.113.2/24, with a length from 0 to 32, got "everyone"',
  '',
);

// The server
test(
  'a server that is no host',
  refused,
  ({ server }) => void (server.host = 'sever'),
  "server: there is no host 'sever'",
  'name one of the hosts',
);
test(
  'a server without uplinks',
  refused,
  ({ server }) => void (server.uplinks = []),
  'server: it has no uplinks',
  'name at least one',
);
test(
  'an uplink without interface',
  refused,
  ({ server }) => void (server.uplinks[1]!.interface = 'isp4'),
  "uplink 'isp4': server has no such interface",
  'name one that is the end of a link',
);
test(
  'an uplink named by the interface at its other end',
  refused,
  ({ server }) => void (server.uplinks[1]!.interface = 'server'),
  "uplink 'server': server has no such interface",
  'name one that is the end of a link',
);
test(
  'an uplink that is there twice',
  refused,
  ({ server }) => void server.uplinks.push(server.uplinks[0]!),
  "uplink 'isp1': it is an uplink already",
  'name each interface once',
);
test(
  "an uplink with another's address",
  refused,
  ({ server }) => void (server.uplinks[0]!.address = '203.0.114.2'),
  "uplink 'isp1': 203.0.114.2 is not an address of server:isp1",
  'it has: 203.0.113.2/24',
);
test(
  "an uplink with its gateway's address",
  refused,
  ({ server }) => void (server.uplinks[0]!.address = '203.0.113.1'),
  "uplink 'isp1': 203.0.113.1 is not an address of server:isp1",
  'it has: 203.0.113.2/24',
);
test(
  "an uplink with another's gateway",
  refused,
  ({ server }) => void (server.uplinks[0]!.gateway = '203.0.114.1'),
  "uplink 'isp1': 203.0.114.1 is not an address of isp1:server",
  'it has: 203.0.113.1/24',
);
test(
  'an uplink that is its own gateway',
  refused,
  ({ server }) => void (server.uplinks[0]!.gateway = '203.0.113.2'),
  "uplink 'isp1': 203.0.113.2 is not an address of isp1:server",
  'it has: 203.0.113.1/24',
);
test(
  "an uplink with another's network",
  refused,
  ({ server }) => void (server.uplinks[0]!.network = '203.0.114.0/24'),
  "uplink 'isp1': 203.0.113.2 is not within 203.0.114.0/24",
  'correct the network',
);
test(
  'an uplink whose network has host bits',
  refused,
  ({ server }) => void (server.uplinks[0]!.network = '203.0.113.2/24'),
  "uplink 'isp1': 203.0.113.2/24 is an address within a network, not a network",
  'write 203.0.113.0/24',
);
test(
  'an uplink whose network is none',
  refused,
  ({ server }) => void (server.uplinks[0]!.network = '203.0.113.0'),
  'uplink \'isp1\': expected an IPv4 prefix such as 203.0.113.2/24, with a length from 0 to 32, got "203.0.113.0"',
  '',
);

/** What can be taken out of three-isps, one at a time. */
const parts = fc.oneof(
  fc
    .nat({ max: 6 })
    .map((index) => ({ name: `host ${index}`, remove: (d: Draft<Topology>) => d.hosts.splice(index, 1) })),
  fc
    .nat({ max: 7 })
    .map((index) => ({ name: `link ${index}`, remove: (d: Draft<Topology>) => d.links.splice(index, 1) })),
  fc.tuple(fc.nat({ max: 7 }), fc.nat({ max: 1 })).map(([index, end]) => ({
    name: `end ${end} of link ${index}`,
    remove: (d: Draft<Topology>) => (d.links[index]!.ends as unknown[]).splice(end, 1),
  })),
  fc.tuple(fc.nat({ max: 7 }), fc.nat({ max: 1 })).map(([index, end]) => ({
    name: `address of end ${end} of link ${index}`,
    remove: (d: Draft<Topology>) => d.links[index]!.ends[end]!.addresses.shift(),
  })),
  fc.nat({ max: 2 }).map((index) => ({
    name: `uplink ${index}`,
    remove: (d: Draft<Topology>) => d.server.uplinks.splice(index, 1),
  })),
);

test('what is left when anything is taken away is refused with its reason, or still a network', (t) => {
  fc.assert(
    fc.property(parts, fc.constantFrom(...everyOption), ({ name, remove }, options) => {
      const draft = structuredClone(threeIsps(options)) as Draft<Topology>;
      remove(draft);
      const error = rejection(draft);
      // Two uplinks are as good as three; every other part is needed by something else.
      t.is(error === null, name.startsWith('uplink'), name);
      if (error) t.regex(error.message, /^topology three-isps: (host|link|uplink|server)/, name);
    }),
    { numRuns: 500 },
  );
});

// What a home gateway has besides: lines from point to point, a switch, rates, prefixes of its own, admission.
test('home-gateway is valid', (t) => {
  t.is(rejection(homeGateway()), null);
});

const refusedAtHome = test.macro({
  title: (name) => `refused in home-gateway: ${String(name)}`,
  exec: (t, change: (draft: Draft<Topology>) => void, message: string, hint: string) => {
    const draft = structuredClone(homeGateway()) as Draft<Topology>;
    change(draft);
    const error = rejection(draft);
    t.is(error?.message, `topology home-gateway: ${message}`);
    t.is(error?.hint, hint);
  },
});
const endAt = ({ links }: Draft<Topology>, host: string, name: string) =>
  links.flatMap(({ ends }) => ends as Draft<End>[]).find((end) => end.host === host && end.interface === name)!;
const ppp0 = 'link server:ppp0 – isp1:server';
const home = 'link server:eth2 – desktop:eth0 – laptop:eth0';

// Lines that are dialled
for (const dialled of ['nodefaultroute', 'defaultroute', 'replacedefaultroute'] as const) {
  test(`home-gateway is valid with its lines dialled, ${dialled}`, (t) => {
    t.is(rejection(homeGateway({ dialled })), null);
  });
}
const dialledAs = (draft: Draft<Topology>, ethernet: [string, string]): void =>
  void (draft.links.find(({ ends }) => ends[0].interface === 'ppp0')!.pppoe = {
    ethernet,
    defaultRoute: 'nodefaultroute',
  });
test(
  'PPP on a switch',
  refusedAtHome,
  (draft) =>
    void (draft.links.find(({ ends }) => ends.length > 2)!.pppoe = {
      ethernet: ['dsl0', 'dsl'],
      defaultRoute: 'nodefaultroute',
    }),
  `${home}: PPP has two ends`,
  'leave pppoe out, or the other ends',
);
test(
  'PPP with a network of its own',
  refusedAtHome,
  (draft) => {
    dialledAs(draft, ['dsl0', 'dsl']);
    endAt(draft, 'server', 'ppp0').addresses = ['203.0.113.2/24'];
  },
  `${ppp0}: PPP gives server:ppp0 one address from point to point, and not 203.0.113.2/24`,
  'give it one, such as 192.0.2.1 peer 192.0.2.2',
);
test(
  'a wire beneath PPP by the name of another interface',
  refusedAtHome,
  (draft) => {
    dialledAs(draft, ['eth0', 'dsl']);
  },
  `${ppp0}: server:eth0 is an end of another link already`,
  'name another interface',
);
test(
  'a wire beneath PPP that cannot be named so',
  refusedAtHome,
  (draft) => {
    dialledAs(draft, ['dsl0', 'a-wire-to-the-far-server']);
  },
  `${ppp0}: interface 'a-wire-to-the-far-server' of isp1 has 24 characters`,
  'the kernel allows 15: shorten it',
);
test(
  'a route by a line that is dialled',
  refusedAtHome,
  (draft) => {
    dialledAs(draft, ['dsl0', 'dsl']);
    draft.hosts.find(({ name }) => name === 'isp1')!.routes = [{ to: '192.168.2.0/24', via: '203.0.113.2' }];
  },
  "host 'isp1': its route to 192.168.2.0/24 is by a line over PPP, and would be lost with it",
  'give it another next router',
);

test(
  'a peer that is not there',
  refusedAtHome,
  (draft) => void (endAt(draft, 'server', 'ppp0').addresses = ['203.0.113.2 peer 203.0.113.9']),
  `${ppp0}: its two ends have no network in common`,
  common,
);
test(
  'a peer with a prefix length',
  refusedAtHome,
  (draft) => void (endAt(draft, 'server', 'ppp0').addresses = ['203.0.113.2 peer 203.0.113.1/32']),
  `${ppp0}: server:ppp0: expected an IPv4 address such as 203.0.113.2, got "203.0.113.1/32"`,
  '',
);
test(
  "a line's network that is neither around its address nor its peer",
  refusedAtHome,
  ({ server }) => void (server.uplinks[0]!.network = '203.0.114.0/24'),
  "uplink 'ppp0': 203.0.113.2 is not within 203.0.114.0/24",
  'correct the network',
);
test(
  'a host twice on a switch',
  refusedAtHome,
  (draft) => void (endAt(draft, 'laptop', 'eth0').host = 'desktop'),
  'link server:eth2 – desktop:eth0 – desktop:eth0: two ends are on one host',
  'connect two different hosts',
);
test(
  'a host on a switch that is in another network',
  refusedAtHome,
  (draft) => void (endAt(draft, 'laptop', 'eth0').addresses = ['192.168.3.101/24']),
  `${home}: two of its ends have no network in common`,
  common,
);
for (const rate of [0, -1, 0.5, NaN]) {
  test(
    `a rate of ${rate}`,
    refusedAtHome,
    (draft) => void (endAt(draft, 'server', 'ppp0').rate = rate),
    `${ppp0}: the rate of server:ppp0 is ${rate}`,
    'give whole bits per second, more than none, or no rate',
  );
}
test(
  'a prefix of its own with host bits',
  refusedAtHome,
  (draft) => void (hostOf(draft, 'world').ownPrefixes = ['198.18.0.1/19']),
  "host 'world': its own prefix: 198.18.0.1/19 is an address within a network, not a network",
  'write 198.18.0.0/19',
);
test(
  'an admission of no prefix',
  refusedAtHome,
  (draft) => void (hostOf(draft, 'statistics').admission = { from: ['203.0.114.0'] }),
  'host \'statistics\': admission: expected an IPv4 prefix such as 203.0.113.2/24, with a length from 0 to 32, got "203.0.114.0"',
  '',
);

// Impairments
for (const impairment of [
  { delay: 0, loss: 0 },
  { delay: 60, loss: 0.999 },
  { delay: 0.000_001, loss: 0.01 },
]) {
  test(`a line with ${JSON.stringify(impairment)}`, (t) => {
    t.is(rejection(edited(({ links }) => void (links[0]!.impairment = impairment))), null);
  });
}
for (const delay of [-1, 60.1, NaN, Infinity]) {
  test(
    `a delay of ${delay}`,
    refused,
    ({ links }) => void (links[0]!.impairment = { delay, loss: 0 }),
    `${uplink1}: its delay is ${delay}`,
    'give seconds, from 0 to 60',
  );
}
for (const loss of [-0.1, 1, NaN]) {
  test(
    `a share of ${loss} that is lost`,
    refused,
    ({ links }) => void (links[0]!.impairment = { delay: 0, loss }),
    `${uplink1}: its loss is ${loss}`,
    'give a share of the packets, from 0 to less than 1',
  );
}
test(
  'a switch that is impaired',
  refusedAtHome,
  ({ links }) => void (links.find(({ ends }) => ends.length > 2)!.impairment = { delay: 0.04, loss: 0 }),
  `${home}: it has an impairment and 3 ends`,
  'impair a line between two ends',
);
