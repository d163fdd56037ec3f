import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { LabError } from '../net/error.ts';
import { openResults } from './results.ts';

async function scratch(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'results-'));
  t.teardown(() => rm(folder, { recursive: true }));
  return folder;
}

const latest = (parent: string) => readFile(join(parent, 'latest', 'run'), 'utf8');

async function finishedRun(parent: string, name: string) {
  const results = await openResults(parent);
  await writeFile(join(results.directory, 'run'), name);
  return results;
}

test('a run has a folder of its own, named by the time in UTC', async (t) => {
  const parent = join(await scratch(t), 'not', 'there', 'yet');
  const before = Math.floor(Date.now() / 1000);
  const { directory, shown } = await openResults(parent);
  t.true((await stat(directory)).isDirectory());
  t.is(dirname(directory), parent);
  const [, date, hours, minutes, seconds] =
    /^(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)-\d+$/.exec(basename(directory)) ?? t.fail(basename(directory));
  const named = Date.parse(`${date ?? ''}T${hours ?? ''}:${minutes ?? ''}:${seconds ?? ''}Z`) / 1000;
  t.true(named >= before && named <= Date.now() / 1000);
  t.is(resolve(shown), directory);
  t.true(shown.endsWith('/'));
});

test('runs that begin in the same second, by processes of the same id, have a folder each', async (t) => {
  const parent = await scratch(t);
  const runs = await Promise.all(Array.from({ length: 5 }, () => openResults(parent)));
  t.is(new Set(runs.map(({ directory }) => directory)).size, 5);
  t.is((await readdir(parent)).length, 5);
});

test('a run is the latest when it is published, and until the next one is', async (t) => {
  const parent = await scratch(t);
  const one = await finishedRun(parent, 'one');
  await t.throwsAsync(latest(parent), { code: 'ENOENT' });
  await one.publish();
  t.is(await latest(parent), 'one');
  const two = await finishedRun(parent, 'two');
  t.is(await latest(parent), 'one');
  await two.publish();
  t.is(await latest(parent), 'two');
  t.is(await readFile(join(one.directory, 'run'), 'utf8'), 'one');
  // Relative, so that the folder may be moved; and nothing else is left.
  t.is(await readlink(join(parent, 'latest')), basename(two.directory));
  t.deepEqual((await readdir(parent)).sort(), [basename(one.directory), basename(two.directory), 'latest'].sort());
});

test('there is a latest run at every moment while another takes its place', async (t) => {
  const parent = await scratch(t);
  await (await finishedRun(parent, 'first')).publish();
  const runs = await Promise.all(Array.from({ length: 40 }, (_, index) => finishedRun(parent, String(index))));
  let publishing = true;
  let looks = 0;
  const look = async (): Promise<void> => {
    while (publishing) {
      t.regex(await latest(parent), /^(first|\d+)$/);
      looks++;
    }
  };
  const looking = Promise.all([look(), look(), look()]);
  for (const run of runs) await run.publish();
  publishing = false;
  await looking;
  t.is(await latest(parent), '39');
  t.true(looks > 0);
});

test('runs that are published at the same time do not disturb each other', async (t) => {
  const parent = await scratch(t);
  const runs = await Promise.all(['a', 'b', 'c', 'd'].map((name) => finishedRun(parent, name)));
  await Promise.all(runs.map((run) => run.publish()));
  t.regex(await latest(parent), /^[a-d]$/);
  t.is((await readdir(parent)).length, 5);
});

test('a latest that points nowhere is replaced', async (t) => {
  const parent = await scratch(t);
  await symlink('gone', join(parent, 'latest'));
  await (await finishedRun(parent, 'one')).publish();
  t.is(await latest(parent), 'one');
});

test("what a killed run left behind is in nobody's way", async (t) => {
  const parent = await scratch(t);
  await symlink('gone', join(parent, `.latest-${process.pid}`));
  await (await finishedRun(parent, 'one')).publish();
  t.is(await latest(parent), 'one');
});

test('a latest that is a folder is not touched, and nothing is left of the attempt', async (t) => {
  const parent = await scratch(t);
  await mkdir(join(parent, 'latest'));
  await writeFile(join(parent, 'latest', 'run'), 'precious');
  const run = await finishedRun(parent, 'one');
  const error = await t.throwsAsync(run.publish(), { instanceOf: LabError });
  t.is(error.code, 'cannot-run');
  t.true(error.message.startsWith(`cannot make ${parent}/latest point at the results: `), error.message);
  t.is(await latest(parent), 'precious');
  t.is((await readdir(parent)).length, 2);
});

// Not by permissions, which mean nothing to root.
test('a parent that takes no folder', async (t) => {
  const file = join(await scratch(t), 'file');
  await writeFile(file, '');
  for (const parent of [file, join(file, 'below'), '/proc/self']) {
    const error = await t.throwsAsync(openResults(parent), { instanceOf: LabError });
    t.is(error.code, 'cannot-run');
    t.regex(error.message, /^cannot make a folder for the results: E[A-Z]+: /);
  }
});
