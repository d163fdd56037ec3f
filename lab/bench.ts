/** `npm run bench`: what the lab costs, each figure beside what it is compared with, measured in turn in one run. */
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import Table from 'cli-table3';
import { $, which } from 'zx';
import { buildNetwork, buildScript } from '../src/kernel/network.ts';
import { searchPath } from '../src/kernel/process.ts';
import { openSandbox } from '../src/kernel/sandbox.ts';
import { compareBackends } from './suite-times.ts';
import threeIsps from './topologies/three-isps.ts';

// npm puts its packages' programs first, and one of them is called `nft`.
$.env = { ...process.env, PATH: searchPath.join(':') };

const topology = threeIsps();
const options = { profile: 'kernel', seed: 1, tunnels: {} } as const;
const rounds = 15;

interface Spell {
  readonly up: number;
  readonly down: number;
}

/** The lab's own way: a sandbox, the network in it, and the end of both. */
async function ours(): Promise<Spell> {
  const start = performance.now();
  const sandbox = await openSandbox();
  await buildNetwork(sandbox, topology, options);
  const up = performance.now();
  await sandbox.close();
  return { up: up - start, down: performance.now() - up };
}

/** Part of the above, to see where the time goes: the sandbox without a network. */
async function sandboxAlone(): Promise<Spell> {
  const start = performance.now();
  const sandbox = await openSandbox();
  const up = performance.now();
  await sandbox.close();
  return { up: up - start, down: performance.now() - up };
}

/** The same commands in a shell script of its own, as an administrator would write it down; it takes its own time. */
async function shellScript(): Promise<Spell> {
  const network = `set -eu\nmount -t tmpfs tmpfs /run\nmkdir /run/netns\n${buildScript(topology, options)}\ndate +%s%N\n`;
  const file = join(tmpdir(), `three-isps-${process.pid}.sh`);
  await writeFile(file, network);
  const whole = `date +%s%N; unshare --net --mount --pid --fork --kill-child sh ${file} </dev/null; date +%s%N`;
  const { stdout } = await $`sh -c ${whole}`.quiet();
  await rm(file);
  const [start = NaN, up = NaN, down = NaN] = stdout
    .trim()
    .split('\n')
    .map((line) => Number(line) / 1e6);
  return { up: up - start, down: down - up };
}

/** The same hosts, links, addresses and routes in Mininet, in a namespace of their own. */
async function mininet(): Promise<Spell> {
  const lines = [
    ...topology.hosts.map(({ name }) => `hosts['${name}'] = net.addHost('${name}', ip=None)`),
    ...topology.links.map(({ ends: [a, b] }) => {
      const names = `intfName1='${a.host}-${a.interface}', intfName2='${b.host}-${b.interface}'`;
      return `net.addLink(hosts['${a.host}'], hosts['${b.host}'], ${names})`;
    }),
    'net.build()',
    ...topology.links.flatMap(({ ends }) =>
      ends.flatMap(({ host, interface: name, addresses }) =>
        addresses.map((address) => `hosts['${host}'].cmd('ip address add ${address} dev ${host}-${name}')`),
      ),
    ),
    ...topology.hosts.flatMap(({ name, routes, forwarding }) => [
      ...(forwarding ? [`hosts['${name}'].cmd('sysctl -qw net.ipv4.ip_forward=1')`] : []),
      ...routes.map(({ to, via }) => `hosts['${name}'].cmd('ip route add ${to} via ${via}')`),
    ]),
  ];
  const program = [
    'import time',
    'start = time.perf_counter()',
    'from mininet.net import Mininet',
    'net = Mininet(controller=None, switch=None)',
    'hosts = {}',
    ...lines,
    'up = time.perf_counter()',
    'net.stop()',
    'print(up - start, time.perf_counter() - up)',
  ].join('\n');
  const { stdout } = await $({
    input: program,
  })`unshare --net --mount --pid --fork --mount-proc /usr/bin/python3 -`.quiet();
  const [up = NaN, down = NaN] = stdout.trim().split('\n').at(-1)?.split(' ').map(Number) ?? [];
  return { up: up * 1000, down: down * 1000 };
}

/** The whole scenario, from the command to the verdict. */
async function scenario(): Promise<Spell> {
  const start = performance.now();
  await $`node --import tsx src/cli/main.ts multihome-udp --format tap`.quiet();
  return { up: performance.now() - start, down: 0 };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

/**
 * Takes turns, so that whatever else the machine does meets all of them alike, with a pause between: the kernel takes
 * namespaces apart in the background, and the next one would pay for it.
 */
async function compare(count: number, contenders: Readonly<Record<string, () => Promise<Spell>>>): Promise<void> {
  const names = Object.keys(contenders);
  const spells = new Map<string, Spell[]>(names.map((name) => [name, []]));
  for (let round = 0; round < count; round++) {
    for (const [name, contender] of Object.entries(contenders)) {
      await setTimeout(500);
      spells.get(name)?.push(await contender());
    }
  }
  const table = new Table({ head: ['', 'up', 'down', 'both', 'ratio'], style: { head: [], border: [] } });
  const both = (name: string): number => median((spells.get(name) ?? []).map(({ up, down }) => up + down));
  const [reference = ''] = names;
  for (const name of names) {
    const own = spells.get(name) ?? [];
    const milliseconds = [median(own.map(({ up }) => up)), median(own.map(({ down }) => down)), both(name)];
    const ratio = (both(name) / both(reference)).toFixed(2);
    table.push([name, ...milliseconds.map((value) => `${value.toFixed(1)} ms`), ratio]);
  }
  process.stdout.write(`${table.toString()}\nMedians of ${count} rounds, in turn; ratio to '${reference}'.\n\n`);
}

const hasMininet = (await which('mn', { nothrow: true })) !== null;
await ours(); // Warm up.
await compare(rounds, {
  'multihome-lab': ours,
  'of that, the sandbox alone': sandboxAlone,
  'shell script with the same commands': shellScript,
  ...(hasMininet && { Mininet: mininet }),
});
if (!hasMininet) process.stdout.write('Mininet is not installed (apt-get install mininet): not compared.\n\n');
await compare(3, { 'multihome-udp, from command to verdict': scenario });
await compareBackends();
