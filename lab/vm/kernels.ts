/** Debian's kernels, unpacked in a cache outside the project: nothing is installed. */
import { access, mkdir, mkdtemp, readdir, rename, rm, symlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { LabError } from '../../src/net/error.ts';
import { openArchive, type Archive } from './archive.ts';
import { attempt, bound } from './bound.ts';
import { initramfs } from './initramfs.ts';
import { lock } from './lock.ts';
import { namePattern, newestOf, releasesOf, versionsOf } from './release.ts';

/** A kernel that is there to be booted. */
export interface Kernel {
  /** As `uname -r` says it. */
  readonly release: string;
  readonly image: string;
  readonly initramfs: string;
  /** What is /lib/modules in it. */
  readonly modules: string;
}

/** Where all of it is. It may be deleted at any time that nobody uses it. */
const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'multihome-lab');

/** The releases that are in the cache. */
export async function cachedReleases(): Promise<readonly string[]> {
  const names = await readdir(join(cache, 'kernels')).catch(() => []);
  return names.filter((name) => !name.startsWith(partial));
}

/** Begins the name of what isn't complete yet. */
const partial = 'partial-';

/**
 * The newest kernel of a version in the cache, or else in Debian's archive, from which it then comes into the cache. What is in
 * there is complete; who wants a kernel while another is being fetched waits.
 *
 * @param version such as 6.1, or 6.12.107
 * @throws LabError `invalid` if there is no such kernel; `cannot-run` if it can't be had
 */
export async function fetchKernel(version: string, say: (text: string) => void): Promise<Kernel> {
  const kernels = join(cache, 'kernels');
  await mkdir(kernels, { recursive: true });
  await using _ = await lock(join(cache, 'lock'));
  const names = await readdir(kernels);
  const abandoned = names.filter((name) => name.startsWith(partial)); // by one that was killed, for we have the lock
  await Promise.all(abandoned.map((name) => rm(join(kernels, name), { recursive: true })));
  const scratch = (): Promise<string> => mkdtemp(join(kernels, partial));
  const release = newestOf(names, version) ?? (await fetch(join(cache, 'apt'), version, scratch, say));
  const folder = join(kernels, release);
  return {
    release,
    image: join(folder, `boot/vmlinuz-${release}`),
    initramfs: await initramfs(release, folder, scratch),
    modules: join(folder, 'usr/lib/modules'),
  };
}

/** Brings the newest kernel of a version into the cache, and returns its release. */
async function fetch(
  apt: string,
  version: string,
  scratch: () => Promise<string>,
  say: (text: string) => void,
): Promise<string> {
  const archive = await openArchive(apt);
  const once = async (): Promise<string> => {
    const release = await choose(archive, version);
    say(`fetching Linux ${release} …`);
    const incomplete = await scratch();
    await unpack(archive, release, incomplete);
    await rename(incomplete, join(incomplete, '..', release));
    return release;
  };
  try {
    return await once();
  } catch {
    // The lists aren't there yet, don't know it yet, or name what is no longer served.
    say("fetching the archive's lists …");
    const complaint = await archive.update();
    return once().catch((error: unknown) => {
      if (complaint !== '') say(complaint);
      throw error;
    });
  }
}

async function choose(archive: Archive, version: string): Promise<string> {
  const releases = releasesOf(await archive.names(namePattern));
  const release = newestOf(releases, version);
  if (release !== undefined) return release;
  const there = versionsOf(releases).join(', ') || 'none at all';
  throw new LabError('invalid', `Debian's archive has no Linux ${version}`, `it has: ${there}`);
}

async function unpack(archive: Archive, release: string, folder: string): Promise<void> {
  const image = `linux-image-${release}`;
  // Newer ones have their parts in packages of their own.
  const parts = (await archive.dependencies(image)).filter((name) => /^linux-(?:binary|modules)-/.test(name));
  await archive.unpack([image, ...parts, 'busybox-static'], folder);
  const [lib, usrLib] = [join(folder, 'lib'), join(folder, 'usr/lib')];
  if (await exists(join(lib, 'modules'))) {
    await mkdir(usrLib, { recursive: true });
    await rename(join(lib, 'modules'), join(usrLib, 'modules'));
    await rm(lib, { recursive: true });
  }
  await symlink('usr/lib', lib);
  await attempt('depmod', bound`depmod --basedir ${folder} ${release}`);
}

const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );
