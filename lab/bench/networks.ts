import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { $, which } from 'zx';
import { buildNetwork, buildScript } from '../../src/kernel/network.ts';
import { openSandbox } from '../../src/kernel/sandbox.ts';
import threeIsps from '../topologies/three-isps.ts';
import { median, print, takeTurns } from './measure.ts';

const topology = threeIsps();
const options = { profile: 'kernel', seed: 1, tunnels: {} } as const;
const rounds = 15;

/** Milliseconds. */
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

/** How long it takes to build a network and to take it apart, beside other ways to have the same. */
export async function compareNetworks(): Promise<void> {
  const hasMininet = (await which('mn', { nothrow: true })) !== null;
  await ours(); // Warm up.
  const spells = await takeTurns(rounds, {
    'multihome-lab': ours,
    'of that, the sandbox alone': sandboxAlone,
    'shell script with the same commands': shellScript,
    ...(hasMininet && { Mininet: mininet }),
  });
  const both = (own: readonly Spell[]): number => median(own.map(({ up, down }) => up + down));
  const [reference = []] = spells.values();
  const rows = [...spells].map(([name, own]) => {
    const milliseconds = [median(own.map(({ up }) => up)), median(own.map(({ down }) => down)), both(own)];
    return [name, ...milliseconds.map((value) => `${value.toFixed(1)} ms`), (both(own) / both(reference)).toFixed(2)];
  });
  const missing = hasMininet ? '' : ' Mininet is not installed (apt-get install mininet): not compared.';
  print(
    ['', 'up', 'down', 'both', 'ratio'],
    rows,
    `three-isps, built and taken apart: medians of ${rounds} rounds, in turn.${missing}`,
  );
}
