import { createHash } from 'node:crypto';
import { access, chmod, copyFile, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { attempt, bound } from './bound.ts';

const init = fileURLToPath(new URL('init', import.meta.url));
/** What it takes to speak with us and to mount the machine's files; all other modules are loaded from there. */
const modules = ['virtio_pci', 'virtio_console', '9pnet_virtio', '9p', 'overlay'];

/**
 * The files that a kernel starts with: busybox, `init`, and what that loads. They are made once for a kernel and an `init`.
 *
 * @param folder where the kernel's packages are unpacked
 * @param scratch makes a folder beside that one
 */
export async function initramfs(release: string, folder: string, scratch: () => Promise<string>): Promise<string> {
  const script = await readFile(init);
  const digest = createHash('sha256').update(script).update(modules.join()).digest('hex').slice(0, 12);
  const file = join(folder, `initramfs-${digest}`);
  if (await exists(file)) return file;

  const incomplete = await scratch();
  const tree = join(incomplete, 'tree');
  const busybox = join(folder, 'usr/bin/busybox');
  await mkdir(join(tree, 'modules'), { recursive: true });
  await copyFile(init, join(tree, 'init'));
  await chmod(join(tree, 'init'), 0o755);
  await copyFile(busybox, join(tree, 'busybox'));
  for (const [index, packed] of (await modulesInOrder(release, folder)).entries()) {
    const name = `${String(index).padStart(2, '0')}-${basename(packed).replace(/\.xz$/, '')}`;
    const unpack = packed.endsWith('.xz') ? [busybox, 'xz', '-dc'] : ['cat'];
    await attempt(name, bound`${unpack} ${packed} >${join(tree, 'modules', name)}`);
  }
  const pack = 'cd "$1" && find . | "$2" cpio -o -H newc | gzip -1 >../packed';
  await attempt(`the initramfs of ${release}`, bound`sh -euc ${pack} sh ${tree} ${busybox}`);
  await rename(join(incomplete, 'packed'), file);
  await rm(incomplete, { recursive: true });
  return file;
}

/** The files of the modules that aren't part of the kernel, each after those it depends on. */
async function modulesInOrder(release: string, folder: string): Promise<readonly string[]> {
  const where = ['--dirname', folder, '--set-version', release];
  const files = new Set<string>();
  for (const name of modules) {
    const list = await attempt(`modprobe ${name}`, bound`modprobe ${where} --show-depends ${name}`);
    for (const [, file = ''] of list.matchAll(/^insmod (\S+)/gm)) files.add(file);
  }
  return [...files];
}

const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );
