import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { execa } from 'execa';
import { asRoot } from '../kernel/testing.ts';
import { meaning } from '../report/outcome.ts';
import { remedy } from '../report/remedy.ts';
import { readTable } from '../report/read-table.ts';
import { root } from '../scenario/catalogue.ts';
import type { CellResult, RunResult } from '../scenario/result.ts';
import type { Cause } from '../backend/cause.ts';

interface Place {
  /** A copy of the project, whose results are its own. */
  readonly project: string;
  /** A folder of the user's elsewhere. */
  readonly own: string;
}

async function placeFor(t: ExecutionContext): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'check-test-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const [project, own] = [join(folder, 'project'), join(folder, "the user's own")];
  await mkdir(own);
  for (const name of ['package.json', 'tsconfig.json', 'src', 'lab', 'scenarios']) {
    await cp(join(root, name), join(project, name), { recursive: true });
  }
  await symlink(join(root, 'node_modules'), join(project, 'node_modules'));
  return { project, own };
}

/** Runs `check` as npm does: in the project's folder, told where the user stands. */
async function check({ project, own }: Place, ...words: readonly string[]) {
  const main = ['--import', import.meta.resolve('tsx'), join(project, 'src/cli/main.ts')];
  const env = { npm_lifecycle_event: 'lab', INIT_CWD: own, FORCE_COLOR: undefined, NO_COLOR: undefined, CI: 'true' };
  return execa(process.execPath, [...main, 'check', ...words, '--jobs', '1'], {
    cwd: project,
    env,
    reject: false,
    timeout: 240_000,
  });
}

const copied = (name: string, { own }: Place): Promise<void> =>
  cp(join(root, 'lab/candidates', name, 'up.sh'), join(own, 'up.sh'));

/** The cells of a run that don't work. */
function failures(text: string): readonly string[] {
  const run = JSON.parse(text) as RunResult;
  const trials = run.scenarios.flatMap(({ name, trials: all }) => all.map((trial) => ({ name, ...trial })));
  return trials.flatMap(({ name, checks }) =>
    checks
      .filter((each): each is CellResult => each.kind === 'cell' && !each.ok)
      .map(({ service, uplink, found }) => `${name}: ${service} at ${uplink}: ${found}`),
  );
}

asRoot('a good script for three ISPs works, but for servers that leave their address to routing', async (t) => {
  const place = await placeFor(t);
  await copied('source-rules', place);
  const { exitCode, stdout, stderr } = await check(place, 'up.sh', '--topology', 'three-isps');
  t.is(exitCode, 1, stderr);
  t.regex(stderr, /^Left out: udp-veth-workaround: the server in it is bound/m);
  t.regex(stdout, /^Running on the kernel/);
  const services = ['openvpn-udp', 'openvpn-tcp', 'dns-per-address', 'dns-pktinfo', 'ssh', 'udp-echo'];
  const others = services.map((name) => (/^(openvpn-udp|udp-echo)$/.test(name) ? 'reply-source' : 'works'));
  t.deepEqual(readTable(stdout, '\n'), [
    ['service', 'isp1', 'isp2', 'isp3'],
    [services.join('\n'), services.map(() => 'works').join('\n'), others.join('\n'), others.join('\n')],
  ]);
  const flat = stdout.replaceAll(/\s+/g, ' ');
  const cause: Cause = 'reply-source';
  t.true(flat.includes(`${cause}: ${meaning(cause)} where multihome-udp (openvpn-udp, udp-echo)`));
  t.true(flat.includes(`what to do ${remedy(cause)}`));
  t.regex(await readFile(join(place.project, 'results/latest/run.tap'), 'utf8'), /^TAP version 14/);
});

asRoot('… and without those, all is well', async (t) => {
  const place = await placeFor(t);
  await copied('source-rules', place);
  const words = ['--topology', 'three-isps', '--openvpn', 'multihome', '--without', 'udp-echo'];
  const { exitCode, stdout, stderr } = await check(place, 'up.sh', ...words);
  t.is(exitCode, 0, stdout + stderr);
  t.regex(stderr, /^Left out: udp-echo: as you said \(--without\)$/m);
  t.regex(stdout, /^16 checks, all well$/m);
});

asRoot('a good folder for a home gateway works, but for unbound UDP', async (t) => {
  const place = await placeFor(t);
  await cp(join(root, 'lab/candidates/home-connmark'), join(place.own, 'gateway'), { recursive: true });
  const words = ['--topology', 'home-gateway', '--format', 'json', '--without', 'failover', '--without', 'balance-8-2'];
  const { exitCode, stdout, stderr } = await check(place, 'gateway', ...words);
  t.is(exitCode, 1, stderr);
  const failed = failures(stdout);
  t.true(failed.every((text) => text.startsWith('reply-same-interface: udp-unbound')));
  // The hash gives the client one line, whose address the answer has; which it is, is the kernel's own secret before 6.11.
  const byHash = failed.filter((text) => text.includes(': udp-unbound at '));
  t.is(byHash.length, 1);
  t.regex(byHash[0]!, /at ppp[01]: reply-source$/);
  const { scenarios } = JSON.parse(stdout) as RunResult;
  t.deepEqual(
    scenarios.map(({ name }) => name),
    ['pinned-services', 'reply-same-interface', 'rp-filter'],
  );
  const { checks: pins, error } = scenarios[0]!.trials[0]!;
  t.is(error, undefined);
  t.true(pins.length > 10);
  t.deepEqual(
    pins.filter(({ ok }) => !ok),
    [],
  );
});

asRoot('bad ones for a home gateway fail by their causes', async (t) => {
  const place = await placeFor(t);
  await copied('home-strict', place);
  const only = ['reply-same-interface', 'pinned-services', 'failover', 'balance-8-2'];
  const without = [...only, 'pinned', 'pinned-from-home'].flatMap((name) => ['--without', name]);
  const strict = await check(place, 'up.sh', '--topology', 'home-gateway', '--format', 'json', ...without);
  t.is(strict.exitCode, 1, strict.stderr);
  const services = ['web', 'udp', 'ping', 'forwarded-port'];
  t.deepEqual(
    failures(strict.stdout),
    services.map((service) => `rp-filter: ${service} at ppp1: reverse-path`),
  );
});

asRoot('behind a carrier’s NAT, a script fails by its cause, and works by the other line', async (t) => {
  const place = await placeFor(t);
  const words = ['--topology', 'carrier-nat', '--on', 'model', '--format', 'json', '--without', 'ssh'];
  await copied('carrier-default', place);
  const plain = await check(place, 'up.sh', ...words);
  t.is(plain.exitCode, 1, plain.stderr);
  t.true(failures(plain.stdout).includes('one-way-udp: openvpn at eth2: no-mapping'));
  await copied('carrier-host-route', place);
  const mended = await check(place, 'up.sh', ...words);
  t.deepEqual([mended.exitCode, failures(mended.stdout)], [0, []]);
});

asRoot('what can’t be read or run is bad input: one error, exit status 2', async (t) => {
  const place = await placeFor(t);
  await writeFile(join(place.own, 'bad.sh'), 'ip route add default via "$GW1"\nip ruel add from "$IP1" table 101\n');
  await mkdir(join(place.own, 'folder'));
  for (const [words, message] of [
    [['none.sh', '--topology', 'three-isps'], /^there is no file none\.sh$/],
    [['folder', '--topology', 'three-isps'], /^there is no file folder\/up\.sh\nnor is it the dump of a host/],
    [['bad.sh', '--topology', 'tree-isps'], /^there is no topology 'tree-isps'\ndid you mean 'three-isps'\?/],
    [
      ['bad.sh', '--topology', 'three-isps', '--without', 'sssh'],
      /^there is no scenario or service .*\ndid you mean 'ssh'/,
    ],
    [
      ['bad.sh', '--topology', 'three-isps', '--on', 'model'],
      /\/the user's own\/bad\.sh:2:4: "ruel" is not an object of ip\n/,
    ],
    [['bad.sh', '--topology', 'three-isps', '--on', 'kernel'], /Object "ruel" is unknown/],
  ] as const) {
    const { exitCode, stdout, stderr } = await check(place, ...words);
    t.is(exitCode, 2, stderr);
    t.regex(stderr, message);
    t.notRegex(stdout, /checks/);
  }
});
