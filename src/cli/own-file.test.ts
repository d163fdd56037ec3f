import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { sample } from '../candidate/dump/sample-dump.ts';
import { LabError } from '../net/error.ts';
import { loadCandidate } from '../scenario/catalogue.ts';
import { findCandidate } from './own-file.ts';

/** Stands where the user called `npm run lab`, among a script, a folder with one, the dump of a host, and one called as a candidate is. */
async function standing(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'own-file-test-'));
  const before = { ...process.env };
  Object.assign(process.env, { npm_lifecycle_event: 'lab', INIT_CWD: folder });
  t.teardown(async () => {
    process.env = before;
    await rm(folder, { recursive: true, force: true });
  });
  for (const name of ['mine', 'dump', 'source-rules']) await mkdir(join(folder, name));
  await Promise.all([
    writeFile(join(folder, 'routes'), 'true\n'),
    writeFile(join(folder, 'mine/up.sh'), 'true\n'),
    writeFile(join(folder, 'source-rules/up.sh'), 'true\n'),
    ...Object.entries(sample).map(([name, text]) => writeFile(join(folder, 'dump', name), text)),
  ]);
  return folder;
}

test.serial(
  'what there is where the user stands is the user’s own, but for what is called as a candidate',
  async (t) => {
    const folder = await standing(t);
    t.deepEqual(await findCandidate('source-rules'), await loadCandidate('source-rules'));
    for (const [name, script] of [
      ['routes', 'routes'],
      ['./routes', 'routes'],
      ['mine', 'mine/up.sh'],
      ['mine/', 'mine/up.sh'],
      ['./source-rules', 'source-rules/up.sh'],
    ] as const) {
      const { name: shown, script: found, sources } = await findCandidate(name);
      t.deepEqual([shown, found], [name, join(folder, script)]);
      t.deepEqual(sources, { [found]: 'true\n' });
    }
    const { script, sources, dump } = await findCandidate('dump');
    t.deepEqual([script, sources, dump?.folder], [join(folder, 'dump'), {}, join(folder, 'dump')]);
    t.is(dump?.files['sysctl.txt']?.text, sample['sysctl.txt']);
  },
);

test.serial('what there isn’t is looked for among the candidates, unless it looks like a file', async (t) => {
  await standing(t);
  for (const [name, message] of [
    ['source-rule', /^there is no candidate 'source-rule'$/],
    ['routes.sh', /^there is no file routes\.sh$/],
    ['their/', /^there is no file their\/$/],
  ] as const) {
    const error = await t.throwsAsync(findCandidate(name), { instanceOf: LabError });
    t.is(error.code, 'invalid');
    t.regex(error.message, message);
  }
});
