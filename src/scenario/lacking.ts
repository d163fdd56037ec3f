import type { Candidate } from '../candidate/candidate.ts';
import { needs } from '../candidate/need.ts';
import { compareVersions, knownVersion, versionOf } from '../model/release.ts';

/**
 * Why a candidate can't be tried on a kernel: the first of its needs that came later; null if it has all that it needs.
 *
 * @throws LabError 'invalid' for what is no release, or is older than 2.6
 */
export function lacking({ needs: own = [] }: Pick<Candidate, 'needs'>, release: string): string | null {
  const version = knownVersion(release);
  const missing = own.map((need) => needs[need]).find(({ since }) => compareVersions(version, versionOf(since)) < 0);
  return missing ? `${missing.what} came with Linux ${missing.since}` : null;
}
