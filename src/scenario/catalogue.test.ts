import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { dumpOf } from '../candidate/dump/files.ts';
import { sample } from '../candidate/dump/sample-dump.ts';
import { LabError } from '../net/error.ts';
import { validateTopology } from '../topology/validate.ts';
import {
  assertKnown,
  candidateNames,
  loadCandidate,
  loadOwn,
  loadScenario,
  loadTopology,
  root,
  scenarioNames,
  topologyNames,
} from './catalogue.ts';

const [scenarios, topologies, candidates] = await Promise.all([scenarioNames(), topologyNames(), candidateNames()]);

/** What people read: a title of one line that is no sentence, and a lesson of some. */
const readable = test.macro(async (t, load: () => Promise<{ readonly title: string; readonly lesson?: string }>) => {
  const { title, lesson } = await load();
  t.regex(title, /^\S[^\n]{8,110}\S$/);
  t.notRegex(title, /\.$/);
  if (lesson !== undefined) t.regex(lesson, /^[A-Z`][^]{80,}\.$/);
});

test('the catalogue holds what is on disk, and no test', async (t) => {
  t.true(existsSync(join(root, 'package.json')));
  const files = async (folder: string, ending: string) =>
    (await readdir(join(root, folder))).filter((name) => name.endsWith(ending)).length;
  const tests = await files('scenarios', '.test.ts');
  t.is(scenarios.length, (await files('scenarios', '.ts')) - tests);
  t.true(scenarios.includes('multihome-udp'));
  t.true(topologies.includes('three-isps'));
  t.true(candidates.every((name) => existsSync(join(root, `lab/candidates/${name}/up.sh`))));
  t.true(candidates.includes('source-rules'));
  for (const names of [scenarios, topologies, candidates]) {
    t.deepEqual(names, [...names].sort());
    t.true(names.every((name) => /^[a-z0-9-]+$/.test(name)));
  }
});

for (const name of scenarios) {
  test(`scenario ${name} says what it is about`, readable, () => loadScenario(name));

  test(`scenario ${name} has trials of any configuration, or says why not`, async (t) => {
    const scenario = await loadScenario(name);
    const lineScripts = { up: '/own/ip-up', down: '/own/ip-down' };
    const own = {
      name: 'own',
      title: '',
      lesson: '',
      script: '/own/up.sh',
      sources: {},
      lineScripts,
      lineUp: '/own/up',
    };
    const open = scenario.open(own);
    if (typeof open === 'string') {
      t.regex(open, /^[a-z].*\w$/);
      return;
    }
    t.true(open.length > 0);
    t.is(new Set(open.map(({ variant }) => variant)).size, open.length);
    for (const { candidate, topology } of open) {
      t.is(candidate, 'own');
      t.notThrows(() => {
        validateTopology(topology);
      });
      t.true(scenario.trials.some((trial) => trial.topology.name === topology.name));
    }
  });

  test(`scenario ${name} has trials of its own names, each of a candidate that exists, in a valid topology`, async (t) => {
    const { trials, services, lesson } = await loadScenario(name);
    t.true(trials.length > 0);
    t.not(lesson, '');
    t.is(new Set(services).size, services.length);
    const names = trials.map(({ candidate, variant }) => `${candidate}|${variant}`);
    t.is(new Set(names).size, names.length);
    for (const { candidate, topology, tunnels } of trials) {
      t.true(candidates.includes(candidate), candidate);
      t.notThrows(() => {
        validateTopology(topology);
      });
      for (const [host, devices] of Object.entries(tunnels)) {
        t.true(
          topology.hosts.some((each) => each.name === host),
          host,
        );
        t.is(new Set(devices).size, devices.length);
      }
    }
  });
}

for (const name of topologies) {
  test(`topology ${name} says what it is about`, readable, () => loadTopology(name));

  test(`topology ${name} is valid, and called what its file is`, async (t) => {
    const topology = await loadTopology(name);
    t.is(topology.name, name);
    t.notThrows(() => {
      validateTopology(topology);
    });
  });
}

test('lab/setup installs what candidates run', async (t) => {
  const list = /^tools='\n([^']+)'/m.exec(await readFile(join(root, 'lab/setup'), 'utf8'))?.[1] ?? '';
  const known = list.split('\n').map((line) => line.split(/\s+/)[0]);
  const run = (await Promise.all(candidates.map(loadCandidate))).flatMap(({ programs = [] }) => programs);
  t.true(run.length > 0);
  for (const program of run) t.true(known.includes(program), program);
});

for (const name of candidates) {
  test(`candidate ${name} says what it is about`, readable, () => loadCandidate(name));

  test(`candidate ${name} has a script that a POSIX shell reads, and that says what it does`, async (t) => {
    const candidate = await loadCandidate(name);
    t.is(candidate.name, name);
    t.is(candidate.script, join(root, 'lab/candidates', name, 'up.sh'));
    t.is((await execa('sh', ['-n', candidate.script])).stderr, '');
    const script = await readFile(candidate.script, 'utf8');
    t.regex(script, /^# [A-Z].*\.$/m);
    // All that it is given; what it sets itself is in lower case.
    const given = [...script.matchAll(/\$\{?([A-Z]\w*)/g)].map(([, variable]) => variable ?? '');
    t.deepEqual(
      given.filter((variable) => !/^(IF|GW|IP|NET)[1-3]$/.test(variable)),
      [],
    );
  });
}

test("the shell's -n finds what is wrong with a script", async (t) => {
  await t.throwsAsync(execa('sh', ['-n'], { input: 'if true; then' }));
});

const hint = (kind: string, name: string, known: readonly string[]) => {
  try {
    assertKnown(kind, name, known);
  } catch (error) {
    if (error instanceof LabError && error.code === 'invalid') return [error.message, error.hint];
    throw error;
  }
  return null;
};

test('a name that is known is nothing to remark on', (t) => {
  t.is(hint('host', 'isp1', ['server', 'isp1']), null);
});

for (const [name, near] of [
  ['single-defualt', 'single-default'],
  ['roundrobin', 'round-robin'],
  ['source_rules', 'source-rules'],
  ['rules', null],
  ['SOURCE-RULES', null],
  ['', null],
  ['lorem ipsum dolor sit amet', null],
  ['__proto__', null],
] as const) {
  test(`a name that is not: '${name}'`, (t) => {
    const unknown = hint('candidate', name, ['single-default', 'source-rules', 'round-robin']);
    t.deepEqual(unknown, [
      `there is no candidate '${name}'`,
      (near === null ? '' : `did you mean '${near}'? `) + 'There are: single-default, source-rules, round-robin',
    ]);
  });
}

test('a short name is near only to what shares half of its letters', (t) => {
  const hosts = ['server', 'isp1', 'client'];
  t.is(hint('host', 'ips1', hosts)?.[1], "did you mean 'isp1'? There are: server, isp1, client");
  t.is(hint('host', 'a1', hosts)?.[1], 'There are: server, isp1, client');
});

test('where nothing is known, nothing is suggested', (t) => {
  t.deepEqual(hint('candidate', 'a', []), ["there is no candidate 'a'", 'There are: ']);
});

test('loading what there is not names the nearest', async (t) => {
  for (const [load, wrong, right] of [
    [loadScenario, 'multihome-tcp', 'multihome-udp'],
    [loadCandidate, 'source-rule', 'source-rules'],
    [loadTopology, 'three-isp', 'three-isps'],
    [loadCandidate, '../candidates/source-rules', 'source-rules'],
  ] as const) {
    const error = await t.throwsAsync(load(wrong), { instanceOf: LabError });
    t.is(error.code, 'invalid');
    t.true(error.hint.includes(right), error.hint);
  }
});

/** A folder of the user's own, with these files, for one test. */
async function folderOf(t: ExecutionContext, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'catalogue-test-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(folder, name), text)));
  return folder;
}

test('a script of the user’s own is a candidate', async (t) => {
  const file = join(await folderOf(t, { 'mine.sh': 'true\n' }), 'mine.sh');
  const candidate = await loadOwn(file, './mine.sh');
  t.deepEqual(candidate, { ...plain('./mine.sh'), script: file, sources: { [file]: 'true\n' } });
});

const plain = (name: string) => ({ name, title: name, lesson: '' });

test('… and so is a folder, with what lies beside its up.sh', async (t) => {
  const names = ['up.sh', 'ip-up', 'ip-down', 'openvpn-up.sh', 'line-up.sh'];
  const folder = await folderOf(t, Object.fromEntries(names.map((name) => [name, `# ${name}\n`])));
  const at = (name: string): string => join(folder, name);
  t.deepEqual(await loadOwn(folder, 'mine'), {
    ...{ ...plain('mine'), script: at('up.sh'), openvpnUp: at('openvpn-up.sh'), lineUp: at('line-up.sh') },
    lineScripts: { up: at('ip-up'), down: at('ip-down') },
    sources: Object.fromEntries(names.map((name) => [at(name), `# ${name}\n`])),
  });
});

test('… with its options, if it has a candidate.ts', async (t) => {
  const options = "export default { openvpn: { server: 'multihome' as const } };";
  const folder = await folderOf(t, { 'up.sh': '', 'candidate.ts': options });
  const openvpn = { server: 'multihome' };
  t.deepEqual(await loadOwn(folder, 'mine'), {
    ...{ ...plain('mine'), openvpn, script: join(folder, 'up.sh'), sources: { [join(folder, 'up.sh')]: '' } },
  });
  const ofTheLab = await loadOwn(join(root, 'lab/candidates/round-robin-multihome'), 'mine');
  t.like(ofTheLab, { name: 'mine', openvpn });
  t.regex(ofTheLab.lesson, /multihome/);
});

test('… and so are a script that is kept elsewhere, and others that it runs', async (t) => {
  const [elsewhere, folder] = [
    await folderOf(t, { 'routes.sh': '. ./table.sh\n' }),
    await folderOf(t, { 'table.sh': '' }),
  ];
  await symlink(join(elsewhere, 'routes.sh'), join(folder, 'up.sh'));
  await mkdir(join(folder, 'old'));
  const { sources } = await loadOwn(folder);
  t.deepEqual(sources, { [join(folder, 'up.sh')]: '. ./table.sh\n', [join(folder, 'table.sh')]: '' });
});

test('… and so is the dump of a host', async (t) => {
  const folder = await folderOf(t, sample);
  const { dump, ...rest } = await loadOwn(folder, 'mine');
  t.deepEqual(rest, { ...plain('mine'), script: folder, sources: {} });
  t.deepEqual(dump, dumpOf(folder, sample));
});

test('a folder that is neither is told what it lacks', async (t) => {
  const error = await t.throwsAsync(loadOwn(await folderOf(t, {}), 'mine'), { instanceOf: LabError });
  t.deepEqual(
    [error.message, error.hint],
    ['there is no file mine/up.sh', 'nor is it the dump of a host, which has ip-addr.json, ip-route.json and more'],
  );
});

for (const [title, files, path, message] of [
  ['no such file', {}, 'up.sh', /^there is no file MINE\/up\.sh$/],
  ['a folder without up.sh', { 'ip-up': '' }, '', /^there is no file MINE\/up\.sh$/],
  ['ip-up without ip-down', { 'up.sh': '', 'ip-up': '' }, '', /^there is no file MINE\/ip-down$/],
  ['a file for a folder', { 'up.sh': '' }, 'up.sh/x', /^MINE\/up\.sh\/x can't be read: ENOTDIR/],
  [
    'options that are none',
    { 'up.sh': '', 'candidate.ts': 'export default 5;' },
    '',
    /^MINE\/candidate\.ts exports no options$/,
  ],
  ['a dump that lacks a file', { 'ip-rule.json': '[]' }, '', /: the dump has no ip-addr\.json$/],
  ['options that are no module', { 'up.sh': '', 'candidate.ts': '{' }, '', /^MINE\/candidate\.ts can't be loaded: /],
] as const) {
  test(`refuses of the user's own: ${title}`, async (t) => {
    const folder = await folderOf(t, files);
    const error = await t.throwsAsync(loadOwn(join(folder, path), join('MINE', path)), { instanceOf: LabError });
    t.is(error.code, 'invalid');
    t.regex(error.message, message);
  });
}
