/** Debian's names of kernels: generic ones, for those for clouds lack 9p. */
export const namePattern = '^linux-image-[0-9][0-9.]*[0-9a-z.+~-]*-amd64$';

const prefix = 'linux-image-';
const generic = /^(?<version>\d+\.\d+\.\d+)(?:[+][\w.]+|-\d+)?-amd64$/;

/** The releases, as `uname -r` says them, of those among packages that are generic kernels. */
export function releasesOf(packages: readonly string[]): readonly string[] {
  return packages
    .flatMap((name) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : []))
    .filter((r) => generic.test(r));
}

/**
 * The newest of the releases that are of a version.
 *
 * @param version the beginning of a release: 6.1 is not one of 6.12
 */
export function newestOf(releases: readonly string[], version: string): string | undefined {
  const its = releases.filter(
    (release) => release === version || (release.startsWith(version) && /^[.+-]/.test(release.slice(version.length))),
  );
  return its.sort(ascending).at(-1);
}

/** Each version, such as 6.1, of which there is a release, in their order. */
export function versionsOf(releases: readonly string[]): readonly string[] {
  return [...new Set(releases.map((release) => release.split('.', 2).join('.')))].sort(ascending);
}

const ascending = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true });
