import { resolve } from 'node:path';
import type { Candidate } from '../candidate/candidate.ts';
import { loadOwn } from '../scenario/catalogue.ts';

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
export function fromCaller(path: string): string {
  const { npm_lifecycle_event: script, INIT_CWD: folder } = process.env;
  return resolve(script === 'lab' ? (folder ?? '') : '', path);
}
