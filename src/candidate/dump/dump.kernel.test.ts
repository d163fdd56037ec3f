/**
 * Each candidate's script is run on the kernel and its host dumped; then the dump stands in for the script: on the kernel, where
 * it has to come to the same dump, and on the model, where everything has to be decided as under the script. The host begins with
 * other sysctls then: the dump says what they are.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { kernelBackend } from '../../kernel/lab.ts';
import { dumpUnder } from '../../kernel/take-dump.ts';
import { asRoot, openedFor } from '../../kernel/testing.ts';
import { modelBackend } from '../../model/lab.ts';
import type { Call } from '../../scenario/call.ts';
import { candidateNames, firstTrials, loadCandidate, loadTopology } from '../../scenario/catalogue.ts';
import type { Trial } from '../../scenario/scenario.ts';
import { traceCall, type Trace } from '../../scenario/trace.ts';
import type { ProfileName } from '../../topology/profile.ts';
import { endsOf, type Topology } from '../../topology/topology.ts';
import type { Candidate } from '../candidate.ts';
import { beyond } from '../shell/beyond.ts';
import { dumpOf, type Dump } from './files.ts';
import { keptDump, readDumpFiles, type DumpTexts } from './kept.ts';
import { readDump } from './read.ts';
import { lineOf } from './step.ts';

const seed = 3;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const model = modelBackend({ release: kernelBackend.release, turn });

/** With its lines there, whether or not there can be a pppd to dial them: a script finds the same. */
const undialled = (trial: Trial): Trial => ({
  ...trial,
  topology: { ...trial.topology, links: trial.topology.links.map(({ pppoe: _, ...link }) => link) },
});
const trials = new Map(Array.from(await firstTrials(), ([name, trial]) => [name, undialled(trial)]));

/** The dump of a server under a candidate, in a network of its own. */
async function dumpedUnder(
  t: ExecutionContext,
  candidate: Candidate,
  { topology, tunnels }: Trial,
  profile: ProfileName,
): Promise<DumpTexts> {
  return dumpUnder(await openedFor(t), topology, candidate, { profile, seed, tunnels });
}

type Item = Readonly<Record<string, unknown>>;
const listOf = (text: string | undefined): readonly Item[] => JSON.parse(text ?? '') as readonly Item[];

/** What of a dump is the host's state: not counters, handles, times, the run's seed, or what it has found out by itself. */
function stateOf(texts: Readonly<Record<string, string>>): object {
  const sorted = (items: readonly unknown[]): readonly unknown[] =>
    items.toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));
  const { nftables } = JSON.parse(texts['nft.json'] ?? '', (key, value: unknown): unknown => {
    if (key === 'set' && Array.isArray(value)) return sorted(value);
    return key === 'handle' || key === 'packets' || key === 'bytes' ? undefined : value;
  }) as { nftables: readonly Readonly<Record<string, Item>>[] };
  // iptables restores chains that it had not made before; its own listing tells what is in them.
  const ofIptables = [...(texts['iptables-save.txt'] ?? '').matchAll(/^\*(\S+)/gm)].map(([, table]) => table);
  const isIptables = (part: Readonly<Record<string, Item>>): boolean =>
    Object.values(part).some(
      ({ family, table, name }) => family === 'ip' && ofIptables.includes(String(table ?? name)),
    );
  return {
    addresses: listOf(texts['ip-addr.json']).map(({ ifname, link, addr_info }) => ({ ifname, link, addr_info })),
    routes: listOf(texts['ip-route.json']),
    rules: listOf(texts['ip-rule.json']),
    nexthops: listOf(texts['ip-nexthop.json']),
    neighbours: listOf(texts['ip-neigh.json']).filter(({ state }) => String(state) === 'PERMANENT'),
    iptables: texts['iptables-save.txt']?.replaceAll(/^#.*\n|\[\d+:\d+\]/gm, ''),
    ruleset: nftables.filter((part) => !isIptables(part)),
    sysctls: texts['sysctl.txt']
      ?.split('\n')
      .filter((line) => /^net\.(?:ipv4\.(?:conf\.|ip_|fib_|fwmark|tcp_fwmark|icmp_echo)|netfilter\.)/.test(line))
      .filter((line) => !/conntrack_count|hash_seed/.test(line)),
  };
}

/** What a dump says is to be done. Shorewall names two chains by a digest of its script, in which there is the time of day. */
function readingOf(dump: Dump, topology: Topology): readonly (readonly string[])[] {
  return readDump(dump, topology).map((step) =>
    step.program === 'iptables-restore'
      ? [step.input.text.replaceAll(/^#.*\n|\[\d+:\d+\]/gm, '').replaceAll(/sha-[lr]h-[0-9a-f]+/g, 'sha')]
      : step.commands.map(lineOf),
  );
}

/** Calls to the server, from it, and past it. */
function callsIn(topology: Topology): readonly Call[] {
  const { host: server, uplinks } = topology.server;
  const hosts = topology.hosts.filter(({ name, forwarding }) => name !== server && !forwarding).map(({ name }) => name);
  const ends = [...new Set([hosts[0], hosts[Math.floor(hosts.length / 2)], hosts.at(-1)])].filter(
    (name) => name !== undefined,
  );
  const call = (from: string, host: string, line: string, protocol: Call['protocol']): Call => ({
    ...{ from, to: { host, interface: line }, protocol, port: 5000, sourcePort: 40000, sender: 'unbound', bind: null },
  });
  const lineOf = (host: string): string => endsOf(topology, host)[0]?.interface ?? '';
  return ends.flatMap((host) => [
    ...uplinks.map((uplink) => call(host, server, uplink.interface, 'udp')),
    ...uplinks.slice(-1).map((uplink) => call(host, server, uplink.interface, 'tcp')),
    call(server, host, lineOf(host), 'udp'),
    call(server, host, lineOf(host), 'tcp'),
    ...ends.filter((other) => other !== host).map((other) => call(host, other, lineOf(other), 'udp')),
  ]);
}

/**
 * What was decided, without where it is written; netfilter's rules read otherwise in a dump. What a script goes on to send has
 * numbers and times of its own.
 */
function decisionsOf({ request, reply, verdict, why }: Trace): object {
  const wayOf = (crossings: Trace['request']): readonly string[] =>
    crossings.map(({ host, interface: name, direction, source, destination, summary }) =>
      [host, name, direction, source, destination, summary].join(' '),
    );
  const said = why.map(({ packet, host, stage, text }) => [packet, host, stage, stage === 'netfilter' ? '' : text]);
  return { request: wayOf(request), reply: wayOf(reply), verdict, why: said };
}

async function readAsWhatItIs(t: ExecutionContext, candidate: Candidate, trial: Trial): Promise<void> {
  const { topology } = trial;
  const texts = await dumpedUnder(t, candidate, trial, 'kernel');
  const dump = dumpOf('/dump', texts);
  const instead: Candidate = { ...candidate, script: '/dump', sources: {}, dump };
  const again = await dumpedUnder(t, instead, trial, 'systemd');
  t.deepEqual(stateOf(again), stateOf(texts));
  let decisions = 0;
  for (const call of callsIn(topology)) {
    const options = { topology, call, seed, directory: '/nonexistent' };
    const ofDump = await traceCall(model, { ...options, candidate: instead, profile: 'systemd' });
    decisions += ofDump.why.length;
    if (candidate.name in beyond) continue;
    const ofScript = await traceCall(model, { ...options, candidate, profile: 'kernel' });
    t.deepEqual(decisionsOf(ofDump), decisionsOf(ofScript));
  }
  t.true(decisions > 0);
}

const candidates = await Promise.all((await candidateNames()).map(loadCandidate));

for (const candidate of candidates) {
  const { name } = candidate;
  asRoot(`the dump of ${name} is read as what it is`, async (t) => {
    const trial = trials.get(name);
    if (!trial) return t.fail('no scenario tries it');
    await readAsWhatItIs(t, candidate, trial);
  });
}

for (const candidate of candidates) {
  const { name, dump } = candidate;
  if (!dump) continue;
  asRoot(`the dump that lies beside ${name} is what its up.sh leaves: else npm run record -- dumps`, async (t) => {
    const trial = trials.get(name);
    if (!trial) return t.fail('no scenario tries it');
    const one = await dumpedUnder(t, candidate, trial, 'kernel');
    const other = await dumpedUnder(t, candidate, trial, 'systemd');
    const { topology } = trial;
    for (const fresh of [keptDump([one, other]), keptDump([other, one])]) {
      t.deepEqual(readingOf(dumpOf('/dump', fresh), topology), readingOf(dump, topology));
    }
  });
}

asRoot('the commands that the documentation gives take the dump', async (t) => {
  const readme = await readFile(new URL('README.md', import.meta.url), 'utf8');
  const commands = /```sh\n([^]*?)```/.exec(readme)?.[1] ?? '';
  const trial = trials.get('veth-dnat');
  if (!trial) return t.fail('no scenario tries it');
  const sandbox = await openedFor(t);
  const { topology, tunnels } = trial;
  const candidate = await loadCandidate('veth-dnat');
  const texts = await dumpUnder(sandbox, topology, candidate, { profile: 'kernel', seed, tunnels });
  const { host } = topology.server;
  const input = `mkdir /run/dump\ncd /run/dump\n${commands}`;
  await sandbox.run('taking the dump', host, ['sh', '-eu', '-s'], { input });
  const taken = await readDumpFiles((name) => sandbox.run('reading the dump', host, ['cat', `/run/dump/${name}`]));
  t.deepEqual(stateOf(taken), stateOf(texts));
});

/** What no candidate has. */
const odd = `
ip link add bridge0 type bridge
ip link set bridge0 up
ip link add service type veth peer name other
ip link set other up
ip address add 10.9.0.1/32 dev service
ip address add 10.8.0.1/24 dev service broadcast + scope link noprefixroute
ip link set service up
ip address add 203.0.113.77/24 dev isp1
ip address add 10.7.0.1 peer 10.7.0.2 dev isp2 metric 30
ip address del 203.0.114.2/24 dev isp2
ip address add 203.0.114.2/24 dev isp2
ip route add 10.1.0.0/16 via 203.0.113.1
ip route append 10.1.0.0/16 via 203.0.114.1
ip route add 10.1.0.0/16 via 203.0.115.1 metric 9 proto bird mtu 1400
ip route add 10.1.0.0/16 tos 0x10 via 203.0.115.1 src 10.9.0.1
ip route add 10.2.0.0/16 via 192.0.2.99 dev isp3 onlink
ip route add unreachable 10.3.0.0/16
ip route add blackhole 10.4.0.0/16 table 7
ip route add prohibit 10.5.0.0/16 metric 4
ip route add throw 10.6.0.0/16 table 7
ip route add local 10.10.0.0/16 dev lo
ip route add 10.11.0.0/16 dev service scope link table 4294967294
ip nexthop add id 1 via 203.0.113.1 dev isp1
ip nexthop add id 2 via 203.0.114.1 dev isp2 onlink
ip nexthop add id 3 blackhole
ip nexthop add id 10 group 1,3/2
ip route add default nhid 10
ip route add 10.12.0.0/16 nhid 3
ip rule add priority 10 not from 10.0.0.0/8 to 198.51.100.0/24 fwmark 0x10/0xf0 lookup 7
ip rule add priority 11 iif isp1 tos 0x10 lookup main suppress_prefixlength 0
ip rule add priority 12 oif service uidrange 0-0 lookup 7
ip rule add priority 13 ipproto udp sport 53 dport 1000-2000 lookup 7
ip rule add priority 14 iif missing0 goto 32766
ip rule add priority 15 fwmark 3 prohibit
ip rule add priority 16 nop
ip rule add priority 0 to 10.99.0.0/16 unreachable
ip rule del priority 32767
ip neighbour add 10.9.0.7 lladdr 02:00:00:00:00:07 dev service
`;

asRoot('the dump of a host with whatever a host may have is read as what it is', async (t) => {
  const script = join(await mkdtemp(join(tmpdir(), 'dump-test-')), 'up.sh');
  t.teardown(() => rm(dirname(script), { recursive: true, force: true }));
  await writeFile(script, odd);
  const trial = {
    candidate: 'odd',
    variant: '',
    topology: await loadTopology('three-isps'),
    tunnels: {},
    setting: null,
  };
  await readAsWhatItIs(t, { name: 'odd', title: 'odd', lesson: '', script, sources: { [script]: odd } }, trial);
});
