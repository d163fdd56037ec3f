import type { ExecutionContext } from 'ava';
import threeIsps, { type ThreeIspsOptions } from '../../lab/topologies/three-isps.ts';
import { endsOf, type Topology } from '../topology/topology.ts';
import { buildNetwork } from './network.ts';
import { profiles, sysctlsOf, type ProfileName } from '../topology/profile.ts';
import { sysctlScript } from './sysctl.ts';
import type { Sandbox } from './sandbox.ts';
import { asRoot, openedFor } from './testing.ts';

const modes = ['router', 'stateful'] as const;
const profileNames = Object.keys(profiles) as ProfileName[];
const seed = 0x1234567;
const tunnels = { server: ['tun0', 'tun1'], client: ['tun0'] };

async function built(t: ExecutionContext, options: ThreeIspsOptions = {}, profile: ProfileName = 'kernel') {
  const topology = threeIsps(options);
  const sandbox = await openedFor(t);
  await buildNetwork(sandbox, topology, { profile, seed, tunnels });
  return { topology, sandbox };
}

const sh = (sandbox: Sandbox, host: string, script: string): Promise<string> =>
  sandbox.run(`on ${host}`, host, ['sh', '-euc', script]);

async function json(sandbox: Sandbox, host: string, ...command: string[]): Promise<Record<string, unknown>[]> {
  return JSON.parse((await sandbox.run(`on ${host}`, host, command)) || '[]') as Record<string, unknown>[];
}

/** The kernel's defaults, from its Documentation/networking/ip-sysctl.rst; rp_filter and forwarding are seen to below. */
const perInterface: Readonly<Record<string, number>> = {
  accept_local: 0,
  arp_announce: 0,
  arp_filter: 0,
  arp_ignore: 0,
  ignore_routes_with_linkdown: 0,
  log_martians: 0,
  proxy_arp: 0,
  route_localnet: 0,
  send_redirects: 1,
  src_valid_mark: 0,
};
const perHost: Readonly<Record<string, number>> = {
  'net/ipv4/fib_multipath_hash_policy': 0,
  'net/ipv4/fib_multipath_use_neigh': 0,
  'net/ipv4/fwmark_reflect': 0,
  'net/ipv4/tcp_fwmark_accept': 0,
  'net/ipv4/icmp_echo_ignore_all': 0,
  'net/ipv4/ip_nonlocal_bind': 0,
  'net/netfilter/nf_conntrack_udp_timeout': 30,
  'net/netfilter/nf_conntrack_udp_timeout_stream': 120,
};
/** What `server` alone has other values of, by profile, for each interface but `all`: from systemd's 50-default.conf. */
const ofProfile: Readonly<Record<ProfileName, Readonly<Record<string, number>>>> = {
  kernel: { accept_source_route: 1, promote_secondaries: 0, rp_filter: 0 },
  systemd: { accept_source_route: 0, promote_secondaries: 1, rp_filter: 2 },
};
const none = { accept_source_route: 0, promote_secondaries: 0, rp_filter: 0 };
const routers = ['isp1', 'isp2', 'isp3', 'internet', 'cgnat'];

const interfacesOf = (topology: Topology, host: string): readonly string[] => [
  ...endsOf(topology, host).map((end) => end.interface),
  ...((tunnels as Partial<Record<string, readonly string[]>>)[host] ?? []),
];

/** All sysctls of a host that the lab sees to, as they should be. */
function expected(topology: Topology, host: string, profile: ProfileName): Record<string, number> {
  const names = ['all', 'default', 'lo', ...interfacesOf(topology, host)];
  const forwarding = routers.includes(host) ? 1 : 0;
  const own = ofProfile[host === 'server' ? profile : 'kernel'];
  // A router takes no redirects.
  const accept_redirects = 1 - forwarding;
  return Object.fromEntries([
    ...Object.entries(perHost),
    ['net/ipv4/ip_forward', forwarding],
    ['net/ipv4/fib_multipath_hash_seed', seed],
    ...names.flatMap((name) => [
      ...Object.entries({ ...perInterface, forwarding, accept_redirects, ...(name === 'all' ? none : own) }).map(
        ([key, value]) => [`net/ipv4/conf/${name}/${key}`, value] as const,
      ),
      [`net/ipv6/conf/${name}/disable_ipv6`, 1] as const,
    ]),
  ]);
}

/** Reads sysctls back; one that this kernel doesn't have is left out. */
async function read(sandbox: Sandbox, host: string, keys: readonly string[]): Promise<Record<string, number>> {
  const script = 'for key; do [ ! -e "/proc/sys/$key" ] || echo "$key $(cat "/proc/sys/$key")"; done';
  const text = await sandbox.run('reading', host, ['sh', '-euc', script, 'sh', ...keys]);
  return Object.fromEntries(
    text
      .trim()
      .split('\n')
      .map((line) => line.split(' '))
      .map(([key = '', value]) => [key, Number(value)]),
  );
}

for (const profile of profileNames) {
  for (const cgnat of modes) {
    asRoot(`every sysctl has its value: profile ${profile}, cgnat ${cgnat}`, async (t) => {
      const { topology, sandbox } = await built(t, { cgnat }, profile);
      for (const { name } of topology.hosts) {
        const wanted = expected(topology, name, profile);
        const found = await read(sandbox, name, Object.keys(wanted));
        // Linux before 6.11 has no such seed.
        const there = Object.entries(wanted).filter(
          ([key]) => key in found || !key.endsWith('/fib_multipath_hash_seed'),
        );
        t.deepEqual(found, Object.fromEntries(there), name);
      }
    });
  }

  // A new namespace takes its values from the machine's, which may be any: here each is another than is wanted.
  asRoot(`no value that a host had before shows through: profile ${profile}`, async (t) => {
    const { topology, sandbox } = await built(t, {}, profile);
    for (const host of topology.hosts) {
      const links = endsOf(topology, host.name).map((end) => end.interface);
      const wanted = Object.entries(expected(topology, host.name, profile)).filter(
        ([key]) => !key.includes('/tun') && !key.includes('/disable_ipv6'),
      );
      const spoil = wanted.map(
        ([key, value]) => `f=/proc/sys/${key}; [ ! -e $f ] || echo ${value === 0 ? 1 : value - 1} >$f`,
      );
      await sandbox.run('spoiling', host.name, ['sh', '-eu'], { input: `${spoil.join('\n')}\n` });
      const spoilt = await read(
        sandbox,
        host.name,
        wanted.map(([key]) => key),
      );
      for (const [key, value] of wanted) {
        // `forwarding` of each interface and `ip_forward` are one switch.
        if (key in spoilt && !key.endsWith('forwarding')) t.not(spoilt[key], value, `${host.name}: ${key} is spoilt`);
      }
      const script = sysctlScript(sysctlsOf(host, links, host.name === 'server' ? profile : 'kernel', seed));
      await sandbox.run('setting', host.name, ['sh', '-eu'], { input: script });
      const found = await read(
        sandbox,
        host.name,
        wanted.map(([key]) => key),
      );
      t.deepEqual(found, Object.fromEntries(wanted.filter(([key]) => key in found)), host.name);
    }
  });
}

for (const cgnat of modes) {
  asRoot(`addresses and routes are the topology's: cgnat ${cgnat}`, async (t) => {
    const { topology, sandbox } = await built(t, { cgnat });
    for (const { name, routes } of topology.hosts) {
      const shown = await json(sandbox, name, 'ip', '-j', 'address');
      const found = shown.map((link) => ({
        name: link['ifname'],
        up: (link['flags'] as string[]).includes('UP'),
        addresses: (link['addr_info'] as { family: string; local: string; prefixlen: number }[]).map(
          ({ family, local, prefixlen }) => `${family} ${local}/${prefixlen}`,
        ),
      }));
      const links = endsOf(topology, name).map((end) => ({
        name: end.interface,
        up: true,
        addresses: end.addresses.map((address) => `inet ${address}`),
      }));
      const mine = interfacesOf(topology, name).filter((each) => each.startsWith('tun'));
      const wanted = [
        { name: 'lo', up: true, addresses: ['inet 127.0.0.1/8'] },
        ...mine.map((tunnel) => ({ name: tunnel, up: true, addresses: [] })),
        ...links,
      ];
      const byName = (one: { name: unknown }, other: { name: unknown }) =>
        String(one.name) < String(other.name) ? -1 : 1;
      t.deepEqual(found.sort(byName), wanted.sort(byName), name);

      const table = await json(sandbox, name, 'ip', '-j', 'route', 'show', 'table', 'main');
      const added = table.filter(({ protocol }) => protocol !== 'kernel');
      const told = added.map(({ dst, gateway }) => ({ to: dst, via: gateway }));
      const order = (one: { to: unknown }, other: { to: unknown }) => (String(one.to) < String(other.to) ? -1 : 1);
      t.deepEqual(told.sort(order), [...routes].sort(order), name);
      t.deepEqual(
        (await json(sandbox, name, 'ip', '-j', 'rule')).map(({ priority }) => priority),
        [0, 32766, 32767],
      );
    }
  });

  asRoot(`the server sees the client as 198.51.100.10: cgnat ${cgnat}`, async (t) => {
    const { sandbox } = await built(t, { cgnat });
    const echo = 'SYSTEM:cat >/dev/null; echo \\$SOCAT_PEERADDR';
    const servers = [
      sandbox.launch('internet', ['socat', '-d', '-d', '-d', 'UDP4-RECVFROM:7,fork', echo]),
      sandbox.launch('internet', ['socat', '-d', '-d', 'TCP4-LISTEN:7,fork', echo]),
    ];
    await Promise.all(servers.map((server) => server.says(/receiving on|listening on/, 10)));
    const own = await sh(sandbox, 'client', 'ip -4 -o address show dev cgnat');
    t.regex(own, cgnat === 'router' ? / 198\.51\.100\.10\/24 / : / 100\.64\.0\.10\/10 /);
    const ask = 'socat -t 5 - UDP4:192.0.2.13:7,readbytes=14';
    t.is(await sh(sandbox, 'client', `echo hello | ${ask}`), '198.51.100.10\n');
    t.is(await sh(sandbox, 'client', 'socat -t 5 - TCP4:192.0.2.13:7 </dev/null'), '198.51.100.10\n');
    await sh(sandbox, 'client', 'ping -q -c 1 -w 5 203.0.115.1');
  });
}

asRoot('what comes unasked for the shared address is dropped without a word, and counted', async (t) => {
  const { sandbox } = await built(t, { cgnat: 'stateful' });
  const counted = async (): Promise<number> => {
    const rules = await sh(sandbox, 'cgnat', 'nft list chain ip carrier-nat input');
    return Number(/counter packets (\d+) /.exec(rules)?.[1]);
  };
  t.is(await counted(), 0);
  await sh(sandbox, 'internet', 'ping -q -c 1 -w 5 192.0.2.14');
  t.is(await counted(), 0, "the router's own address isn't shared");
  // The packet has gone all its way, by veth, before sendto() is back; only the neighbour had to be found, above.
  await sh(sandbox, 'internet', 'echo hello | socat -u - UDP4-SENDTO:198.51.100.10:7');
  t.is(await counted(), 1);
  const { exitCode, stdout } = await sandbox.attempt('internet', [
    'ping',
    '-q',
    '-c',
    '1',
    '-W',
    '0.2',
    '198.51.100.10',
  ]);
  t.is(exitCode, 1);
  t.regex(stdout, / 0 received, 100% packet loss/, 'and no error either');
  t.is(await counted(), 2);
});

/** Sends from the server by isp1's line: first with a foreign source, then with the line's own. Returns what arrives. */
async function arrivals(t: ExecutionContext, options: ThreeIspsOptions, foreign: string): Promise<readonly string[]> {
  const { sandbox } = await built(t, options);
  const receive = ['socat', '-d', '-d', '-d', 'UDP4-RECVFROM:9,fork', 'SYSTEM:echo \\$SOCAT_PEERADDR >&2; cat >&2'];
  const receiver = sandbox.launch('internet', receive);
  await receiver.says(/receiving on/, 10);
  await sh(sandbox, 'server', `ip route add default via 203.0.113.1 dev isp1; ip address add ${foreign}/32 dev lo`);
  await sh(sandbox, 'server', 'ping -q -c 1 -w 5 -I 203.0.113.2 192.0.2.13');
  for (const source of [foreign, '203.0.113.2']) {
    await sh(sandbox, 'server', `echo "sent from ${source}." | socat -u - UDP4-SENDTO:192.0.2.13:9,bind=${source}`);
  }
  // One line, one order: when the second is there, so is the first, if it comes at all. But each is printed by its own child.
  await receiver.says(/sent from 203\.0\.113\.2\./, 10);
  const unfiltered = options.unfiltered?.includes('isp1') ?? false;
  if (unfiltered) await receiver.says(new RegExp(`sent from ${foreign.replaceAll('.', '\\.')}\\.`), 10);
  const packets = /received packet with \d+ bytes from AF=2 ([\d.]+):\d+/g;
  const came = [...(await receiver.said()).matchAll(packets)].map(([, source]) => source!);
  const rules = await sandbox.run('listing', 'isp1', ['nft', 'list', 'ruleset']);
  const dropped = /ip saddr != .* counter packets (\d+) .* drop/.exec(rules)?.[1];
  t.is(dropped, unfiltered ? undefined : '1', rules);
  return came;
}

for (const foreign of ['203.0.114.2', '192.0.2.77', '10.8.0.1']) {
  asRoot(`an ISP drops ${foreign}, which isn't its customer's, and passes what is`, async (t) => {
    t.deepEqual(await arrivals(t, {}, foreign), ['203.0.113.2']);
    t.deepEqual(await arrivals(t, { unfiltered: ['isp1'] }, foreign), [foreign, '203.0.113.2']);
  });
}

asRoot('hardware addresses are one each, local, and the same in every lab', async (t) => {
  const macs = async (): Promise<Record<string, string>> => {
    const { topology, sandbox } = await built(t);
    const hosts = topology.hosts.map(async ({ name }) =>
      (await json(sandbox, name, 'ip', '-j', 'link', 'show', 'type', 'veth')).map(
        (link) => [`${name} ${String(link['ifname'])}`, String(link['address'])] as const,
      ),
    );
    return Object.fromEntries((await Promise.all(hosts)).flat());
  };
  const [one, other] = await Promise.all([macs(), macs()]);
  t.deepEqual(one, other);
  const all = Object.values(one);
  t.is(all.length, 16, 'two ends of eight links');
  t.is(new Set(all).size, all.length);
  for (const mac of all)
    t.is(Number.parseInt(mac.slice(0, 2), 16) & 3, 2, `${mac} is unicast and locally administered`);
});

asRoot('there is no IPv6, on any interface of any host', async (t) => {
  const { topology, sandbox } = await built(t);
  for (const { name } of topology.hosts) {
    t.is(await sandbox.run('looking', name, ['ip', '-6', 'address']), '', name);
    t.not((await sandbox.attempt(name, ['ping', '-6', '-c', '1', '-W', '1', '::1'])).exitCode, 0, name);
  }
});
