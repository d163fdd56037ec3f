/** Holds the evaluator to a real shell, dash: the same programs run with the same arguments, the same output and status. */
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import fc from 'fast-check';
import { LabError } from '../../net/error.ts';
import { cases } from './cases/all.ts';
import { beyond } from './beyond.ts';

import { generatedScript } from './generated-script.ts';
import { evaluate, readingPrograms, recordingMachine, recordingPrograms } from './testing.ts';

const seed = Number(process.env['SEED'] ?? 1);
const count = Number(process.env['SCRIPTS'] ?? 400);
const given = ['one', 'two  2', ''];

/** What came of a script; `complained`: whether anything was written to standard error. */
interface Seen {
  readonly status: number;
  readonly stdout: string;
  readonly complained: boolean;
  readonly record: readonly string[];
}

/** The recording machine's programs, for dash. They put each line together first: others may write at the same time. */
const recorder = `#!/bin/dash
name=\${0##*/}
if [ "$name" = say ]; then printf '%s\\n' "$*"; exit; fi
line=$name
for argument; do line="$line \${#argument}:$argument"; done
case $name in ${readingPrograms.join('|')})
  input=$(cat; echo .); input=\${input%.}; line="$line \${#input}:$input" ;;
esac
printf '%s\\0' "$line" >>"$RECORD"
case $name in no) exit 1 ;; fail) exit "$1" ;; esac
exit 0
`;

/** Runs the script in each folder; one that does not end is killed. One process for all: to start them takes time. */
const runner = `
for script in */script.sh; do
  cd "\${script%/*}" || exit
  RECORD=$PWD/record timeout 10 dash $FLAGS script.sh "$@" >stdout 2>stderr </dev/null
  echo $? >status
  cd ..
done
`;

async function folderFor(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'dash-'));
  t.teardown(() => rm(folder, { recursive: true }));
  return folder;
}

/** Runs each script in a folder of its own, `000000` and so on. */
async function dashIn(
  folder: string,
  scripts: readonly string[],
  { args = [] as readonly string[], programs = [] as readonly string[], flags = '', environment = {} } = {},
): Promise<readonly Seen[]> {
  const bin = path.join(folder, 'bin');
  await mkdir(bin);
  await writeFile(path.join(bin, 'recorder'), recorder, { mode: 0o755 });
  for (const name of [...recordingPrograms, ...programs]) await symlink('recorder', path.join(bin, name));
  const folders = scripts.map((_, index) => path.join(folder, String(index).padStart(6, '0')));
  for (const [index, one] of folders.entries()) {
    await mkdir(one, { recursive: true });
    await writeFile(path.join(one, 'script.sh'), scripts[index] ?? '');
    await writeFile(path.join(one, 'record'), '');
  }
  const env = { PATH: `${bin}:/usr/bin:/bin`, LC_ALL: 'C', FLAGS: flags, ...environment };
  await execa('dash', ['-uc', runner, 'runner', ...args], { cwd: folder, env, extendEnv: false, timeout: 280_000 });
  return Promise.all(
    folders.map(async (one) => {
      const read = (name: string): Promise<string> => readFile(path.join(one, name), 'latin1');
      const [status, stdout, stderr, record] = await Promise.all([
        read('status'),
        read('stdout'),
        read('stderr'),
        read('record'),
      ]);
      return { status: Number(status), stdout, complained: stderr !== '', record: record.split('\0').slice(0, -1) };
    }),
  );
}

/** `refused`: why the evaluator would not run it. */
function inEvaluator(script: string): Seen & { readonly refused?: string } {
  const machine = recordingMachine();
  try {
    const outcome = evaluate(script, { file: 'script.sh', environment: {}, arguments: given, machine });
    const { status, stdout, stderr } = outcome;
    return { status, stdout, complained: stderr !== '', record: machine.record };
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    return { status: 2, stdout: '', complained: true, record: [], refused: error.message };
  }
}

test(`does as dash does with ${count} generated scripts, seed ${seed}`, async (t) => {
  t.timeout(300_000);
  const scripts = fc.sample(generatedScript, { numRuns: count, seed });
  const dash = await dashIn(await folderFor(t), scripts, { args: given });
  const differing = scripts.flatMap((script, index) => {
    const ours = inEvaluator(script);
    return JSON.stringify(ours) === JSON.stringify(dash[index]) ? [] : [{ script, dash: dash[index], ours }];
  });
  const [shortest] = differing.toSorted((a, b) => a.script.length - b.script.length);
  t.is(shortest, undefined, `${differing.length} differ`);
  // Scripts that run nothing, or always succeed, would show little.
  t.true(dash.filter(({ record }) => record.length > 0).length > count * 0.8);
  t.true(dash.filter(({ status }) => status !== 0).length > count * 0.2);
});

test('dash does what is expected of the evaluator', async (t) => {
  const dash = await dashIn(
    await folderFor(t),
    cases.map(({ script }) => script),
    { args: given },
  );
  for (const [index, { script, status = 0, stdout = '', record = [] }] of cases.entries()) {
    const seen = dash[index];
    t.deepEqual(
      { status: seen?.status, stdout: seen?.stdout, record: seen?.record },
      { status, stdout, record },
      script,
    );
  }
});

const candidates = path.join(import.meta.dirname, '../../../lab/candidates');
const programs = ['ip', 'iptables', 'nft', 'sysctl', 'conntrack', 'modprobe'];
/** They go on for ever, with a real shell too. */
const endless = ['gateway-monitor'];

test('reads every candidate as dash does', async (t) => {
  const names = (await readdir(candidates)).filter((name) => !(name in beyond) && !endless.includes(name));
  t.true(names.length > 0);
  const uplinks = ['isp1', 'isp2', 'isp3'].flatMap((name, index) => [
    [`IF${index + 1}`, name],
    [`GW${index + 1}`, `203.0.${113 + index}.1`],
    [`IP${index + 1}`, `203.0.${113 + index}.2`],
    [`NET${index + 1}`, `203.0.${113 + index}.0/24`],
  ]);
  const environment = Object.fromEntries(uplinks) as Record<string, string>;
  for (const name of names) {
    // The machine's own settings are not to be written: a folder stands in for them.
    // So are /run, and the folder of the script.
    const read = async (file: string): Promise<string> =>
      (await readFile(path.join(candidates, name, file), 'utf8'))
        .replaceAll('/proc/sys/', 'settings/')
        .replaceAll('/run/', './')
        .replaceAll('${0%/*}', '.');
    const source = await read('up.sh');
    const beside = (await readdir(path.join(candidates, name))).filter((file) => !/[.](?:ts|sh)$/.test(file));
    const files = await Promise.all(beside.map(async (file) => [`./${file}`, await read(file)] as const));
    const machine = recordingMachine(programs, Object.fromEntries(files));
    const outcome = evaluate(source, { file: 'script.sh', environment, set: ['e', 'u'], machine });
    const folder = await folderFor(t);
    const work = path.join(folder, '000000');
    await mkdir(work);
    for (const [file, text] of files) await writeFile(path.join(work, file), text, { mode: 0o755 });
    for (const file of machine.written.keys()) await mkdir(path.join(work, path.dirname(file)), { recursive: true });
    const [dash] = await dashIn(folder, [source], { programs, flags: '-eu', environment });
    t.deepEqual(
      { status: outcome.status, record: machine.record },
      { status: dash?.status, record: dash?.record },
      name,
    );
    t.is(outcome.status, 0);
    t.true(machine.record.length > 0);
    for (const [file, text] of machine.written) t.is(await readFile(path.join(work, file), 'utf8'), text, file);
  }
});
