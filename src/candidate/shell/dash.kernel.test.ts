/** Holds the evaluator to a real shell, dash: the same programs run with the same arguments, the same output and status. */
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import fc from 'fast-check';
import { LabError } from '../../net/error.ts';
import { evaluate } from './evaluate.ts';
import { generatedScript } from './generate.ts';
import type { Option } from './state.ts';
import { recordingMachine } from './testing.ts';

/** What came of a script; `complained`: whether anything was written to standard error. */
interface Seen {
  readonly status: number;
  readonly stdout: string;
  readonly complained: boolean;
  readonly record: string;
}

/** The recording machine's programs, for dash. The lengths are characters: what is recorded here is ASCII. */
const recorder = `#!/bin/dash
name=\${0##*/}
if [ "$name" = say ]; then printf '%s\\n' "$*"; exit; fi
line=$name
for argument; do line="$line \${#argument}:$argument"; done
if [ "$name" = take ]; then input=$(cat; echo .); input=\${input%.}; line="$line \${#input}:$input"; fi
printf '%s\\n' "$line" >>"$RECORD"
case $name in no) exit 1 ;; fail) exit "$1" ;; esac
exit 0
`;

/** Runs each of the scripts; what has not ended after two seconds is killed. One process for all: to start them costs. */
const runner = `
for script in */script.sh; do
  cd "\${script%/*}" || exit
  RECORD=$PWD/record timeout 2 dash $FLAGS script.sh one 'two  2' '' >stdout 2>stderr </dev/null
  echo $? >status
  cd ..
done
`;

const given = ['one', 'two  2', ''];

async function inDash(
  t: ExecutionContext,
  scripts: readonly string[],
  { programs = [] as readonly string[], flags = '', environment = {} } = {},
): Promise<readonly Seen[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'dash-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const bin = path.join(folder, 'bin');
  await mkdir(bin);
  await writeFile(path.join(bin, 'recorder'), recorder, { mode: 0o755 });
  const names = ['ok', 'no', 'fail', 'say', 'take', ...programs];
  await Promise.all(names.map((name) => symlink('recorder', path.join(bin, name))));
  const folders = scripts.map((_, index) => path.join(folder, 'scripts', String(index).padStart(6, '0')));
  await Promise.all(
    folders.map(async (one, index) => {
      await mkdir(one, { recursive: true });
      await writeFile(path.join(one, 'script.sh'), scripts[index] ?? '');
      await writeFile(path.join(one, 'record'), '');
    }),
  );
  const env = { PATH: `${bin}:/usr/bin:/bin`, LC_ALL: 'C', FLAGS: flags, ...environment };
  const options = { cwd: path.join(folder, 'scripts'), extendEnv: false, timeout: 240_000 };
  await execa('dash', ['-euc', runner], { ...options, env });
  return Promise.all(
    folders.map(async (one) => {
      const [status, stdout, stderr, record] = await Promise.all(
        ['status', 'stdout', 'stderr', 'record'].map((name) => readFile(path.join(one, name), 'latin1')),
      );
      return { status: Number(status), stdout: stdout ?? '', complained: stderr !== '', record: record ?? '' };
    }),
  );
}

function inEvaluator(
  script: string,
  { programs = [] as readonly string[], set = [] as readonly Option[], environment = {}, files = {} } = {},
): Seen {
  const machine = recordingMachine(programs, files);
  const options = { file: 'script.sh', environment, arguments: given, set, machine };
  const { status, stdout, stderr } = evaluate(script, options);
  const record = machine.record.map((line) => `${line}\n`).join('');
  return { status, stdout, complained: stderr !== '', record };
}

const seed = Number(process.env['SEED'] ?? 1);
const count = Number(process.env['SCRIPTS'] ?? 600);

test(`does as dash does with ${count} generated scripts, seed ${seed}`, async (t) => {
  const scripts = fc.sample(generatedScript, { numRuns: count, seed });
  const dash = await inDash(t, scripts);
  const differing = scripts.flatMap((script, index) => {
    const ours = inEvaluator(script);
    return JSON.stringify(ours) === JSON.stringify(dash[index]) ? [] : [{ script, dash: dash[index], ours }];
  });
  const [shortest] = differing.toSorted((a, b) => a.script.length - b.script.length);
  t.is(shortest, undefined, `${differing.length} differ`);
  // Scripts that run nothing would show nothing.
  t.true(dash.filter(({ record }) => record !== '').length > count * 0.8);
  t.true(dash.filter(({ status }) => status !== 0).length > count * 0.1);
});
