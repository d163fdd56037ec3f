import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { closest, distance } from 'fastest-levenshtein';
import type { Candidate, CandidateOptions } from '../candidate/candidate.ts';
import { dumpOf, type Dump } from '../candidate/dump/files.ts';
import { LabError } from '../net/error.ts';
import type { Topology } from '../topology/topology.ts';
import type { Scenario } from './scenario.ts';

/** The project's own folder. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Names of all scenarios: the files of `scenarios/`. */
export async function scenarioNames(): Promise<readonly string[]> {
  return moduleNames('scenarios');
}

/** @throws LabError `invalid`, with the nearest names, if there is none of that name */
export async function loadScenario(name: string): Promise<Scenario> {
  assertKnown('scenario', name, await scenarioNames());
  return (await load(`scenarios/${name}.ts`)) as Scenario;
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
  const options = (await load(`lab/candidates/${name}/candidate.ts`)) as CandidateOptions;
  const folder = `${root}lab/candidates/${name}`;
  const [openvpnUp, lineUp] = [`${folder}/openvpn-up.sh`, `${folder}/line-up.sh`];
  const script = `${folder}/up.sh`;
  const lineScripts = { up: `${folder}/ip-up`, down: `${folder}/ip-down` };
  // Its scripts may run others that lie beside them.
  const present = (await readdir(folder, { withFileTypes: true }))
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.ts'))
    .map((entry) => `${folder}/${entry.name}`);
  const sources = await Promise.all(present.map(async (path) => [path, await readFile(path, 'utf8')] as const));
  const dump = existsSync(`${folder}/dump`) ? await readDumpFolder(`${folder}/dump`) : null;
  return {
    ...(dump && { dump }),
    ...{ ...options, name, script, sources: Object.fromEntries(sources) },
    ...(existsSync(openvpnUp) && { openvpnUp }),
    ...(existsSync(lineUp) && { lineUp }),
    ...(existsSync(lineScripts.up) && { lineScripts }),
  };
}

/**
 * A candidate by its name, or, what has a slash in it or is a file, one of the user's own: a script, or a folder with the dump of
 * a host.
 *
 * @throws LabError `invalid` if there is none, or it can't be read
 */
export async function findCandidate(name: string): Promise<Candidate> {
  const found = await stat(name).catch(() => null);
  const own = name.includes('/') || name.endsWith('.sh') || found?.isFile() === true;
  if (!own && !(found && !(await candidateNames()).includes(name))) return loadCandidate(name);
  return found?.isDirectory() === true ? loadDump(name) : loadScript(name);
}

/**
 * A candidate that is the state of a host, as its tools print it: a folder of files.
 *
 * @throws LabError `invalid` if a file is missing, or is none of a dump's
 */
async function loadDump(path: string): Promise<Candidate> {
  const folder = resolve(path);
  return { name: path, title: path, lesson: '', script: folder, sources: {}, dump: await readDumpFolder(folder) };
}

async function readDumpFolder(folder: string): Promise<Dump> {
  const names = await readdir(folder);
  const texts = names.map(async (name) => {
    const text = await readFile(join(folder, name), 'utf8').catch((error: unknown) => {
      throw new LabError('invalid', `${name} of the dump ${folder} can't be read: ${(error as Error).message}`);
    });
    return [name, text] as const;
  });
  return dumpOf(folder, Object.fromEntries(await Promise.all(texts)));
}

/**
 * A candidate that is a script of the user's own.
 *
 * @throws LabError `invalid` if there is no such file, or it can't be read
 */
async function loadScript(path: string): Promise<Candidate> {
  const script = resolve(path);
  const text = await readFile(script, 'utf8').catch((error: unknown) => {
    throw new LabError('invalid', `the script ${path} can't be read: ${(error as Error).message}`);
  });
  return { name: path, title: path, lesson: '', script, sources: { [script]: text } };
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
  return ((await load(`lab/topologies/${name}.ts`)) as () => Topology)();
}

async function moduleNames(folder: string): Promise<readonly string[]> {
  const files = await readdir(root + folder);
  return files
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => file.slice(0, -'.ts'.length))
    .sort();
}

async function load(path: string): Promise<unknown> {
  const module = (await import(pathToFileURL(root + path).href)) as { readonly default: unknown };
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
