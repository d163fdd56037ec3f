import { chmod, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { accessSync, constants, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';

const root = process.getuid?.() === 0;
/** A mount namespace of one's own; a user who isn't root needs a user namespace to have it. */
const namespace = ['--mount', '--propagation', 'private', ...(root ? [] : ['--user', '--map-root-user'])];
/** Root as an ordinary user, who may yet read the project wherever it lies. */
const ordinary = root
  ? 'setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps +dac_read_search --ambient-caps +dac_read_search'
  : '';

/** Runs a script in a mount namespace of its own: `$1` is an empty folder, `$2` an empty file that nobody can execute. */
async function elsewhere(t: ExecutionContext, script: string, files: Record<string, string> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'setup-test-'));
  t.teardown(() => rm(folder, { recursive: true }));
  await chmod(folder, 0o755);
  const nothing = join(folder, 'nothing');
  await writeFile(nothing, '', { mode: 0o644 });
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content, { mode: 0o755 });
  const command = [...namespace, 'sh', '-euc', script, 'sh', folder, nothing];
  return execa('unshare', command, { reject: false, stdin: 'ignore' });
}

async function toolList(): Promise<Map<string, string>> {
  const list = /^tools='\n([^']+)\n'$/m.exec(await readFile('lab/setup', 'utf8'))?.[1] ?? '';
  return new Map(list.split('\n').map((line) => line.split(/\s+/) as [string, string]));
}

function which(command: string): string | undefined {
  const path = `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`
    .split(':')
    .filter((folder) => !folder.includes('/node_modules/')) // npm's own `nft` isn't the kernel's
    .map((folder) => join(folder, command));
  return path.find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return statSync(file).isFile();
    } catch {
      return false;
    }
  });
}

/** The package and those that come with it, for it depends on them. */
async function withDependencies(name: string): Promise<readonly string[]> {
  const { stdout } = await execa('dpkg-query', ['--show', '--showformat=${Depends}', name], { reject: false });
  return [name, ...stdout.split(', ').map((dependency) => dependency.replace(/[ :].*/, ''))];
}

/** The Debian packages that own a program, whether as /usr/bin/x or as /bin/x. */
async function owners(program: string): Promise<string[]> {
  const names = [program, await realpath(program)].flatMap((file) => [file, file.replace(/^\/usr/, '')]);
  const { stdout } = await execa('dpkg-query', ['--search', ...names], { reject: false });
  return stdout.split('\n').flatMap((line) => line.replace(/: \/.*/, '').split(', '));
}

test('says nothing and takes no time where nothing is missing', async (t) => {
  const { exitCode, all } = await execa('sh', ['lab/setup'], { all: true, reject: false });
  t.is(all, '');
  t.is(exitCode, 0);
  const times = [];
  for (let i = 0; i < 5; i++) {
    const { durationMs } = await execa('sh', ['lab/setup']);
    times.push(durationMs);
  }
  t.true(Math.min(...times) < 300, `${Math.min(...times)} ms`);
});

test('each tool is in the package listed for it, or comes with that', async (t) => {
  const tools = await toolList();
  t.true(tools.size > 10);
  for (const [command, name] of tools) {
    const program = which(command);
    t.truthy(program, command);
    const [found, brought] = await Promise.all([owners(program!), withDependencies(name)]);
    t.true(
      found.some((owner) => brought.includes(owner)),
      `${command} is in ${found.join(', ')}, which ${name} doesn't bring`,
    );
  }
});

test('each program that the engine or a candidate runs is listed', async (t) => {
  const named = new Set<string>();
  for (const name of await readdir('src/kernel')) {
    if (!name.endsWith('.ts') || name.endsWith('.test.ts')) continue;
    // ['ip', '-j', …]
    for (const [, command] of (await readFile(join('src/kernel', name), 'utf8')).matchAll(/\[\s*'([a-z][\w-]*)'/g))
      named.add(command!);
  }
  t.true(named.has('nsenter'));
  for (const name of await readdir('lab/candidates')) {
    const script = await readFile(join('lab/candidates', name, 'up.sh'), 'utf8').catch(() => '');
    for (const [, command] of script.matchAll(/(?:^|[;&|(]|\b(?:then|do|else))[ \t]*([a-z][\w-]*)/gm))
      named.add(command!);
  }

  const tools = await toolList();
  const { stdout } = await execa('dpkg-query', ['--show', '--showformat=${Essential} ${Package}\n']);
  const essential = [...stdout.matchAll(/^yes (.*)$/gm)].map(([, name]) => name!);
  const brought = await Promise.all([...tools.values()].map(withDependencies));
  const provided = [...essential, 'dash', ...brought.flat()];
  for (const command of named) {
    const program = which(command);
    if (program === undefined || command === 'node') continue; // a word in some other list, or a shell's keyword
    const found = await owners(program);
    t.true(
      found.some((name) => provided.includes(name)),
      `${command} (${found.join(', ')})`,
    );
  }
});

test('an ordinary user is told the exact command', async (t) => {
  const dig = await realpath(which('dig')!);
  const sshd = await realpath(which('sshd')!);
  const script = `mount --bind "$2" ${dig}; mount --bind "$2" ${sshd}; exec ${ordinary} sh lab/setup`;
  const { exitCode, stdout, stderr } = await elsewhere(t, script);
  t.is(stderr, 'lab/setup: not found: sshd dig. To install: sudo apt-get install openssh-server bind9-dnsutils');
  t.is(stdout, '');
  t.is(exitCode, 0);
});

test('what only machines with other kernels need is asked for with them', async (t) => {
  const gzip = await realpath(which('gzip')!);
  const setup = async (argument: string) =>
    (await elsewhere(t, `mount --bind "$2" ${gzip}; exec ${ordinary} sh lab/setup ${argument}`)).stderr;
  t.is(await setup(''), '');
  t.regex(await setup('vm'), /^lab\/setup: not found: .*gzip.* To install: sudo apt-get install .*gzip/);
});

test("an npm package's program of the same name is no tool", async (t) => {
  const nft = await realpath(which('nft')!);
  const script = `mkdir -p "$1/node_modules/.bin"; cp "$1/nft" "$1/node_modules/.bin"; PATH="$1/node_modules/.bin:$PATH"
    mount --bind "$2" ${nft}; exec ${ordinary} sh lab/setup`;
  const { stderr } = await elsewhere(t, script, { nft: '#!/bin/sh\n' });
  t.is(stderr, 'lab/setup: not found: nft. To install: sudo apt-get install nftables');
});

test('an old Node is refused', async (t) => {
  for (const version of ['v18.20.4', 'v20.18.3']) {
    const { exitCode, stderr } = await elsewhere(t, 'PATH="$1:$PATH" exec sh lab/setup', {
      node: `#!/bin/sh\necho ${version}\n`,
    });
    t.is(stderr, `lab/setup: this is Node ${version}; the lab needs Node 20.19 or later.`);
    t.is(exitCode, 1);
  }
});

test('npm packages that cannot be had are an error', async (t) => {
  const script = `mkdir "$1/copy" "$1/copy/lab"; cp package.json package-lock.json "$1/copy"; cp lab/setup "$1/copy/lab"
    PATH="$1:$PATH" exec sh "$1/copy/lab/setup"`;
  const { exitCode, stdout, stderr } = await elsewhere(t, script, {
    npm: '#!/bin/sh\necho "npm error: no network"\nexit 1\n',
  });
  t.regex(stderr, /no network\nlab\/setup: npm ci failed/);
  t.is(stdout, '');
  t.is(exitCode, 1);
});

// /usr/sbin is an overlay here, and apt-get and systemctl are stand-ins: this installs nothing.
const overlay = `mkdir "$1/layers"; mount -t tmpfs none "$1/layers"; mkdir "$1/layers/upper" "$1/layers/work"
  mount -t overlay -o "lowerdir=/usr/sbin,upperdir=$1/layers/upper,workdir=$1/layers/work" none /usr/sbin
  rm -f /usr/sbin/policy-rc.d; export folder="$1"; export PATH="$1:$PATH"`;
const systemctl = `#!/bin/sh
case "$*" in
*list-unit-files*) echo 'cron.service enabled enabled'; [ ! -e "$folder/installed" ] || echo 'ssh.service enabled enabled' ;;
*) echo "$@" >>"$folder/log" ;;
esac
`;
const report = 'cat "$1/log"; ls /usr/sbin/policy-rc.d || true';

test('what an installation brings is neither started nor left enabled', async (t) => {
  const aptGet = '#!/bin/sh\nset +e; policy-rc.d ssh start; echo "policy $?" >>"$folder/log"; >"$folder/installed"\n';
  const files = { 'apt-get': aptGet, systemctl };
  const script = `${overlay}; node --import tsx lab/install.ts openssh-server; ${report}`;
  const { stdout, stderr } = await elsewhere(t, script, files);
  t.is(stdout, 'policy 101\n--root=/ disable ssh.service');
  t.regex(stderr, /^ls: [^\n]*policy-rc\.d[^\n]*$/, 'nothing is said, and no policy stays');
});

test("a machine's own policy is respected", async (t) => {
  const aptGet = '#!/bin/sh\nset +e; policy-rc.d ssh start; echo "policy $?" >>"$folder/log"\n';
  const own = `printf '#!/bin/sh\\nexit 104\\n' >/usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d`;
  const script = `${overlay}; ${own}; node --import tsx lab/install.ts openssh-server; ${report}`;
  const { stdout } = await elsewhere(t, script, { 'apt-get': aptGet, systemctl });
  t.is(stdout, 'policy 104\n/usr/sbin/policy-rc.d');
});

test('a failed installation says why and leaves no policy', async (t) => {
  const aptGet = '#!/bin/sh\necho "apt-get $1" >>"$folder/log"; echo "E: no such package" >&2; exit 100\n';
  const script = `${overlay}; node --import tsx lab/install.ts openssh-server || echo "exit $?"; ${report}`;
  const { stdout, stderr } = await elsewhere(t, script, { 'apt-get': aptGet, systemctl });
  t.is(stdout, 'exit 1\napt-get install\napt-get update\napt-get install');
  t.regex(stderr, /E: no such package\nls: .*policy-rc\.d/);
});

test('a signal is heeded after the installation, which leaves no policy', async (t) => {
  const aptGet =
    '#!/bin/sh\necho begun >>"$folder/log"; kill -TERM $(cat "$folder/pid"); sleep 0.2; echo done >>"$folder/log"\n';
  const script = `${overlay}; sh -c 'echo $$ >"$folder/pid"; exec node --import tsx lab/install.ts openssh-server' || echo "exit $?"; ${report}`;
  const { stdout } = await elsewhere(t, script, { 'apt-get': aptGet, systemctl });
  t.is(stdout, 'exit 143\nbegun\ndone');
});
