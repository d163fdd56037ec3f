import type { Backend } from '../backend/lab.ts';
import type { Candidate } from '../candidate/candidate.ts';
import { needs } from '../candidate/need.ts';
import { compareVersions, knownVersion, versionOf } from '../model/release.ts';
import type { Trial } from './scenario.ts';

/** What the kernel lab has a kernel choose nexthops per packet by. */
const reseeding = {
  what: 'net.ipv4.fib_multipath_hash_seed, by which nexthops are chosen per packet here,',
  since: '6.11',
};

/**
 * Why a trial can't be made on a kernel, or on the model of one: the first of the candidate's needs, or of the kernel lab's own for
 * it, that came later, or a program that the model can't run; null if it has all that it needs. What programs leave may be there as
 * a dump, but its scripts for lines that come and go run them again.
 *
 * @throws LabError 'invalid' for what is no release, or is older than 2.6
 */
export function lacking(
  { needs: own = [], programs = [], dump, multipath }: Pick<Candidate, 'needs' | 'programs' | 'dump' | 'multipath'>,
  { redials = false }: Pick<Trial, 'redials'>,
  { name, release }: Pick<Backend, 'name' | 'release'>,
): string | null {
  if (name === 'model' && programs.length > 0 && (!dump || redials))
    return `the model can't run ${programs.join(', ')}`;
  const version = knownVersion(release);
  const labs = name === 'kernel' && multipath === 'per-packet' ? [reseeding] : [];
  const missing = [...own.map((need) => needs[need]), ...labs].find(
    ({ since }) => compareVersions(version, versionOf(since)) < 0,
  );
  return missing ? `${missing.what} came with Linux ${missing.since}` : null;
}

/** The first of a trial's features that can't be had on a backend, as that says it; `null` if all can. */
export async function lackingFeature(
  { needs: features = [] }: Pick<Trial, 'needs'>,
  backend: Pick<Backend, 'lacks'>,
): Promise<string | null> {
  for (const feature of features) {
    const lack = await backend.lacks(feature);
    if (lack !== null) return lack;
  }
  return null;
}
