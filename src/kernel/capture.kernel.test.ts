import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { execa } from 'execa';
import threeIsps from '../../lab/topologies/three-isps.ts';
import type { Crossing } from '../backend/crossing.ts';
import type { Lab } from '../backend/lab.ts';
import { LabError } from '../net/error.ts';
import type { Topology } from '../topology/topology.ts';
import { pair } from './held-lab.ts';
import { kernelBackend } from './lab.ts';
import { asRoot, eventually, processes, type Seen } from './testing.ts';

/** A lab that is recorded into a folder, with the dumpcap of each host. */
async function recorded(t: ExecutionContext, topology: Topology, tunnels: Readonly<Record<string, string[]>> = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'capture-test-'));
  const label = `capture-test-${directory.slice(-6)}`;
  const lab = await kernelBackend.open(topology, { profile: 'kernel', seed: 1, tunnels, directory, label });
  t.teardown(async () => {
    await lab.close();
    await rm(directory, { recursive: true });
  });
  const fileOf = (host: string): string => join(directory, 'captures', `${label}--${host}.pcapng`);
  return { lab, fileOf };
}

/** What tshark reads of a capture's ICMP packets: interface, source, destination, type. */
async function readIcmp(file: string): Promise<readonly string[]> {
  const fields = ['frame.interface_name', 'ip.src', 'ip.dst', 'icmp.type'].flatMap((field) => ['-e', field]);
  const { stdout } = await execa('tshark', ['-n', '-r', file, '-Y', 'icmp', '-T', 'fields', ...fields]);
  return stdout.split('\n').filter(Boolean);
}

const shown = ({ host, interface: name, direction }: Crossing): string => `${host} ${name} ${direction}`;

/** Lets every host of three-isps send and receive something. */
const everywhere = ['203.0.113.1', '203.0.114.1', '203.0.115.1'].map((destination) => ({
  host: 'client',
  destination,
}));
const uplinks = ['203.0.113.1', '203.0.114.1', '203.0.115.1'].map((destination) => ({ host: 'server', destination }));

const [client, outside] = ['100.64.0.10', '198.51.100.10'];

for (const cgnat of ['router', 'stateful'] as const) {
  asRoot(`a ping's crossings: each interface once, in order, in its direction; cgnat ${cgnat}`, async (t) => {
    const { lab, fileOf } = await recorded(t, threeIsps({ cgnat }));
    const before = Date.now() / 1000;
    t.deepEqual(await lab.unanswered([...everywhere, ...uplinks]), []);
    const { crossings, until } = await lab.evidence();
    t.deepEqual(
      crossings.map(({ time }) => time),
      crossings.map(({ time }) => time).sort((one, other) => one - other),
    );
    for (const { time } of crossings) t.true(time > before && time < until + 60, `${time}`);

    const target = '203.0.114.1';
    const between = crossings.filter(({ source, destination }) => {
      const ends = [source, destination];
      return ends.includes(target) && (ends.includes(client) || ends.includes(outside));
    });
    const requests = between.filter(({ destination }) => destination === target);
    const replies = between.filter(({ source }) => source === target);
    const there = ['client cgnat out', 'cgnat client in', 'cgnat internet out', 'internet cgnat in'];
    const onwards = ['internet isp2 out', 'isp2 internet in'];
    t.deepEqual(requests.map(shown), [...there, ...onwards]);
    const back = ['isp2 internet out', 'internet isp2 in', 'internet cgnat out'];
    t.deepEqual(replies.map(shown), [...back, 'cgnat internet in', 'cgnat client out', 'client cgnat in']);
    t.deepEqual([...new Set(requests.map(({ summary }) => summary))], ['ICMP echo request']);
    t.deepEqual([...new Set(replies.map(({ summary }) => summary))], ['ICMP echo reply']);
    for (const path of [requests, replies]) {
      t.is(new Set(path.map(({ identity }) => identity)).size, 1, 'it stays the same packet');
      const inside = cgnat === 'stateful' ? client : outside;
      const mine = path.map(({ source, destination }) => (source === target ? destination : source));
      const behind = path.map(({ host, interface: name }) => host === 'client' || name === 'client');
      t.deepEqual(
        mine,
        behind.map((each) => (each ? inside : outside)),
      );
    }

    for (const { name } of lab.topology.hosts) {
      const own = crossings.filter(({ host, protocol }) => host === name && protocol === 'icmp');
      const types: Readonly<Record<string, number>> = { 'ICMP echo request': 8, 'ICMP echo reply': 0 };
      const lines = own.map((each) => [each.interface, each.source, each.destination, types[each.summary]].join('\t'));
      t.deepEqual([...(await readIcmp(fileOf(name)))].sort(), lines.sort(), name);
    }
  });
}

/** An OpenVPN tunnel over a lab, which answers a number of pings through it. */
async function tunnelled(t: ExecutionContext): Promise<readonly Crossing[]> {
  const tunnel = 'tun0';
  const { lab } = await recorded(t, pair, { server: [tunnel], client: [tunnel] });
  const openvpn = { kind: 'openvpn', protocol: 'udp', port: 1194, tunnel } as const;
  const binding = { kind: 'wildcard' } as const;
  await lab.serve('server', { ...openvpn, name: 'openvpn', network: '10.8.0.0/24', binding });
  const call = { server: '203.0.113.2', sourcePort: 40000, through: '10.8.0.1', float: false };
  const { accepted, said } = await lab.request('client', { ...openvpn, ...call });
  t.true(accepted, said.join('\n'));
  return (await lab.evidence()).crossings.filter((crossing) => crossing.interface === tunnel);
}

asRoot("a tunnel's packets have their direction, though it has no hardware addresses", async (t) => {
  const crossings = await tunnelled(t);
  const found = crossings.map(({ host, direction, summary, source, destination }) =>
    [host, direction, summary, source, destination].join(' '),
  );
  t.deepEqual([...new Set(found)].sort(), [
    'client in ICMP echo reply 10.8.0.1 10.8.0.2',
    'client out ICMP echo request 10.8.0.2 10.8.0.1',
    'server in ICMP echo request 10.8.0.2 10.8.0.1',
    'server out ICMP echo reply 10.8.0.1 10.8.0.2',
  ]);
});

asRoot("all of a tunnel's packets are recorded, up to the last", async (t) => {
  const crossings = await tunnelled(t);
  const count = (host: string, direction: string) =>
    crossings.filter((each) => each.host === host && each.direction === direction).length;
  const replies = count('client', 'in');
  t.true(replies >= 24, `${replies} replies recorded of at least 24 that came`);
  t.is(count('server', 'out'), replies);
  t.is(count('server', 'in'), replies);
  t.is(count('client', 'out'), replies);
});

/** The small network, the server's interface having a name by which its host is known among all. */
function pairBy(name: string): Topology {
  const [server, other] = pair.links[0]!.ends;
  const uplinks = pair.server.uplinks.map((uplink) => ({ ...uplink, interface: name }));
  return { ...pair, links: [{ ends: [{ ...server, interface: name }, other] }], server: { ...pair.server, uplinks } };
}

async function dumpcapOf(name: string): Promise<Seen> {
  const all = (await processes()).filter((process) => process.name === 'dumpcap');
  for (const process of all) {
    const devices = await readFile(`/proc/${process.pid}/net/dev`, 'utf8').catch(() => '');
    if (devices.includes(`${name}:`)) return process;
  }
  throw new Error(`no dumpcap records ${name}`);
}

async function fails(t: ExecutionContext, lab: Lab, message: RegExp): Promise<void> {
  const error = await t.throwsAsync(lab.evidence(), { instanceOf: LabError });
  t.is(error.code, 'lab-failed');
  t.regex(error.message, message);
}

const call = { host: 'client', destination: '203.0.113.2' };

for (const signal of ['SIGKILL', 'SIGTERM', 'SIGINT'] as const) {
  asRoot(`evidence is missing when dumpcap ends early, by ${signal}`, async (t) => {
    const name = `early-${signal.toLowerCase()}`;
    const { lab } = await recorded(t, pairBy(name));
    t.deepEqual(await lab.unanswered([call]), []);
    const victim = await dumpcapOf(name);
    process.kill(victim.pid, signal);
    await eventually(t, 'dumpcap has ended', async () =>
      (await processes()).some(({ mark }) => mark === victim.mark) ? undefined : true,
    );
    await fails(t, lab, /^dumpcap on server stopped before /);
  });
}

asRoot('evidence is missing when dumpcap could not keep up', async (t) => {
  const name = 'flooded';
  const { lab, fileOf } = await recorded(t, pairBy(name));
  t.deepEqual(await lab.unanswered([call]), []);
  const victim = await dumpcapOf(name);
  process.kill(victim.pid, 'SIGSTOP');
  // Far more than its buffer holds, from within the network: nsenter finds it by any of its processes.
  const flood = ['ping', '-q', '-f', '-c', '4000', '-s', '1400', '203.0.113.1'];
  await execa('nsenter', [`--net=/proc/${victim.pid}/ns/net`, ...flood]);
  process.kill(victim.parent, 'SIGCONT'); // nsenter has stopped with it, and continues it.
  await eventually(t, 'dumpcap has emptied its buffer', async () =>
    (await stat(fileOf('server'))).size > 500_000 ? true : undefined,
  );
  await fails(t, lab, /^dumpcap on (server|client) lost packets: .*: \d+\/[1-9]/);
});

asRoot('a host that recorded nothing at all is an error, and is named', async (t) => {
  const { lab } = await recorded(t, pair);
  await fails(t, lab, /^dumpcap on (server|client) recorded no packet at all$/);

  const { lab: whole } = await recorded(t, threeIsps());
  const near = [...everywhere.slice(0, 2), ...uplinks.slice(0, 2)];
  t.deepEqual(await whole.unanswered(near), []);
  await fails(t, whole, /^dumpcap on isp3 recorded no packet at all$/);
});
