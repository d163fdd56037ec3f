import { mkdir, rename, rm, symlink } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { LabError } from '../net/error.ts';

/** The folder of one run. */
export interface Results {
  readonly directory: string;
  /** As people would name it from where they stand. */
  readonly shown: string;
  /** Makes `latest` point at it, in one step. */
  publish(): Promise<void>;
}

/**
 * Makes a folder for a run, named by the time.
 *
 * @throws LabError `cannot-run` if that can't be done
 */
export async function openResults(parent: string): Promise<Results> {
  const time = new Date().toISOString().replaceAll(':', '-').replace(/\..*/, '');
  const directory = await attempt('make a folder for the results', () =>
    makeOwnFolder(parent, `${time}-${process.pid}`),
  );
  return {
    directory,
    shown: `${relative(process.cwd(), directory)}/`,
    publish: () =>
      attempt(`make ${join(parent, 'latest')} point at the results`, async () => {
        const link = join(parent, `.latest-${basename(directory)}`);
        await symlink(basename(directory), link);
        await rename(link, join(parent, 'latest')).catch(async (error: unknown) => {
          await rm(link);
          throw error;
        });
      }),
  };
}

/** Makes a folder of that name, or the next free one: in containers, process ids are soon the same again. */
async function makeOwnFolder(parent: string, name: string): Promise<string> {
  await mkdir(parent, { recursive: true });
  for (let count = 1; ; count++) {
    const directory = join(parent, count === 1 ? name : `${name}-${count}`);
    try {
      await mkdir(directory);
      return directory;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

async function attempt<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new LabError('cannot-run', `cannot ${what}: ${(error as Error).message}`);
  }
}
