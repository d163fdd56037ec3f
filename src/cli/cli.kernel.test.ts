import {
  chown,
  cp,
  lstat,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  symlink,
  writeFile,
  chmod,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { execa, type Result } from 'execa';
import { Parser } from 'tap-parser';
import { asRoot, eventually, family, machine, processes } from '../kernel/testing.ts';
import type { ConformanceRecord } from '../report/conformance-record.ts';
import { readTable } from '../report/read-table.ts';
import { root } from '../scenario/catalogue.ts';
import type { RunResult } from '../scenario/result.ts';
import type { Trace } from '../scenario/trace.ts';

type Words = readonly string[];
type Ended = Result<{ reject: false }>;

/** A copy of the project, with results of its own, that a test may spoil. */
async function copyOf(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cli-test-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o755);
  for (const name of ['package.json', 'tsconfig.json', 'src', 'lab', 'scenarios']) {
    await cp(join(root, name), join(folder, name), { recursive: true });
  }
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

const loader = import.meta.resolve('tsx');
const command = (folder: string, words: Words): [string, string[]] => [
  process.execPath,
  ['--import', loader, join(folder, 'src/cli/main.ts'), ...words],
];

/** AVA asks for colours; CI is where a pipe is most easily taken for a terminal. */
const plain = { FORCE_COLOR: undefined, NO_COLOR: undefined, CI: 'true' };

/** Runs the command line of a copy; `before` is what it is run by. */
async function lab(folder: string, words: Words, before: Words = [], input = ''): Promise<Ended> {
  const [node, args] = command(folder, words);
  const [file = '', ...rest] = [...before, node, ...args];
  const options = {
    cwd: folder,
    input,
    reject: false,
    timeout: 120_000,
    stripFinalNewline: false,
    env: { HOME: folder, ...plain },
  };
  return (await execa(file, rest, options)) as Ended;
}

const runFolders = async (folder: string): Promise<readonly string[]> =>
  (await readdir(join(folder, 'results')).catch(() => [])).filter((name) => /^\d{4}-/.test(name));

const latest = (folder: string, ...name: string[]): string => join(folder, 'results/latest', ...name);
const quick = ['multihome-udp', '--candidate', 'source-rules'];
const services = ['openvpn-udp', 'openvpn-tcp', 'dns-per-address', 'dns-pktinfo', 'ssh', 'udp-echo'];
const hosts = ['server', 'isp1', 'isp2', 'isp3', 'internet', 'cgnat', 'client'];

const resultsOf = async (folder: string): Promise<RunResult> =>
  JSON.parse(await readFile(latest(folder, 'results.json'), 'utf8')) as RunResult;

/** A TAP document's totals, subtests' included, by a parser that takes nothing else for TAP. */
function strictly(text: string): { readonly ok: boolean; readonly passed: number; readonly failed: readonly string[] } {
  let passed = 0;
  const failed: string[] = [];
  const watch = (parser: Parser): void => {
    parser.on('child', watch);
    parser.on('assert', ({ ok, name }: { ok: boolean; name: string }) => {
      if (ok) passed++;
      else failed.push(name);
    });
  };
  const parser = new Parser({ strict: true });
  watch(parser);
  parser.end(text);
  return { ok: parser.results?.ok ?? false, passed, failed };
}

const tapLine = /^\s*(TAP version|ok\b|not ok\b|\d+\.\.\d+|Bail out)/m;

asRoot('--format tap: strict TAP 14 on standard output, and nothing else', async (t) => {
  const folder = await copyOf(t);
  const { exitCode, stdout, stderr } = await lab(folder, [...quick, '--format', 'tap']);
  t.is(exitCode, 0, stderr);
  t.regex(stdout, /^TAP version 14\n/);
  t.is(strictly(`${stdout}prose\n`).ok, false, 'the parser is strict');
  const { ok, passed, failed } = strictly(stdout);
  t.true(ok);
  t.deepEqual(failed, []);
  t.true(passed >= 3 * services.length);
  t.notRegex(stderr, tapLine);
  t.regex(stderr, /kernel/);
  t.is(await readFile(latest(folder, 'run.tap'), 'utf8'), stdout);
});

asRoot('--format json: one document on standard output', async (t) => {
  const folder = await copyOf(t);
  const { exitCode, stdout } = await lab(folder, [...quick, '--format', 'json', '--seed', '7', '--profile', 'systemd']);
  t.is(exitCode, 0);
  const run = JSON.parse(stdout) as RunResult;
  t.like(run, { backend: 'kernel', seed: 7, profile: 'systemd' });
  t.deepEqual(run.scenarios[0]!.services, services);
  t.is(await readFile(latest(folder, 'results.json'), 'utf8'), stdout);
});

asRoot('--format junit: one XML document on standard output', async (t) => {
  const folder = await copyOf(t);
  const { exitCode, stdout } = await lab(folder, [...quick, '--format', 'junit']);
  t.is(exitCode, 0);
  t.regex(stdout, /^<\?xml version="1\.0"/);
  const open: string[] = [];
  const outside = stdout
    .replace(/<\?[^>]*\?>/, '')
    .replaceAll(/<(\/?)([\w-]+)((?:\s+[\w-]+="[^"<]*")*)\s*(\/?)>/g, (tag, end, name, _, empty) => {
      if (end) t.is(open.pop(), name as string, tag);
      else if (!empty) open.push(name as string);
      return open.length === 0 ? '' : '\x00';
    });
  t.deepEqual(open, []);
  t.notRegex(outside, /[<>]/, 'every tag is well-formed');
  t.is(outside.split('\x00')[0]!.trim(), '');
  t.is(/<testsuites?\b[^>]* tests="(\d+)"/.exec(stdout)?.[1], String(stdout.split('<testcase ').length - 1));
  t.is(await readFile(latest(folder, 'junit.xml'), 'utf8'), stdout);
});

asRoot('pretty: the matrix, no escape sequence under a pipe; and results/latest holds what it should', async (t) => {
  const folder = await copyOf(t);
  const before = await machine();
  const { exitCode, stdout, stderr } = await lab(folder, quick);
  t.is(exitCode, 0, stderr);
  t.is(stderr, '');
  t.false(stdout.includes('\x1b'));
  for (const word of ['source-rules', ...services, 'works', 'reply-source']) t.true(stdout.includes(word), word);
  const matrix = await readFile(latest(folder, 'matrix.txt'), 'utf8');
  t.true(stdout.includes(matrix));

  t.true((await lstat(latest(folder))).isSymbolicLink());
  t.deepEqual([await readlink(latest(folder))], [...(await runFolders(folder))]);
  const held = ['captures', 'junit.xml', 'logs', 'matrix.txt', 'results.json', 'run.tap'];
  t.deepEqual((await readdir(latest(folder))).sort(), held);
  const captures = hosts.map((host) => `multihome-udp--source-rules--${host}.pcapng`);
  t.deepEqual((await readdir(latest(folder, 'captures'))).sort(), captures.sort());
  for (const capture of captures) {
    const read = ['-n', '-r', latest(folder, 'captures', capture), '-T', 'fields', '-e', 'frame.interface_name'];
    const names = (await execa('tshark', read)).stdout.split('\n');
    t.true(names.length > 10, capture);
    if (capture.includes('--server.'))
      t.deepEqual([...new Set(names)].filter((name) => name.startsWith('isp')).sort(), ['isp1', 'isp2', 'isp3']);
  }
  const logs = await readdir(latest(folder, 'logs'));
  t.true(logs.includes('multihome-udp--source-rules--server-up.sh.log'), logs.join(' '));
  for (const log of logs) t.true((await lstat(latest(folder, 'logs', log))).size > 0, log);
  t.deepEqual(await machine(), before);
});

asRoot('matrix: one table on standard output, which for these scenarios is the published one', async (t) => {
  const folder = await copyOf(t);
  const names = ['rp-filter', 'udp-veth-workaround'];
  const { exitCode, stdout, stderr } = await lab(folder, ['matrix', ...names]);
  t.is(exitCode, 0, stderr);
  const [[, ...columns] = []] = readTable(stdout, '');
  t.deepEqual(columns, names);
  const published = await readFile(join(root, 'results/reference-matrix.txt'), 'utf8');
  const [[, ...all] = []] = readTable(published, '');
  const said = new Map(readTable(published, ' ').map(([candidate, ...cells]) => [candidate, cells]));
  const [, ...rows] = readTable(stdout, ' ');
  t.true(rows.length > names.length);
  for (const [candidate, ...cells] of rows) {
    t.deepEqual(
      cells,
      names.map((name) => said.get(candidate)?.[all.indexOf(name)] ?? 'no row'),
      candidate,
    );
  }
  t.true(strictly(await readFile(latest(folder, 'run.tap'), 'utf8')).ok);
});

const usage: readonly { words: Words; says: RegExp }[] = [
  { words: ['multihome-udb'], says: /'multihome-udb'.*\n.*'multihome-udp'/ },
  { words: ['run', 'multihome-udb'], says: /'multihome-udp'/ },
  { words: ['multihome-udp', '--candidate', 'source-rule'], says: /'source-rule'.*\n.*'source-rules'/ },
  { words: ['multihome-udp', '--nonsense'], says: /--nonsense/ },
  { words: ['multihome-udp', '--jobs', '0'], says: /--jobs.*'0'/ },
  { words: ['multihome-udp', '--jobs', 'many'], says: /--jobs.*'many'/ },
  { words: ['multihome-udp', '--jobs', '1.5'], says: /--jobs.*'1\.5'/ },
  { words: ['multihome-udp', '--seed', '0'], says: /--seed.*'0'/ },
  { words: ['multihome-udp', '--seed', '4294967296'], says: /--seed.*'4294967296'/ },
  { words: ['multihome-udp', '--format', 'xml'], says: /xml/ },
  { words: ['multihome-udp', '--profile', 'debian'], says: /'debian'.*\n.*kernel.*systemd/ },
  { words: ['multihome-udp', '--profile', 'toString'], says: /'toString'/ },
  { words: ['multihome-udp', '--on', 'kernal'], says: /'kernal'.*\n.*'kernel'/ },
  { words: ['multihome-udp', '--all'], says: /--all/ },
  { words: ['run'], says: /multihome-udp/ },
  { words: ['matrix', 'multihome-udb'], says: /'multihome-udp'/ },
  { words: ['matrix', '--candidate', 'source-rule'], says: /'source-rules'/ },
  { words: ['matrix', '--format', 'tap'], says: /--format/ },
  { words: [], says: /NAME/ },
  { words: ['shell', 'three-isp', 'client'], says: /'three-isp'.*\n.*'three-isps'/ },
  { words: ['shell', 'three-isps', 'clint'], says: /'clint'.*\n.*'client'/ },
  { words: ['shell', 'three-isps'], says: /host/ },
  { words: ['shell', 'three-isps', 'client', '--profile', 'debian'], says: /'debian'/ },
];

asRoot('bad usage: exit status 2, what was wrong and what there is, and nothing done', async (t) => {
  const folder = await copyOf(t);
  const all = usage.map(async (each) => ({ ...each, ended: await lab(folder, each.words) }));
  for (const { words, says, ended } of await Promise.all(all)) {
    const { exitCode, stdout, stderr } = ended;
    const what = `lab ${words.join(' ')}\n${stderr}`;
    t.is(exitCode, 2, what);
    t.is(stdout, '', what);
    t.regex(stderr, says, what);
    t.notRegex(stderr, /^ +at /m, what);
  }
  t.deepEqual(await runFolders(folder), []);
});

asRoot('an expectation that does not hold: exit status 1, the cell and its journey', async (t) => {
  const folder = await copyOf(t);
  const file = join(folder, 'scenarios/multihome-udp.ts');
  const right = "trial('source-rules', only('first', 'reply-source'), everywhere)";
  const source = await readFile(file, 'utf8');
  t.true(source.includes(right));
  await writeFile(file, source.replace(right, "trial('source-rules', only('first', 'reply-lost'), everywhere)"));
  const { exitCode, stdout, stderr } = await lab(folder, [...quick, '--format', 'tap']);
  t.is(exitCode, 1);
  const { ok, failed } = strictly(stdout);
  t.false(ok);
  // An unbound socket's answers at the other two uplinks: of OpenVPN and of the echo.
  const cells = failed.filter((name) => /(openvpn-udp|udp-echo).*isp[23]/.test(name));
  t.is(cells.length, 4, failed.join('\n'));
  t.false(
    failed.some((name) => /isp1|tcp|dns|ssh/.test(name)),
    failed.join('\n'),
  );
  t.regex(stdout, /^\s+not ok .*udp-echo.*isp2/m);
  t.regex(stdout, /reply-lost/, 'expected');
  const point = stdout.slice(stdout.search(/^\s+not ok .*udp-echo.*isp2/m)).split(/\n\s*\.\.\.\n/)[0]!;
  for (const word of ['reply-source', 'reply-lost', '203.0.114.2:7', '203.0.113.2:7', '198.51.100.10:'])
    t.true(point.includes(word), `${word}\n${point}`);
  t.regex(stderr, /udp-echo.*isp2|isp2.*udp-echo/s);
  t.regex(stderr, /203\.0\.114\.2:7 came in by isp2; the reply left by isp1 from 203\.0\.113\.2:7/);

  const results = await resultsOf(folder);
  const wrong = results.scenarios[0]!.trials[0]!.checks.filter((check) => check.kind === 'cell' && !check.ok);
  t.is(wrong.length, 4);
  for (const check of wrong) t.like(check, { expected: 'reply-lost', found: 'reply-source' });
});

const broken = {
  'a command that fails': {
    line: 'ip route add default via 192.0.2.99',
    says: /ip route add default via 192\.0\.2\.99/,
  },
  'a command that there is not': { line: 'no-such-command --now', says: /no-such-command/ },
  'a variable that is not set': { line: 'ip link set "$IF9" up', says: /IF9/ },
  'bad syntax': { line: 'if true; do', says: /[Ss]yntax error/ },
};
for (const [what, { line, says }] of Object.entries(broken)) {
  asRoot(`a candidate's script with ${what}: exit status 1, the file and the command`, async (t) => {
    const folder = await copyOf(t);
    const file = 'lab/candidates/source-rules/up.sh';
    await writeFile(join(folder, file), `ip rule list\n${line}\n`);
    const { exitCode, stdout, stderr } = await lab(folder, quick);
    t.is(exitCode, 1, stderr);
    t.regex(stdout, new RegExp(`${file.replaceAll('.', '\\.')}[^]*${says.source}`));
    const [trial] = (await resultsOf(folder)).scenarios[0]!.trials;
    t.true(trial!.error!.message.includes(file), trial!.error!.message);
    t.regex(trial!.error!.message, says);
    t.false(strictly(await readFile(latest(folder, 'run.tap'), 'utf8')).ok);
  });
}

asRoot('whoever stops reading spoils neither the verdict nor the files', async (t) => {
  const folder = await copyOf(t);
  await writeFile(join(folder, 'lab/candidates/source-rules/up.sh'), 'false\n');
  for (const format of ['pretty', 'tap']) {
    const deaf = 'set +e; { "$@"; echo "status $?" >&2; } | true';
    const { stderr } = await lab(folder, [...quick, '--format', format], ['sh', '-c', deaf, 'sh']);
    t.regex(stderr, /^status 1$/m, `${format}: ${stderr}`);
    t.false(strictly(await readFile(latest(folder, 'run.tap'), 'utf8')).ok);
    await rm(latest(folder));
  }
});

/** A mount namespace of one's own, in which a shell does something before it runs the rest of the words. */
const elsewhere = (script: string): Words => ['unshare', '--mount', 'sh', '-euc', `${script}; exec "$@"`, 'sh'];

asRoot('a dumpcap that fails: exit status 1, and it is named', async (t) => {
  const folder = await copyOf(t);
  const { exitCode, stdout } = await lab(folder, quick, elsewhere('mount --bind /bin/false "$(command -v dumpcap)"'));
  t.is(exitCode, 1);
  t.regex(stdout, /dumpcap on \w+ stopped/);
});

asRoot('a program that is missing: exit status 3, it is named, and nothing is done', async (t) => {
  const folder = await copyOf(t);
  await writeFile(join(folder, 'nothing'), '', { mode: 0o644 });
  const hide = `for name in dumpcap nft; do mount --bind '${folder}/nothing' "$(realpath "$(PATH=/usr/sbin:/usr/bin command -v $name)")"; done`;
  const { exitCode, stderr } = await lab(folder, [...quick, '--on', 'kernel'], elsewhere(hide));
  t.is(exitCode, 3);
  t.regex(stderr, /nft, dumpcap|dumpcap, nft/);
  t.regex(stderr, /lab\/setup/);
  t.deepEqual(await runFolders(folder), []);
});

asRoot('where no namespaces can be made: exit status 3, what to do, and nothing is done', async (t) => {
  const folder = await copyOf(t);
  for (const words of [
    [...quick, '--on', 'kernel', '--format', 'tap'],
    ['shell', 'three-isps', 'client'],
  ]) {
    const limited = 'echo 0 >/proc/sys/user/max_net_namespaces; exec "$@"';
    const before = ['unshare', '--user', '--map-root-user', 'sh', '-euc', limited, 'sh'];
    const { exitCode, stdout, stderr } = await lab(folder, words, before);
    t.is(exitCode, 3, stderr);
    t.is(stdout, '');
    t.regex(stderr, /no network namespaces/);
    t.regex(stderr, /run as root/);
  }
  t.deepEqual(await runFolders(folder), []);
});

/** As an ordinary user, with /dev/net/tun of a given mode. */
const ordinary = (folder: string, mode: string): Words => [
  ...elsewhere(
    `mknod -m ${mode} '${folder}/tun' c 10 200; chown 0:0 '${folder}/tun'; mount --bind '${folder}/tun' /dev/net/tun`,
  ),
  ...['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', '--inh-caps=-all'],
];

asRoot('an ordinary user, and tunnel devices that are root’s alone: exit status 3, and exactly that', async (t) => {
  const folder = await copyOf(t);
  await chown(folder, 65534, 65534);
  const { exitCode, stdout, stderr } = await lab(
    folder,
    [...quick, '--on', 'kernel', '--format', 'tap'],
    ordinary(folder, '600'),
  );
  t.is(exitCode, 3, stderr);
  t.is(stdout, '');
  t.regex(stderr, /\/dev\/net\/tun.*root's alone/);
  t.regex(stderr, /chmod a\+rw \/dev\/net\/tun/);
  t.deepEqual(await runFolders(folder), []);
});

asRoot(
  'where the kernel can’t be had, the model takes over and says why; but not in continuous integration',
  async (t) => {
    const [folder, another] = [await copyOf(t), await copyOf(t)];
    for (const each of [folder, another]) await chown(each, 65534, 65534);
    const alone = ['env', '--unset=CI', ...ordinary(folder, '600')] as const;
    const { exitCode, stdout, stderr } = await lab(folder, quick, alone);
    t.is(exitCode, 0, stderr);
    const [first = ''] = stdout.split('\n');
    t.regex(first, /^Running on the model \(Linux .*\): the kernel can't be had, .*\/dev\/net\/tun.*root's alone/);
    t.regex(stdout, /^21 checks as expected, 0 not/m);
    const watched = await lab(another, quick, ['env', 'CI=true', ...ordinary(another, '600')]);
    t.is(watched.exitCode, 3, watched.stderr);
    t.is(watched.stdout, '');
  },
);

/** Whether ordinary users may make namespaces here; CI is where they may. */
async function mayAnybody(t: ExecutionContext): Promise<boolean> {
  const user = ['--reuid', '65534', '--clear-groups'];
  const link = ['unshare', '--user', '--map-root-user', '--net', 'ip', 'link', 'add', 'type', 'veth'];
  const { exitCode, stderr } = await execa('setpriv', [...user, ...link], { reject: false });
  if (exitCode === 0) return true;
  t.log(`not tried: this machine forbids namespaces to ordinary users (${stderr})`);
  t.falsy(process.env['CI'], 'CI tries everything');
  return false;
}

asRoot('an ordinary user, and tunnel devices for everybody: the same verdicts', async (t) => {
  if (!(await mayAnybody(t))) return;
  const folder = await copyOf(t);
  await chown(folder, 65534, 65534);
  const { exitCode, stdout, stderr } = await lab(folder, [...quick, '--format', 'tap'], ordinary(folder, '666'));
  t.is(exitCode, 0, stdout + stderr);
});

const failing = elsewhere(
  'mount -t tmpfs tmpfs /mnt; printf "#!/bin/sh\\necho too old >&2; exit 1\\n" >/mnt/bpftrace; chmod a+x /mnt/bpftrace; ' +
    'mount --bind /mnt/bpftrace "$(command -v bpftrace)"',
);

asRoot(
  'where bpftrace can’t be had, a trace asks for the routes that can’t be seen looked up, and says so',
  async (t) => {
    const call = [
      '--topology',
      'home-gateway',
      '--from',
      'client',
      '--to',
      'server@ppp1',
      '--proto',
      'tcp',
      '--port',
      '8080',
    ];
    const words = ['trace', 'home-connmark', ...call, '--on', 'kernel', '--format', 'json'];
    const user = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', '--inh-caps=-all'];
    for (const before of [user, failing]) {
      if (before === user && !(await mayAnybody(t))) continue;
      const folder = await copyOf(t);
      if (before === user) await chown(folder, 65534, 65534);
      const { exitCode, stdout, stderr } = await lab(folder, words, before);
      t.is(exitCode, 0, stderr);
      const reason = "look-ups can't be seen: bpftrace ended before it said /^watching$/; it said: too old";
      t.is(stderr.includes(reason), before === failing, stderr);
      const { why, verdict } = JSON.parse(stdout) as Pick<Trace, 'why' | 'verdict'>;
      t.like(verdict, { accepted: true, arrivedBy: 'ppp1', leftBy: 'ppp1', cause: null });
      const routes = why.filter(({ stage }) => stage === 'route');
      t.true(
        routes.length > 0 && routes.every(({ text }) => text.startsWith('inferred, asked afterwards: ip route get ')),
      );
      const own = why.filter(({ packet, host }) => packet === 'reply' && host === 'server');
      t.deepEqual(
        own.map(({ stage }) => stage),
        ['netfilter', 'netfilter', 'route', 'conntrack'],
      );
      t.regex(
        own[2]?.text ?? '',
        / ip route get 198\.51\.100\.10 from 192\.168\.2\.100 iif eth2 mark 0x0*2 ipproto tcp sport 80 dport 40000: .* dev ppp1 /,
      );
    }
  },
);

asRoot('what the kernel tells root of dropped packets is inferred for others, to the same verdicts', async (t) => {
  const words = [
    'rp-filter',
    '--candidate',
    'home-strict',
    '--candidate',
    'home-strict-source-rules',
    '--format',
    'tap',
  ];
  const hidden = elsewhere('mount --bind /etc/passwd "$(command -v bpftrace)"'); // It can't be run.
  const user = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', '--inh-caps=-all'];
  for (const [who, before, source] of [
    ['root', [], "the kernel's word: IP_RPFILTER, in ip_rcv_finish_core"],
    ['root without bpftrace', hidden, 'inferred from captures and counters'],
    ['root whose bpftrace fails', failing, 'inferred from captures and counters'],
    ['an ordinary user', user, 'inferred from captures and counters'],
  ] as const) {
    if (before === user && !(await mayAnybody(t))) continue;
    const folder = await copyOf(t);
    if (before === user) await chown(folder, 65534, 65534);
    const { exitCode, stdout, stderr } = await lab(folder, words, before);
    t.is(exitCode, 0, `${who}: ${stderr}${stdout}`);
    const sources = [...stdout.matchAll(/reverse-path filter of server \(([^)]*)\)/g)].map(([, words]) => words);
    t.deepEqual([...new Set(sources)], [source], who);
    t.is(sources.length, 9, who);
    t.is(stdout.includes("by the kernel's word (IP_RPFILTER)"), who === 'root', who);
    const told = stderr.split('\n').filter((line) => line.includes("the kernel's own word can't be had"));
    t.deepEqual(
      told.map((line) => line.replace(/.*: bpftrace/, 'bpftrace')),
      before === failing ? ['bpftrace ended before it said /^watching$/; it said: too old'] : [],
      who,
    );
  }
});

asRoot('labs one by one and side by side: the same verdicts', async (t) => {
  const candidates = ['single-default', 'source-rules'].flatMap((name) => ['--candidate', name]);
  const verdicts = ['1', '4'].map(async (jobs) => {
    const folder = await copyOf(t);
    const { exitCode, stderr } = await lab(folder, [
      'multihome-udp',
      ...candidates,
      '--jobs',
      jobs,
      '--format',
      'json',
    ]);
    t.is(exitCode, 0, stderr);
    return (await resultsOf(folder)).scenarios.flatMap(({ trials }) =>
      trials.map(({ candidate, variant, checks }) => ({
        candidate,
        variant,
        checks: checks.map((check) => [
          check.kind === 'cell' ? `${check.service} ${check.uplink}` : check.name,
          check.found,
        ]),
      })),
    );
  });
  const [one, four] = await Promise.all(verdicts);
  t.is(one!.length, 3, 'single-default is tried twice');
  t.deepEqual(one, four);
});

asRoot('shell runs what comes by a pipe in the host, and ends with its status', async (t) => {
  const folder = await copyOf(t);
  const before = await machine();
  const script = 'readlink /proc/self/ns/net; ip -4 -o address show dev cgnat; echo well >&2; exit 7\n';
  const { exitCode, stdout, stderr } = await lab(folder, ['shell', 'three-isps', 'client'], [], script);
  t.is(exitCode, 7, stderr);
  t.regex(stdout, /inet 198\.51\.100\.10\/24/);
  t.regex(stderr, /^well$/m);
  t.regex(stderr, /server, isp1, isp2, isp3, internet, cgnat, client/);
  const [namespace = ''] = stdout.split('\n');
  t.regex(namespace, /^net:\[\d+\]$/);
  await eventually(t, 'nothing remains', async () =>
    (await processes()).some(({ namespaces }) => namespaces.includes(namespace)) ? undefined : true,
  );
  t.deepEqual(await machine(), before);

  const routes = 'ip -4 route show default; ip rule\n';
  const tried = await lab(folder, ['shell', 'three-isps', 'server', '--candidate', 'source-rules'], [], routes);
  t.is(tried.exitCode, 0);
  t.regex(tried.stdout, /^default via 203\.0\.113\.1 dev isp1/m);
  t.regex(tried.stdout, /from 203\.0\.115\.2 lookup 103/);
});

for (const signal of ['SIGKILL', 'SIGINT'] as const) {
  asRoot(`${signal} in the middle of a run leaves nothing but its folder, and latest as it was`, async (t) => {
    const folder = await copyOf(t);
    const before = await machine();
    const [file, args] = command(folder, ['multihome-udp', '--candidate', 'source-rules', '--format', 'tap']);
    const child = execa(file, args, { cwd: folder, reject: false, timeout: 60_000, stdin: 'ignore' });
    const members = await eventually(t, 'a run with its daemons', async () => {
      const found = await family(child.pid!);
      return found.filter(({ name }) => name === 'openvpn').length >= 2 ? found : undefined;
    });
    child.kill(signal);
    const { exitCode, stdout } = await child;
    t.not(exitCode, 0);
    t.is(stdout, '');
    const marks = new Set(members.map(({ mark }) => mark));
    await eventually(t, 'nothing remains', async () =>
      (await processes()).some(({ mark }) => marks.has(mark)) ? undefined : true,
    );
    t.deepEqual(await machine(), before);
    t.deepEqual((await readdir(join(folder, 'results'))).sort(), [...(await runFolders(folder))]);
  });
}

asRoot('shards of a run on both backends, merged: one report, with the exit status of the whole', async (t) => {
  const folder = await copyOf(t);
  const words = ['udp-veth-workaround', '--on', 'both'];
  const whole = await lab(folder, [...words, '--format', 'json']);
  t.is(whole.exitCode, 0, whole.stderr);
  for (const index of [1, 2]) {
    const { exitCode, stdout, stderr } = await lab(folder, [...words, '--shard', `${index}/2`, '--format', 'json']);
    t.is(exitCode, 0, stderr);
    t.like(JSON.parse(stdout), { backend: 'both', shard: { index, of: 2 } });
  }
  const [, ...shards] = [...(await runFolders(folder))].sort().map((name) => join(folder, 'results', name));
  t.is(shards.length, 2);
  const merged = await lab(folder, ['merge', ...shards, '--format', 'tap']);
  t.is(merged.exitCode, 0, merged.stderr);
  t.true(strictly(merged.stdout).ok);
  t.is(await readFile(latest(folder, 'run.tap'), 'utf8'), merged.stdout);
  const trialsOf = ({ scenarios }: RunResult): unknown =>
    scenarios.map(({ name, trials }) => [name, trials.map(({ candidate, checks }) => [candidate, checks.length])]);
  t.deepEqual(trialsOf(await resultsOf(folder)), trialsOf(JSON.parse(whole.stdout) as RunResult));
  t.is(
    (await readdir(join(folder, 'results', 'latest'))).sort().join(' '),
    'junit.xml matrix.txt results.json run.tap',
  );

  // One check of one shard is spoilt; and then there is a shard too few, of which nothing is left.
  const file = join(shards[0]!, 'results.json');
  await writeFile(file, (await readFile(file, 'utf8')).replace('"ok": true', '"ok": false'));
  t.is((await lab(folder, ['merge', ...shards])).exitCode, 1);
  const before = await runFolders(folder);
  const lone = await lab(folder, ['merge', shards[0]!]);
  t.is(lone.exitCode, 2);
  t.is(lone.stdout, '');
  t.is(lone.stderr, 'shard 2/2 is missing\nname the results of all 2\n');
  t.deepEqual(await runFolders(folder), before);
});

asRoot('shards of conformance, merged: figures add up', async (t) => {
  const folder = await copyOf(t);
  const words = ['conformance', '--count', '40', '--seed', '5'];
  const figuresOf = async (): Promise<unknown> => {
    const text = await readFile(latest(folder, 'conformance.json'), 'utf8');
    const { seed, trials, journeys, tried } = JSON.parse(text) as ConformanceRecord;
    return { seed, trials, journeys, tried };
  };
  t.is((await lab(folder, words)).exitCode, 0);
  const whole = await figuresOf();
  for (const index of [1, 2]) t.is((await lab(folder, [...words, '--shard', `${index}/2`])).exitCode, 0);
  const [, ...shards] = [...(await runFolders(folder))].sort().map((name) => join(folder, 'results', name));
  const merged = await lab(folder, ['merge', ...shards]);
  t.is(merged.exitCode, 0, merged.stderr);
  t.regex(merged.stdout, /journeys compared in \d+ trials .*, seed 5: 0 disagreements\.\n/);
  t.deepEqual(await figuresOf(), whole);
});
