import { mkdtemp, readFile, readlink, rm, writeFile, access, chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { execa } from 'execa';
import fc from 'fast-check';
import { LabError } from '../net/error.ts';
import { holdLab, pair, phases, type Phase } from './held-lab.ts';
import { buildNetwork } from './network.ts';
import { asRoot, eventually, family, machine, openedFor, processes, type Seen } from './testing.ts';

const settings = { profile: 'kernel', seed: 1, tunnels: {} } as const;

async function temporaryFolder(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sandbox-test-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o777);
  return folder;
}

asRoot('a sandbox has namespaces of its own, and the machine keeps its links and mounts', async (t) => {
  const before = await machine();
  const sandbox = await openedFor(t);
  for (const kind of ['net', 'mnt', 'pid']) {
    const theirs = (await sandbox.run('looking', null, ['readlink', `/proc/1/ns/${kind}`])).trim();
    t.regex(theirs, new RegExp(`^${kind}:\\[\\d+\\]$`));
    t.not(theirs, await readlink(`/proc/self/ns/${kind}`));
  }
  t.is(await sandbox.run('looking', null, ['cat', '/proc/1/comm']), 'tini\n');
  t.false(sandbox.rootless);

  await buildNetwork(sandbox, pair, settings);
  const named = await sandbox.run('listing', null, ['ip', 'netns', 'list']);
  t.deepEqual(
    named
      .trim()
      .split('\n')
      .map((line) => line.replace(/ .*/, ''))
      .sort(),
    ['client', 'server'],
  );
  t.deepEqual(await machine(), before);
});

asRoot('/run is private both ways', async (t) => {
  const name = `multihome-lab-test-${process.pid}`;
  t.teardown(() => rm(`/run/${name}`, { force: true }));
  const sandbox = await openedFor(t);
  await writeFile(`/run/${name}`, 'the machine');
  t.is((await sandbox.attempt(null, ['cat', `/run/${name}`])).exitCode, 1);
  await sandbox.run('writing', null, ['touch', `/run/${name}-inside`]);
  await access(sandbox.path(`/run/${name}-inside`));
  await t.throwsAsync(access(`/run/${name}-inside`), { code: 'ENOENT' });
});

/** Text without NUL, which no argument can hold, that likes what a shell doesn't. */
const text = fc.oneof(
  fc.string({ unit: 'binary' }).map((some) => some.replaceAll('\0', '')),
  fc.string({ unit: fc.constantFrom(...Array.from('\'"\\$`!#*?~;&|<>(){}[]= \t\r\n\x01\x7f\u0081\u0101-ae')) }),
  fc.constantFrom('end of input', 'a\nend of input\nb', '$(exit 1)', "'\n'", '-n', '--', '\n', "'; exit 3 #"),
);

asRoot('arguments, environment and standard input arrive as they are', async (t) => {
  const sandbox = await openedFor(t);
  await buildNetwork(sandbox, pair, settings);
  const told = fc.asyncProperty(
    fc.constantFrom(null, 'client'),
    fc.array(text, { maxLength: 4 }),
    text,
    text,
    async (host, args, value, input) => {
      const [printed, environment, copied] = await Promise.all([
        sandbox.attempt(host, ['printf', '%s\\0', 'first', ...args]),
        sandbox.attempt(host, ['printenv', '-0', 'VALUE'], { env: { VALUE: value } }),
        sandbox.attempt(host, ['cat'], { input }),
      ]);
      t.deepEqual(printed.stdout.split('\0'), ['first', ...args, '']);
      t.is(environment.stdout, `${value}\0`);
      t.is(copied.stdout, input);
      t.deepEqual([printed.exitCode, environment.exitCode, copied.exitCode], [0, 0, 0]);
    },
  );
  await fc.assert(told, { numRuns: 150 });
  const megabyte = "a line with 'quotes' and $words\n".repeat(32768);
  t.is((await sandbox.attempt(null, ['cat'], { input: megabyte })).stdout, megabyte);
  t.is((await sandbox.attempt(null, ['cat'])).stdout, '', 'without input there is an end of file at once');
});

asRoot('exit status and both streams are the command’s own', async (t) => {
  const sandbox = await openedFor(t);
  await buildNetwork(sandbox, pair, settings);
  for (const host of [null, 'client']) {
    for (const status of [0, 1, 3, 127, 255]) {
      const command = ['sh', '-c', `echo out; echo err >&2; exit ${status}`];
      const { stdout, stderr, exitCode } = await sandbox.attempt(host, command);
      t.deepEqual({ stdout, stderr, exitCode }, { stdout: 'out\n', stderr: 'err\n', exitCode: status });
    }
    const killed = await sandbox.attempt(host, ['sh', '-c', 'kill -KILL $$']);
    t.is(killed.exitCode, 128 + 9);
    const missing = await sandbox.attempt(host, ['no-such-program']);
    t.is(missing.exitCode, 127);
    t.regex(missing.stderr, /no-such-program/);
  }
  t.is(await sandbox.run('saying', null, ['echo', 'well']), 'well\n');
  const error = await t.throwsAsync(sandbox.run('trying it', 'client', ['ip', 'link', 'show', 'nothing']), {
    instanceOf: LabError,
  });
  t.is(error.code, 'lab-failed');
  t.regex(error.message, /^trying it: .*"nothing" does not exist/);
});

asRoot('what a job prints is not taken for the end of another', async (t) => {
  const sandbox = await openedFor(t);
  const waiting = sandbox.launch(null, ['sh', '-c', 'mkfifo /run/gate; echo ready; cat /run/gate']);
  await waiting.says(/ready/, 10);
  await sandbox.run('lying', null, ['sh', '-c', 'for n in 1 2 3; do echo "ended $n 5"; echo "ended $n 5" >&2; done']);
  await sandbox.run('opening the gate', null, ['sh', '-c', 'echo through >/run/gate']);
  const { exitCode, stdout } = await waiting.ended;
  t.deepEqual([exitCode, stdout], [0, 'ready\nthrough\n']);
});

asRoot('a job is heard: what it said, what it says later, and that it ended without', async (t) => {
  t.timeout(60_000); // Less than our patience: to look again when that ends is no hearing.
  const sandbox = await openedFor(t);
  // Two gates: whoever comes to one gate again, before the one who opened it has left, finds it open.
  await sandbox.run('making gates', null, ['mkfifo', '/run/second', '/run/end']);
  const script = 'echo first; read -r word </run/second; echo "$word" >&2; read -r word </run/end; exit 4';
  const job = sandbox.launch(null, ['sh', '-c', script]);
  const open = (gate: string) => sandbox.run('opening a gate', null, ['sh', '-c', `echo ${gate} >/run/${gate}`]);
  await job.says(/^first$/m, 100);
  await job.says(/^first$/m, 100);
  const later = job.says(/^second$/m, 100);
  const never = job.says(/^third$/m, 100);
  await open('second');
  await later;
  const [error] = await Promise.all([t.throwsAsync(never, { instanceOf: LabError }), open('end')]);
  t.is(error.code, 'lab-failed');
  t.regex(error.message, /ended before it said .*third.*second/s);
  t.is((await job.ended).exitCode, 4);
  await job.says(/^second$/m, 10);
  t.is(await job.said(), 'first\nsecond\n');

  const silent = sandbox.launch(null, ['sleep', '1000']);
  const impatient = await t.throwsAsync(silent.says(/anything/, 0.1), { instanceOf: LabError });
  t.regex(impatient.message, /did not say within 0\.1 s/);
});

asRoot('a job is told to end, in a host or not, whatever feeds it', async (t) => {
  const sandbox = await openedFor(t);
  await sandbox.run('making a host', null, ['ip', 'netns', 'add', 'client']);
  for (const host of [null, 'client']) {
    for (const options of [{}, { input: 'something' }]) {
      const job = sandbox.launch(
        host,
        ['sh', '-c', 'trap "echo told; exit 7" TERM; echo ready; sleep 100 & wait'],
        options,
      );
      await job.says(/ready/, 10);
      await job.stop();
      const { exitCode, stdout } = await job.ended;
      t.deepEqual([exitCode, stdout], [7, 'ready\ntold\n']);
      await job.stop(); // It has ended; that is no error.
    }
  }
});

asRoot('a closed sandbox settles its jobs and refuses new ones', async (t) => {
  const sandbox = await openedFor(t);
  const job = sandbox.launch(null, ['sleep', '1000']);
  const says = t.throwsAsync(job.says(/anything/, 10), { instanceOf: LabError });
  await sandbox.close();
  await says;
  t.is((await job.ended).exitCode, null);
  t.is((await sandbox.attempt(null, ['true'])).exitCode, null);
  const late = await t.throwsAsync(sandbox.run('trying', null, ['true']), { instanceOf: LabError });
  t.is(late.code, 'lab-failed');
  await t.throwsAsync(job.says(/anything/, 10), { instanceOf: LabError });
});

asRoot('sandboxes with the same names and addresses are worlds apart', async (t) => {
  const [one, other] = await Promise.all([openedFor(t), openedFor(t)]);
  await Promise.all([buildNetwork(one, pair, settings), buildNetwork(other, pair, settings)]);
  const listen = ['socat', '-d', '-d', '-d', '-u', 'UDP4-RECVFROM:9,fork', 'STDOUT'];
  const listeners = [one, other].map((sandbox) => sandbox.launch('server', listen));
  await Promise.all(listeners.map((listener) => listener.says(/receiving on/, 10)));
  const send = (sandbox: typeof one, what: string) =>
    sandbox.run('sending', 'client', ['socat', '-u', 'STDIN', 'UDP4-SENDTO:203.0.113.2:9'], { input: `<${what}>` });
  await send(one, 'to one');
  await send(other, 'to other');
  await listeners[0]!.says(/<to one>/, 10);
  await listeners[1]!.says(/<to other>/, 10);
  t.notRegex(await listeners[0]!.said(), /<to other>/);
  t.notRegex(await listeners[1]!.said(), /<to one>/);

  await one.run('cutting the line', 'client', ['ip', 'link', 'delete', 'eth0']);
  t.not((await one.attempt('server', ['ip', 'link', 'show', 'line'])).exitCode, 0);
  await other.run('pinging', 'client', ['ping', '-c', '1', '-W', '5', '203.0.113.2']);
  const found = await Promise.all(
    [one, other].map((each) => each.run('looking', 'client', ['readlink', '/proc/self/ns/net'])),
  );
  t.not(found[0], found[1]);
  await one.close();
  await other.run('pinging', 'client', ['ping', '-c', '1', '-W', '5', '203.0.113.2']);
});

const nobody = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'];
const loader = import.meta.resolve('tsx');
const modules = (name: string) => new URL(name, import.meta.url).href;

/** The command line of a Node program that imports a module of this folder. */
const program = (module: string, names: string, code: string): string[] => [
  ...[process.execPath, '--import', loader, '--input-type=module', '--eval'],
  `const { ${names} } = await import('${modules(module)}'); ${code}`,
];

/** Starts a lab that goes as far as `phase`, where it waits for a line on its standard input. */
async function startHeld(t: ExecutionContext, phase: Phase, user: readonly string[] = []) {
  const folder = await temporaryFolder(t);
  const code = `await ${holdLab.name}('${phase}', '${folder}')`;
  const [file = '', ...args] = [...user, ...program('held-lab.ts', holdLab.name, code)];
  const child = execa(file, args, { stdin: 'pipe', all: true, reject: false, env: { HOME: folder }, timeout: 60_000 });
  t.teardown(() => child.kill('SIGKILL'));
  await new Promise<void>((resolve) => {
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes(`reached ${phase}\n`)) resolve();
    });
    void child.then(() => resolve());
  });
  if (child.exitCode !== null) t.fail(`it ended before: ${(await child).all}`);
  const wanted = phase === 'requests' ? 2 : 0; // OpenVPN's server and its client
  const members = await eventually(t, `a lab in the phase '${phase}'`, async () => {
    const found = await family(child.pid!);
    return found.filter(({ name }) => name === 'openvpn').length >= wanted ? found : undefined;
  });
  return { child, members };
}

/** Kills a process, and waits until it and its children are dead: a lab that goes on sooner may be done sooner. */
async function kill(t: ExecutionContext, { pid }: Seen, members: readonly Seen[]): Promise<void> {
  process.kill(pid, 'SIGKILL');
  const dead = new Set(members.filter((each) => each.pid === pid || each.parent === pid).map(({ mark }) => mark));
  await eventually(t, 'the victim and its children are dead', async () =>
    (await processes()).some(({ mark }) => dead.has(mark)) ? undefined : true,
  );
}

/**
 * Waits until nothing is left of a lab: none of its processes, and no process in one of its namespaces. The kernel gives
 * a dead namespace's number to the next one, so whoever was born since may be another lab's.
 */
async function assertGone(t: ExecutionContext, members: readonly Seen[], rootless = false): Promise<void> {
  const ours = await Promise.all(['net', 'mnt', 'pid', 'user'].map((kind) => readlink(`/proc/self/ns/${kind}`)));
  const marks = new Set(members.map(({ mark }) => mark));
  const theirs = new Set(members.flatMap(({ namespaces }) => namespaces).filter((each) => !ours.includes(each)));
  t.true(theirs.size >= (rootless ? 4 : 3), `a lab has namespaces: ${[...theirs].join(', ')}`);
  const uptime = Number((await readFile('/proc/uptime', 'utf8')).split(' ')[0]);
  const ticksPerSecond = 100;
  const elder = ({ mark }: Seen): boolean => Number(mark.split(' ')[1]) <= uptime * ticksPerSecond;
  let left: readonly Seen[] = [];
  await eventually(t, `nothing is left`, async () => {
    left = (await processes()).filter(
      (seen) => marks.has(seen.mark) || (elder(seen) && seen.namespaces.some((namespace) => theirs.has(namespace))),
    );
    return left.length === 0 ? true : undefined;
  }).catch((error: unknown) => {
    t.log(left);
    throw error;
  });
}

/** Those of a name in the lab's own sandbox: what watches the kernel beside it has one too, begun at the same time. */
function inSandbox(members: readonly Seen[], wanted: string): readonly Seen[] {
  const mounts = ({ namespaces }: Seen): string | undefined => namespaces.find((each) => each.startsWith('mnt:'));
  const recorder = members.find(({ name }) => name === 'dumpcap');
  return members.filter(
    (each) => each.name === wanted && (recorder === undefined || mounts(each) === mounts(recorder)),
  );
}

/** The processes that make a lab. */
const parts: Readonly<Record<string, (members: readonly Seen[], engine: number) => Seen | undefined>> = {
  engine: (members, engine) => members.find(({ pid }) => pid === engine),
  unshare: (members, engine) => inSandbox(members, 'unshare').find(({ parent }) => parent === engine),
  tini: (members) => inSandbox(members, 'tini')[0],
  shell: (members) => {
    const tini = inSandbox(members, 'tini')[0];
    return inSandbox(members, 'sh').find(({ parent }) => parent === tini?.pid);
  },
  dumpcap: (members) => members.find(({ name }) => name === 'dumpcap'),
  // Of those that stay, one is dumpcap's; others only belong to what watches beside the lab.
  nsenter: (members, engine) => {
    const recorders = members.filter(({ name }) => name === 'dumpcap').map(({ parent }) => parent);
    return members.find(({ pid, name, parent }) => name === 'nsenter' && parent === engine && recorders.includes(pid));
  },
  bpftrace: (members) => members.find(({ name }) => name === 'bpftrace'),
  'first process of what watches': (members) => {
    const own = inSandbox(members, 'tini');
    return members.find((each) => each.name === 'tini' && !own.includes(each));
  },
};

const recording: readonly Phase[] = ['captures', 'candidate', 'requests'];
const watching: readonly Phase[] = ['candidate', 'requests'];
const since: Readonly<Record<string, readonly Phase[]>> = {
  ...{ dumpcap: recording, nsenter: recording },
  ...{ bpftrace: watching, 'first process of what watches': watching },
};

for (const phase of phases) {
  for (const [part, find] of Object.entries(parts)) {
    if (!(since[part] ?? phases).includes(phase)) continue;
    asRoot(`kill -9 of the ${part} in the phase '${phase}' leaves nothing`, async (t) => {
      const before = await machine();
      const { child, members } = await startHeld(t, phase);
      const victim = find(members, child.pid!);
      t.truthy(victim, members.map(({ name }) => name).join(' '));
      await kill(t, victim!, members);
      if (part !== 'engine') {
        child.stdin.end('go on\n');
        const { exitCode, stderr, timedOut } = await child;
        t.false(timedOut, 'the engine did not end');
        t.is(exitCode, 1, stderr);
        t.regex(stderr, /^LabError lab-failed: /m);
      }
      await assertGone(t, members);
      t.deepEqual(await machine(), before);
    });
  }
}

// The shell ends when its pipe does, and is no help when it can't: then the signals of setpriv and unshare must do it.
for (const part of ['engine', 'unshare']) {
  asRoot(`kill -9 of the ${part} leaves nothing, though the sandbox's shell be stopped`, async (t) => {
    const { child, members } = await startHeld(t, 'captures');
    process.kill(parts['shell']!(members, child.pid!)!.pid, 'SIGSTOP');
    await kill(t, parts[part]!(members, child.pid!)!, members);
    child.kill('SIGKILL');
    await assertGone(t, members);
  });
}

asRoot('without a kill, a held lab goes on to its end, and leaves nothing', async (t) => {
  for (const phase of ['network', 'requests'] as const) {
    const { child, members } = await startHeld(t, phase);
    child.stdin.end('go on\n');
    const { exitCode, all } = await child;
    t.is(exitCode, 0, all);
    await assertGone(t, members);
  }
});

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
for (const signal of signals) {
  asRoot(`${signal} ends a lab and leaves nothing`, async (t) => {
    const { child, members } = await startHeld(t, 'captures');
    child.kill(signal);
    t.not((await child).exitCode, 0);
    await assertGone(t, members);
  });
}

/** Why an ordinary user can't have a lab on this machine, or nothing. */
async function refusal(): Promise<string> {
  const probe = ['unshare', '--user', '--map-root-user', '--net', 'ip', 'link', 'add', 'probe', 'type', 'veth'];
  const { exitCode, stderr } = await execa(nobody[0]!, [...nobody.slice(1), ...probe], { reject: false });
  return exitCode === 0 ? '' : stderr;
}

async function allowed(t: ExecutionContext): Promise<boolean> {
  const why = await refusal();
  if (why === '') return true;
  t.log(`not tried: this machine forbids namespaces to ordinary users (${why})`);
  t.falsy(process.env['CI'], 'CI tries everything');
  return false;
}

asRoot('an ordinary user has a lab too', async (t) => {
  if (!(await allowed(t))) return;
  const folder = await temporaryFolder(t);
  const code = `
    const sandbox = await openSandbox();
    const { buildNetwork } = await import('${modules('network.ts')}');
    const { pair } = await import('${modules('held-lab.ts')}');
    await buildNetwork(sandbox, pair, { profile: 'systemd', seed: 1, tunnels: {} });
    const ping = await sandbox.run('pinging', 'client', ['ping', '-q', '-c', '2', '-i', '0.01', '203.0.113.2']);
    console.log(JSON.stringify({ uid: process.getuid(), rootless: sandbox.rootless, ping }));
    await sandbox.close();`;
  const script = program('sandbox.ts', 'openSandbox', code);
  const [file = '', ...args] = [...nobody, ...script];
  const { stdout, stderr, exitCode } = await execa(file, args, {
    reject: false,
    env: { HOME: folder },
    timeout: 60_000,
  });
  t.is(exitCode, 0, stderr);
  t.like(JSON.parse(stdout), { uid: 65534, rootless: true });
  t.regex(stdout, /2 packets transmitted, 2 received/);
});

for (const part of ['engine', 'unshare', 'nsenter']) {
  asRoot(`kill -9 of the ${part} of an ordinary user's lab leaves nothing`, async (t) => {
    if (!(await allowed(t))) return;
    const { child, members } = await startHeld(t, 'captures', nobody);
    await kill(t, parts[part]!(members, child.pid!)!, members);
    if (part !== 'engine') {
      child.stdin.end('go on\n');
      const { exitCode, stderr, timedOut } = await child;
      t.false(timedOut, 'the engine did not end');
      t.is(exitCode, 1, stderr);
      t.regex(stderr, /^LabError lab-failed: /m);
    }
    await assertGone(t, members, true);
  });
}

/** User namespaces with limits of their own, so that the machine's stay as they are. */
const limits = {
  root: { user: ['--map-root-user'], limit: 'max_net_namespaces' },
  'an ordinary user': { user: ['--map-user=65534', '--keep-caps'], limit: 'max_user_namespaces' },
};
for (const [who, { user, limit }] of Object.entries(limits)) {
  asRoot(`where ${who} can make no namespaces, that is the error, with what to do`, async (t) => {
    const code = `await openSandbox().catch(({ name, code, message, hint }) =>
      console.log(JSON.stringify({ uid: process.getuid(), name, code, message, hint })));`;
    const limited = `echo 0 >/proc/sys/user/${limit}; exec setpriv --inh-caps=-all --ambient-caps=-all -- "$@"`;
    const words = ['--user', ...user, 'sh', '-euc', limited, 'sh', ...program('sandbox.ts', 'openSandbox', code)];
    const { stdout, stderr } = await execa('unshare', words, { reject: false, timeout: 60_000 });
    t.is(stderr, '');
    const found = JSON.parse(stdout) as Record<string, string>;
    t.like(found, { uid: who === 'root' ? 0 : 65534, name: 'LabError', code: 'cannot-run' });
    t.regex(found['message']!, /no network namespaces \(.*unshare.*\)/);
    t.regex(found['hint']!, /^run as root, or/);
  });
}
