import { existsSync, statSync } from 'node:fs';
import { access, readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { closest, distance } from 'fastest-levenshtein';
import type { Candidate, CandidateOptions } from '../candidate/candidate.ts';
import { dumpFiles, dumpOf, type Dump } from '../candidate/dump/files.ts';
import { LabError } from '../net/error.ts';
import type { Topology } from '../topology/topology.ts';
import { isCompiled, moduleUrl } from './module.ts';
import type { Scenario, Trial } from './scenario.ts';

/** The project's own folder. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Names of all scenarios: the files of `scenarios/`. */
export async function scenarioNames(): Promise<readonly string[]> {
  return moduleNames('scenarios');
}

/** @throws LabError `invalid`, with the nearest names, if there is none of that name */
export async function loadScenario(name: string): Promise<Scenario> {
  assertKnown('scenario', name, await scenarioNames());
  return (await load(`scenarios/${name}`)) as Scenario;
}

/** Each candidate's first trial, by the candidate's name. */
export async function firstTrials(): Promise<ReadonlyMap<string, Trial>> {
  const scenarios = await Promise.all((await scenarioNames()).map(loadScenario));
  const trials = scenarios.flatMap((scenario) => scenario.trials);
  return new Map(trials.toReversed().map((trial) => [trial.candidate, trial]));
}

/** Names of all candidates: the folders of `lab/candidates/`. */
export async function candidateNames(): Promise<readonly string[]> {
  const entries = await readdir(`${root}lab/candidates`, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

/** @throws LabError `invalid`, with the nearest names, if there is none of that name */
export async function loadCandidate(name: string): Promise<Candidate> {
  assertKnown('candidate', name, await candidateNames());
  const folder = `${root}lab/candidates/${name}`;
  return candidateIn(folder, name, (await load(`lab/candidates/${name}/candidate`)) as CandidateOptions);
}

/**
 * A candidate of the user's own: a script; a folder as those of `lab/candidates`, in which all but `up.sh` may be missing; or a
 * folder with the dump of a host.
 *
 * @param shown how the user names it
 * @throws LabError `invalid` if there is no such file, or it can't be read
 */
export async function loadOwn(path: string, shown = path): Promise<Candidate> {
  const plain = { name: shown, title: shown, lesson: '' };
  const file = resolve(path);
  if (!(await read(shown, stat(file))).isDirectory()) {
    return { ...plain, script: file, sources: { [file]: await read(shown, readFile(file, 'utf8')) } };
  }
  const names = await read(shown, readdir(file));
  if (!names.includes('up.sh')) {
    if (names.some((name) => Object.hasOwn(dumpFiles, name))) {
      return { ...plain, script: file, sources: {}, dump: await readDumpFolder(file) };
    }
    const hint = `nor is it the dump of a host, which has ${Object.keys(dumpFiles).slice(0, 2).join(', ')} and more`;
    throw new LabError('invalid', `there is no file ${join(shown, 'up.sh')}`, hint);
  }
  if (names.includes('ip-up')) await read(join(shown, 'ip-down'), access(`${file}/ip-down`));
  const options = names.includes('candidate.ts') ? await optionsIn(`${file}/candidate.ts`, shown) : {};
  return candidateIn(file, shown, { ...plain, ...options });
}

async function read<T>(shown: string, reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new LabError('invalid', `there is no file ${shown}`);
    throw new LabError('invalid', `${shown} can't be read: ${message}`);
  }
}

/** @throws LabError `invalid` if the module can't be loaded, or exports something else */
async function optionsIn(module: string, shown: string): Promise<Partial<CandidateOptions>> {
  const place = join(shown, 'candidate.ts');
  if (isCompiled) await import(import.meta.resolve('tsx'));
  const loaded = (await import(pathToFileURL(module).href).catch((error: unknown) => {
    throw new LabError('invalid', `${place} can't be loaded: ${(error as Error).message}`);
  })) as { readonly default?: unknown };
  const options = loaded.default;
  if (typeof options === 'object' && options !== null) return options;
  throw new LabError('invalid', `${place} exports no options`, 'see lab/candidates/source-rules/candidate.ts');
}

/** The candidate whose scripts lie in `folder`. */
async function candidateIn(folder: string, name: string, options: CandidateOptions): Promise<Candidate> {
  const [openvpnUp, lineUp] = [`${folder}/openvpn-up.sh`, `${folder}/line-up.sh`];
  const script = `${folder}/up.sh`;
  const lineScripts = { up: `${folder}/ip-up`, down: `${folder}/ip-down` };
  // Its scripts may run others that lie beside them.
  const present = (await readdir(folder))
    .map((entry) => `${folder}/${entry}`)
    .filter((path) => !path.endsWith('.ts') && statSync(path, { throwIfNoEntry: false })?.isFile() === true);
  const sources = await Promise.all(
    present.map(async (path) => [path, await read(path, readFile(path, 'utf8'))] as const),
  );
  const dump = existsSync(`${folder}/dump`) ? await readDumpFolder(`${folder}/dump`) : null;
  return {
    ...(dump && { dump }),
    ...{ ...options, name, script, sources: Object.fromEntries(sources) },
    ...(existsSync(openvpnUp) && { openvpnUp }),
    ...(existsSync(lineUp) && { lineUp }),
    ...(existsSync(lineScripts.up) && { lineScripts }),
  };
}

async function readDumpFolder(folder: string): Promise<Dump> {
  const names = await readdir(folder);
  const texts = names.map(
    async (name) => [name, await read(`${folder}/${name}`, readFile(join(folder, name), 'utf8'))] as const,
  );
  return dumpOf(folder, Object.fromEntries(await Promise.all(texts)));
}

/** Names of all topologies: the files of `lab/topologies/`. */
export async function topologyNames(): Promise<readonly string[]> {
  return moduleNames('lab/topologies');
}

/**
 * A topology as it is without options.
 *
 * @throws LabError `invalid`, with the nearest names, if there is none of that name
 */
export async function loadTopology(name: string): Promise<Topology> {
  assertKnown('topology', name, await topologyNames());
  return ((await load(`lab/topologies/${name}`)) as () => Topology)();
}

async function moduleNames(folder: string): Promise<readonly string[]> {
  const files = await readdir(root + folder);
  return files
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => file.slice(0, -'.ts'.length))
    .sort();
}

async function load(path: string): Promise<unknown> {
  const module = (await import(moduleUrl(path))) as { readonly default: unknown };
  return module.default;
}

/** @throws LabError `invalid`, with the nearest names, if `name` is none of `known` */
export function assertKnown(kind: string, name: string, known: readonly string[]): void {
  if (known.includes(name)) return;
  const nearest = known.length > 0 ? closest(name, known) : '';
  const near = nearest && distance(name, nearest) <= nearest.length / 2;
  throw new LabError(
    'invalid',
    `there is no ${kind} '${name}'`,
    `${near ? `did you mean '${nearest}'? ` : ''}There are: ${known.join(', ')}`,
  );
}
