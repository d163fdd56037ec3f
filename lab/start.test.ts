import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { $ } from 'zx';

const project = fileURLToPath(new URL('..', import.meta.url));

/** A project of three modules that is started as this one is. */
async function small(t: ExecutionContext) {
  const root = await mkdtemp(join(tmpdir(), 'start-'));
  t.teardown(() => rm(root, { recursive: true }));
  for (const folder of ['lab/topologies', 'lab/candidates', 'scenarios', 'src/cli', 'node_modules']) {
    await mkdir(join(root, folder), { recursive: true });
  }
  for (const name of ['esbuild', 'tsx']) {
    await symlink(join(project, 'node_modules', name), join(root, 'node_modules', name));
  }
  await writeFile(join(root, 'package.json'), '{ "type": "module" }');
  await cp(join(project, 'lab/start.js'), join(root, 'lab/start.js'));
  const write = (path: string, text: string): Promise<void> => writeFile(join(root, path), text);
  await write(
    'src/cli/main.ts',
    `import { word } from '../word.ts';
const { other }: { other: string } = await import('../other.ts');
console.log(word, other, process.argv[2], import.meta.url.slice(-11), import.meta.filename.slice(-3));`,
  );
  await write('src/other.ts', "export const other: string = 'there';");
  const say = (word: string): Promise<void> => write('src/word.ts', `export const word: string = '${word}';`);
  await say('hello');
  const start = async (): Promise<string> => (await $({ cwd: root })`node lab/start.js now`).stdout.trim();
  return { root, say, write, start };
}

test('modules are compiled once, anew when they change, and know where their sources are', async (t) => {
  const { root, say, write, start } = await small(t);
  t.is(await start(), 'hello there now cli/main.ts .js');
  t.is(await start(), 'hello there now cli/main.ts .js');
  await say('again');
  t.is(await start(), 'again there now cli/main.ts .js');
  const compiled = join(root, 'node_modules/.cache/multihome-lab/src');
  t.deepEqual((await readdir(compiled)).sort(), ['cli', 'other.js', 'word.js']);
  await write('node_modules/.cache/multihome-lab/src/other.js', 'export const other = "elsewhere";');
  t.is(await start(), 'again there now cli/main.ts .js');
});

test('where nothing can be kept, it runs all the same', async (t) => {
  const { say, write, start } = await small(t);
  await write('node_modules/.cache', 'a file');
  t.is(await start(), 'hello there now cli/main.ts .ts');
  await say('again');
  t.is(await start(), 'again there now cli/main.ts .ts');
});

test('what is no TypeScript is told, with its place', async (t) => {
  const { write, start } = await small(t);
  await write('src/other.ts', 'export const other = (');
  const error = await t.throwsAsync(start());
  t.regex(error.message, /other\.ts:1:\d+: ERROR/);
});
