// The kernel's own word on what it drops: which packet, in which of several labs that are all alike, and why.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { Evidence } from '../backend/crossing.ts';
import type { Lab } from '../backend/lab.ts';
import { pair } from './held-lab.ts';
import { kernelBackend } from './lab.ts';
import { asRoot, eventually, processes } from './testing.ts';

/** A small lab whose server has run this script. */
async function labWith(t: ExecutionContext, script: string): Promise<Lab> {
  const directory = await mkdtemp(join(tmpdir(), 'drops-test-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const file = join(directory, 'up.sh');
  await writeFile(file, script);
  const lab = await kernelBackend.open(pair, { profile: 'kernel', seed: 1, tunnels: {}, directory, label: 'drops' });
  t.teardown(() => lab.close());
  // ARP too is filtered, without a word: each must know the other before.
  t.deepEqual(await lab.unanswered([{ host: 'client', destination: '203.0.113.2' }]), []);
  await lab.apply({ name: 'drops', title: '', lesson: '', script: file, sources: {} });
  return lab;
}

const call = { server: '203.0.113.2', port: 7, kind: 'udp-echo', count: 3 } as const;

/** Whether the kernel told of these drops, in this order; of as many as it kept back, of whatever they were, it need not. */
function told(
  t: ExecutionContext,
  { dropsMissed = 0 }: Evidence,
  found: readonly string[],
  all: readonly string[],
): void {
  if (dropsMissed === 0) t.deepEqual(found, all);
  else t.true(found.length + dropsMissed >= all.length && found.every((each) => all.includes(each)), found.join('\n'));
}

/** Has a call be dropped by the server, or not: the datagrams, in their order. */
async function callIsDropped(t: ExecutionContext, lab: Lab, sourcePort: number, all: readonly string[]): Promise<void> {
  const { accepted } = await lab.request('client', { ...call, sourcePort });
  const evidence = await lab.evidence();
  const { drops } = evidence;
  if (drops === null) return t.fail('as root, with bpftrace, the kernel tells');
  const own = drops.filter(({ host, destination }) => host === 'server' && destination === '203.0.113.2:7');
  t.is(accepted, all.length === 0);
  const found = own.map(
    ({ interface: name, source, destination, summary, reason }) =>
      `${name} ${source} > ${destination} (${summary}): ${reason}`,
  );
  told(t, evidence, found, all);
}

const strict =
  'ip route del 203.0.113.0/24; ip route add 203.0.113.0/24 dev lo; echo 1 >/proc/sys/net/ipv4/conf/line/rp_filter\n';
const three = (port: number, reason = 'IP_RPFILTER'): readonly string[] =>
  Array<string>(3).fill(`line 203.0.113.1:${port} > 203.0.113.2:7 (UDP 23 bytes): ${reason}`);

asRoot('each of three labs side by side, with the same names and addresses, has its own drops', async (t) => {
  const [one, other, open] = await Promise.all([strict, strict, ':\n'].map((script) => labWith(t, script)));
  await open!.serve('server', { kind: 'udp-echo', name: 'echo', port: 7, binding: { kind: 'wildcard' } });
  await Promise.all([
    callIsDropped(t, one!, 40001, three(40001)),
    callIsDropped(t, other!, 40002, three(40002)),
    callIsDropped(t, open!, 40003, []),
  ]);
});

asRoot('what netfilter drops is told, too', async (t) => {
  const lab = await labWith(
    t,
    'nft "add table ip f; add chain ip f in { type filter hook input priority 0; policy drop; }"\n',
  );
  await callIsDropped(t, lab, 40001, three(40001, 'NETFILTER_DROP'));
});

asRoot('a packet that comes back with an address of the own machine is a martian', async (t) => {
  // Over a pair of its own, whose far end is told the near one's hardware address, so that ARP need not ask.
  const lab = await labWith(
    t,
    `ip link add near type veth peer name far address 02:00:00:00:00:01
ip address add 10.255.0.1/24 dev near
ip link set near up
ip link set far up
ip neighbour add 10.255.0.9 lladdr 02:00:00:00:00:01 dev near
ip route add 198.51.100.0/24 via 10.255.0.9
echo 1 >/proc/sys/net/ipv4/ip_forward
`,
  );
  await lab.request('server', { ...call, server: '198.51.100.1', sourcePort: 40001, count: 1 });
  const evidence = await lab.evidence();
  const { drops, crossings } = evidence;
  const loop = crossings.filter(({ destination }) => destination === '198.51.100.1:7');
  t.deepEqual(
    loop.map(({ interface: name, direction }) => `${name} ${direction}`),
    ['near out', 'far in'],
  );
  const martians = drops?.filter(({ reason }) => reason === 'IP_LOCAL_SOURCE') ?? [];
  const named = martians.map(({ host, interface: name, source, destination }) =>
    [host, name, source, destination].join(' '),
  );
  told(t, evidence, named, ['server far 10.255.0.1:40001 198.51.100.1:7']);
});

asRoot('all that is dropped at the very end is told', async (t) => {
  const lab = await labWith(t, strict);
  const pings = Array.from({ length: 3 }, (_, index) => 40001 + index);
  await Promise.all(pings.map((sourcePort) => lab.request('client', { ...call, sourcePort, count: 20 })));
  const { drops, dropsMissed = 0, crossings } = await lab.evidence();
  const came = crossings.filter(
    ({ host, direction, destination }) => [host, direction, destination].join(' ') === 'server in 203.0.113.2:7',
  );
  t.true(came.length > 30);
  const named = drops?.filter(({ host, reason }) => host === 'server' && reason === 'IP_RPFILTER') ?? [];
  t.true(named.length <= came.length && named.length + dropsMissed >= came.length, `${named.length} of ${came.length}`);
});

asRoot('when the last lab is closed, nothing watches any more', async (t) => {
  const mine = async () =>
    (await processes()).filter(
      ({ name, parent }) => name === 'bpftrace' || (name === 'nsenter' && parent === process.pid),
    );
  const lab = await labWith(t, ':\n');
  t.true((await mine()).some(({ name }) => name === 'bpftrace'));
  await lab.close();
  await eventually(t, 'the watch is over', async () =>
    (await mine()).some(({ name, parent }) => name === 'nsenter' && parent === process.pid) ? undefined : true,
  );
});
