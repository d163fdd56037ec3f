// The command line, as `npm run lab` starts it. It is kept compiled in node_modules/.cache, for to compile it as it is loaded, in each
// of its threads, takes longer than most of its commands do. A compiled module is current if it has its source's time. Where it
// can't be kept, tsx compiles as ever. `import.meta.url` is the source's own, for what lies beside that.
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL, URL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const cache = join(root, 'node_modules/.cache/multihome-lab');
const main = 'src/cli/main.ts';

const compiledOf = (source) => join(cache, source.replace(/\.ts$/, '.js'));
/** In whole milliseconds, which is what a file can be given; NaN where there is none. */
const timeOf = (file) => Math.round(statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? NaN);

/** All modules that the command line may load, by their paths from `root`. */
function sources() {
  const folders = ['src', 'scenarios', 'lab/topologies', 'lab/candidates'];
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts'))
      .map((entry) => relative(root, join(entry.parentPath, entry.name))),
  );
}

/** A module stays one of its own: what it imports is only named as it is called when compiled. */
const separately = {
  name: 'separately',
  setup: (build) => {
    build.onResolve({ filter: /^\.{1,2}\/.*\.ts$/ }, ({ kind, path }) =>
      kind === 'entry-point' ? undefined : { path: path.replace(/\.ts$/, '.js'), external: true },
    );
    build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const url = JSON.stringify(pathToFileURL(path).href);
      return { contents: readFileSync(path, 'utf8').replaceAll('import.meta.url', url), loader: 'ts' };
    });
  },
};

async function compile(stale) {
  const times = new Map(stale.map((source) => [compiledOf(source), timeOf(join(root, source)) / 1000]));
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: stale.map((source) => `./${source}`),
    ...{ absWorkingDir: root, outbase: root, outdir: cache, write: false, logLevel: 'silent' },
    ...{ bundle: true, packages: 'external', format: 'esm', platform: 'node', target: 'node20' },
    plugins: [separately],
  });
  for (const { path, contents } of outputFiles) {
    mkdirSync(dirname(path), { recursive: true });
    // Whole or not at all, and current only then, whoever else does the same.
    const temporary = `${path}.${process.pid}`;
    writeFileSync(temporary, contents);
    utimesSync(temporary, times.get(path), times.get(path));
    renameSync(temporary, path);
  }
}

/** Where to load the command line from. */
async function program() {
  try {
    const stale = sources().filter((source) => timeOf(join(root, source)) !== timeOf(compiledOf(source)));
    if (stale.length > 0) await compile(stale);
    return compiledOf(main);
  } catch {
    await import('tsx');
    return join(root, main);
  }
}

await import(pathToFileURL(await program()).href);
