import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Candidate } from '../candidate/candidate.ts';
import { candidateNames, loadCandidate, loadOwn } from '../scenario/catalogue.ts';

/** What of the user's own can stand in for a candidate, for people. */
export const ownPaths =
  'the path of a script of your own, of a folder with an up.sh, or of one with the dump of a host';

/**
 * A candidate by its name, or, what has a slash in it or is a file, or a folder that is called as none, one of the user's own.
 *
 * @throws LabError `invalid` if there is none, or it can't be read
 */
export async function findCandidate(name: string): Promise<Candidate> {
  const found = await stat(fromCaller(name)).catch(() => null);
  const looksOwn = name.includes('/') || name.endsWith('.sh') || found?.isFile() === true;
  const isOwn = looksOwn || (found !== null && !(await candidateNames()).includes(name));
  return isOwn ? loadOwnFile(name) : loadCandidate(name);
}

/**
 * A candidate of the user's own, by a path as the user types it.
 *
 * @throws LabError `invalid` if it can't be read
 */
export function loadOwnFile(path: string): Promise<Candidate> {
  return loadOwn(fromCaller(path), path);
}

/**
 * What a path means where the user stands. `npm run lab` runs us in the project's folder, and says in INIT_CWD where it was called
 * itself.
 */
function fromCaller(path: string): string {
  const { npm_lifecycle_event: script, INIT_CWD: folder } = process.env;
  return resolve(script === 'lab' ? (folder ?? '') : '', path);
}
