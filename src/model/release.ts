import { LabError } from '../net/error.ts';

/** A release's first three numbers; those that it doesn't name are 0. */
export type Version = readonly number[];

/** @throws LabError 'invalid' for what is no release of Linux, or is older than 2.6 */
export function knownVersion(release: string): Version {
  const version = readVersion(release);
  if (version && compareVersions(version, [2, 6]) >= 0) return version;
  throw new LabError('invalid', `expected a Linux release such as 6.12 or 3.16.7, got '${release}'`, 'from 2.6 on');
}

/** Of a release that is known to be one. */
export function versionOf(release: string): Version {
  return readVersion(release) ?? [0];
}

function readVersion(release: string): Version | null {
  const parts = /^(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:\.\d+)?(?:[-+~].*)?$/.exec(release);
  return parts ? parts.slice(1).map((part) => Number(part || '0')) : null;
}

/** Less than 0: `one` came first; 0: they are the same. */
export function compareVersions(one: readonly number[], other: readonly number[]): number {
  for (let part = 0; part < 3; part += 1) {
    const order = (one[part] ?? 0) - (other[part] ?? 0);
    if (order !== 0) return order;
  }
  return 0;
}
