/** Debian's archive, by an apt whose configuration, lists and state are this tool's own: the machine's stay as they are. */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError } from '../../src/net/error.ts';
import { attempt, bound } from './bound.ts';

/** Releases of Debian that are served, each with a kernel of its own, and what brings newer ones to them. */
const suites = ['bullseye', 'bookworm', 'bookworm-backports', 'trixie', 'trixie-backports', 'sid'];
/** Of Debian's own package: apt takes no list, and no package, that isn't signed by one of these keys. */
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

export interface Archive {
  /** The names of packages that match an extended regular expression. */
  names(pattern: string): Promise<readonly string[]>;
  /** The names of the packages that a package depends on. */
  dependencies(name: string): Promise<readonly string[]>;
  /** Downloads packages into a folder, and unpacks them there: nothing is installed, and none of their scripts is run. */
  unpack(names: readonly string[], folder: string): Promise<void>;
  /** Fetches the lists anew, and returns what apt complained of: one that can't be had need not be the one that is wanted. */
  update(): Promise<string>;
}

/**
 * @param folder where it keeps its lists and state: nobody else may use it meanwhile
 * @throws LabError `cannot-run` if the machine's own apt knows no archive of Debian's
 */
export async function openArchive(folder: string): Promise<Archive> {
  const mirror = await machineMirror();
  for (const name of ['lists/partial', 'cache/archives/partial', 'state']) {
    await mkdir(join(folder, name), { recursive: true });
  }
  const configuration = join(folder, 'apt.conf');
  await writeFile(configuration, settings(folder));
  await writeFile(join(folder, 'sources.list'), suites.map((suite) => source(mirror, suite)).join(''));
  const config = ['--config-file', configuration];

  return {
    names: async (pattern) => {
      const found = await attempt('apt-cache search', bound`apt-cache ${config} search --names-only -- ${pattern}`);
      return found.split('\n').flatMap((line) => line.split(' ', 1).filter(Boolean));
    },
    dependencies: async (name) => {
      const found = await attempt('apt-cache depends', bound`apt-cache ${config} depends --important -- ${name}`);
      return [...found.matchAll(/^[ |]+(?:Pre)?Depends: (\S+)$/gm)].map(([, dependency = '']) => dependency);
    },
    unpack: async (names, into) => {
      const run = bound({ cwd: into });
      await attempt(`${names.join(', ')}: apt-get download`, run`apt-get ${config} download --quiet -- ${names}`);
      const files = (await readdir(into)).filter((file) => file.endsWith('.deb'));
      for (const file of files) {
        await attempt('dpkg', run`dpkg --extract ${file} .`);
        await rm(join(into, file));
      }
    },
    update: async () => {
      const { stderr } = await bound({ nothrow: true })`apt-get ${config} update --quiet`;
      return stderr.trim();
    },
  };
}

const source = (mirror: string, suite: string): string =>
  `deb [arch=amd64 signed-by=${keyring}] ${mirror} ${suite} main\n`;

/** Read after the machine's own, of which the proxy is kept, and what it would do after an update is not. */
const settings = (folder: string): string => `
Dir::Etc::sourcelist "${folder}/sources.list";
Dir::Etc::sourceparts "-";
Dir::State "${folder}/state";
Dir::State::lists "${folder}/lists";
Dir::State::status "/dev/null";
Dir::Cache "${folder}/cache";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
#clear APT::Update;
`;

/** The address of the archive that the machine itself is kept up by. */
async function machineMirror(): Promise<string> {
  const format = '$(REPO_URI) $(LABEL)';
  const targets = await attempt(
    "the machine's sources",
    bound`apt-get indextargets --format ${format} ${'Created-By: Packages'} ${'Origin: Debian'}`,
  );
  const mirror = targets.split('\n').find((line) => line.endsWith(' Debian'));
  if (mirror !== undefined) return mirror.replace(/ .*/, '');
  throw new LabError(
    'cannot-run',
    "kernels come from Debian's archive, and there is none among this machine's apt sources",
    'run it on Debian, or in a container of Debian; there, if that was never done: apt-get update',
  );
}
