import { $, ProcessOutput } from 'zx';
import { LabError } from '../../src/net/error.ts';
import { searchPath } from '../../src/kernel/process.ts';

/** npm puts its packages' programs first, and one of them is called `nft`; what commands say is read. */
export const environment = { ...process.env, PATH: searchPath.join(':'), LC_ALL: 'C.UTF-8' };

/** Runs a command that is killed when this program ends, in whatever way: so there is no shell left between the two. */
export const bound = $({
  quiet: true,
  prefix: 'exec setpriv --pdeathsig KILL -- ',
  env: environment,
});

/** @throws LabError `cannot-run` with the command's own words if it failed */
export async function attempt(what: string, command: Promise<ProcessOutput>): Promise<string> {
  try {
    return (await command).stdout;
  } catch (error) {
    if (!(error instanceof ProcessOutput)) throw error;
    const said = error.stderr.trim() || error.stdout.trim() || `exit status ${error.exitCode ?? 'unknown'}`;
    throw new LabError('cannot-run', `${what}: ${said}`, '', { cause: error });
  }
}
