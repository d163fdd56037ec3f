import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { Backend, Lab } from '../backend/lab.ts';
import { kernelBackend } from '../kernel/lab.ts';
import { asRoot } from '../kernel/testing.ts';
import { modelBackend } from '../model/lab.ts';
import type { Topology } from '../topology/topology.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** What a client has set, and the length of its network's prefix: in 28 bits, the better gateway isn't. */
interface Kind {
  readonly name: string;
  readonly length: 24 | 28;
  /** `$OTHER` is an address that is nobody's. */
  readonly script: string;
}

const sysctl = (...settings: readonly string[]): string =>
  settings.map((each) => `sysctl -qw net.ipv4.${each}\n`).join('');
const conf = (name: string, all: number, own: number): readonly string[] => [
  `conf.all.${name}=${all}`,
  `conf.eth0.${name}=${own}`,
];

const kinds: readonly Kind[] = [
  { name: 'plain', length: 24, script: '' },
  { name: 'simply deaf', length: 24, script: sysctl(...conf('accept_redirects', 0, 0)) },
  { name: 'deaf by all', length: 24, script: sysctl(...conf('accept_redirects', 0, 1)) },
  { name: 'router, deaf', length: 24, script: sysctl('ip_forward=1', ...conf('accept_redirects', 1, 0)) },
  { name: 'router', length: 24, script: sysctl('ip_forward=1', ...conf('accept_redirects', 1, 1)) },
  { name: 'no shared media', length: 24, script: sysctl(...conf('shared_media', 0, 0)) },
  {
    name: 'no shared media, a gateway that it knows',
    length: 24,
    script: `${sysctl(...conf('shared_media', 0, 0))}ip route add 192.0.2.0/24 via 10.0.0.20\n`,
  },
  {
    name: 'no shared media, not secure',
    length: 24,
    script: sysctl(...conf('shared_media', 0, 0), ...conf('secure_redirects', 0, 0)),
  },
  { name: 'small network', length: 28, script: '' },
  {
    name: 'translation of nothing',
    length: 24,
    script: 'iptables -t nat -A OUTPUT -d 203.0.113.8 -j DNAT --to-destination 203.0.113.9\n',
  },
  {
    name: 'translated, deaf',
    length: 24,
    script:
      'ip address add "$OTHER/24" dev eth0\niptables -t nat -A POSTROUTING -d 203.0.113.9 -j SNAT --to-source "$OTHER"\n',
  },
  {
    name: 'small network, no shared media, not secure',
    length: 28,
    script: sysctl(...conf('shared_media', 0, 0), ...conf('secure_redirects', 0, 0)),
  },
];

/** What the gateway has set. */
const senders = [
  '',
  sysctl(...conf('send_redirects', 1, 0)),
  sysctl(...conf('send_redirects', 0, 0)),
  sysctl(...conf('shared_media', 0, 0)),
  sysctl(...conf('rp_filter', 1, 1)),
];
const silent = sysctl(...conf('send_redirects', 0, 0));
const asBefore = sysctl(...conf('send_redirects', 1, 1), ...conf('shared_media', 1, 1), ...conf('rp_filter', 0, 0));

interface Client {
  readonly host: string;
  readonly address: string;
  readonly other: string;
  readonly kind: Kind;
}

/** One client of each kind, for each of the gateway's settings: who is told how often depends on who was told before. */
const clients = senders.map((_, group) =>
  kinds.map((kind, index): Client => {
    const own = kind.length === 28 ? 2 + group + 5 * (index % 2) : 100 + group * 20 + index;
    return { host: `c${group}-${index}`, address: `10.0.0.${own}`, other: `10.0.0.${200 + group}`, kind };
  }),
);

const lan: Topology = {
  name: 'lan',
  title: 'Two gateways on one link, and clients that know one of them',
  hosts: [
    { name: 'near', forwarding: true, routes: [{ to: '203.0.113.0/24', via: '10.0.0.20' }] },
    { name: 'better', forwarding: true, routes: [] },
    { name: 'far', forwarding: false, routes: [{ to: 'default', via: '203.0.113.1' }] },
    ...clients.flat().map(({ host }) => ({
      ...{ name: host, forwarding: false, routes: [{ to: 'default', via: '10.0.0.1' }] },
    })),
  ],
  links: [
    {
      ends: [
        { host: 'near', interface: 'eth0', addresses: ['10.0.0.1/24'] },
        { host: 'better', interface: 'eth0', addresses: ['10.0.0.20/24'] },
        ...clients.flat().map(({ host, address, kind }) => ({
          ...{ host, interface: 'eth0', addresses: [`${address}/${kind.length}`] },
        })),
      ],
    },
    {
      ends: [
        { host: 'better', interface: 'far', addresses: ['203.0.113.1/24'] },
        { host: 'far', interface: 'eth0', addresses: ['203.0.113.9/24'] },
      ],
    },
  ],
  server: { host: 'far', uplinks: [] },
};

async function run(t: ExecutionContext, lab: Lab, host: string, script: string): Promise<void> {
  t.deepEqual(await lab.run(host, script), { status: 0, stderr: '' });
}

async function ping(t: ExecutionContext, lab: Lab, group: readonly Client[], server: string): Promise<void> {
  for (const { host } of group) {
    const { accepted } = await lab.request(host, { kind: 'ping', server, port: 0, sourcePort: 7 });
    t.true(accepted, `${lab.now()}: ${host} to ${server}`);
  }
}

/** Of each client, what crossed which interface: three pings, the second and third while nobody redirects, the third after a flush. */
async function seen(t: ExecutionContext, backend: Backend): Promise<ReadonlyMap<Client, readonly string[]>> {
  const directory = await mkdtemp(join(tmpdir(), 'redirect-test-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const lab = await backend.open(lan, { profile: 'kernel', seed: 1, tunnels: {}, directory, label: 'lan' });
  try {
    for (const [index, group] of clients.entries()) {
      await run(t, lab, 'near', asBefore);
      // The better gateway has to be known on the link, or the first redirect would only have it asked for.
      for (const { host, other, kind } of group) {
        await run(t, lab, host, `OTHER=${other}\n${kind.script}ip route add 10.0.0.20/32 dev eth0\n`);
      }
      await ping(t, lab, group, '10.0.0.20');
      for (const { host } of group) await run(t, lab, host, 'ip route delete 10.0.0.20/32 dev eth0\n');
      await run(t, lab, 'near', senders[index] ?? '');
      await ping(t, lab, group, '203.0.113.9');
      await run(t, lab, 'near', silent);
      await ping(t, lab, group, '203.0.113.9');
      for (const { host } of group) await run(t, lab, host, 'ip route flush cache\n');
      await ping(t, lab, group, '203.0.113.9');
    }
    const { crossings } = await lab.evidence();
    const about = ({ address, other, kind }: Client): readonly string[] =>
      crossings
        .filter(({ protocol, source, destination }) => {
          const isOwn = (end: string): boolean => end === address || (kind.script.includes('OTHER') && end === other);
          return protocol === 'icmp' && (isOwn(source) || isOwn(destination));
        })
        .map(({ host, interface: name, direction, source, destination, summary }) =>
          [host, name, direction, source, '>', destination, summary].join(' '),
        )
        .filter((line) => /^(near|c)/.test(line));
    const byHost = (lines: readonly string[]): readonly string[] => [
      ...lines.filter((line) => line.startsWith('near')),
      ...lines.filter((line) => !line.startsWith('near')),
    ];
    return new Map(clients.flat().map((client) => [client, byHost(about(client))]));
  } finally {
    await lab.close();
  }
}

asRoot('redirects are sent and heeded as the kernel does, and forgotten', async (t) => {
  const kernel = await seen(t, kernelBackend);
  const model = await seen(t, modelBackend({ release: kernelBackend.release, turn }));
  const heeded: string[] = [];
  for (const [group, each] of clients.entries()) {
    for (const client of each) {
      const [found = [], expected = []] = [model.get(client), kernel.get(client)];
      t.deepEqual(found, expected, `${client.kind.name}, with ${senders[group] ?? ''}`);
      // Each request by the near gateway comes in to it, and goes out.
      const passed = expected.filter((line) => /^near eth0 in .*echo request/.test(line)).length;
      t.true(passed === 2 || passed === 3, `${client.kind.name}: ${passed}`);
      if (passed === 2) heeded.push(`${group} ${client.kind.name}`);
    }
  }
  t.log(`heeded: ${heeded.join('; ')}`);
  // By the kernel's documentation (ip-sysctl): who listens, as long as the gateway tells.
  const listening = kinds
    .map(({ name }) => name)
    .filter((name) => !/deaf$|^no shared media$|^small network, no shared/.test(name));
  t.deepEqual(
    heeded,
    [0, 1, 3, 4].flatMap((group) => listening.map((name) => `${group} ${name}`)),
  );
});
