import { join } from 'node:path';
import { LabError } from '../../src/net/error.ts';
import { isInstalled } from '../../src/kernel/requirements.ts';
import { root } from '../../src/scenario/catalogue.ts';
import { bound, environment } from './bound.ts';
import { deadline } from './deadline.ts';
import { fetchKernel } from './kernels.ts';
import { runIn, tooLong, type Job } from './machine.ts';

/** The kernel that runs here, for which no machine is made. */
const running = 'running';

export interface LabCommand extends Pick<Job, 'stdout' | 'stderr' | 'timeout'> {
  /** What follows `npm run lab --`. */
  readonly command: readonly string[];
}

/**
 * Runs a command of the lab on the newest kernel of a version, or on the `running` one.
 *
 * @returns its exit status
 * @throws LabError `invalid` if there is no such kernel; `cannot-run` if it can't be had, or the machine doesn't come up;
 *   `lab-failed` if that ends, or time is up, before the command has ended
 */
export async function runOn(version: string, { command, ...job }: LabCommand): Promise<number> {
  const words = [process.execPath, '--import', 'tsx', 'src/cli/main.ts', ...command];
  if (version === running) return runHere(words, job);
  await assertMachines();
  const say = (text: string): void => void job.stderr.write(`${text}\n`);
  const kernel = await fetchKernel(version, say);
  return runIn(kernel, { ...job, command: words, directory: root, results: join(root, 'results') }, say);
}

/** @throws LabError `cannot-run` where there can be no machines */
async function assertMachines(): Promise<void> {
  if (process.arch !== 'x64')
    throw new LabError('cannot-run', `the kernels are of x86-64, and this is ${process.arch}`);
  for (const tool of ['qemu-system-x86_64', 'modprobe', 'depmod', 'flock', 'gzip']) {
    if (await isInstalled(tool)) continue;
    throw new LabError('cannot-run', `missing on this machine: ${tool}`, 'run: sh lab/setup vm');
  }
}

async function runHere(
  words: readonly string[],
  { stdout, stderr, timeout }: Omit<LabCommand, 'command'>,
): Promise<number> {
  // As in a machine: where the kernel can't be had, the model doesn't stand in for it.
  const env = { ...environment, CI: 'true' };
  const lab = bound({ cwd: root, env, nothrow: true })`${words}`;
  using time = deadline(timeout * 60, () => void lab.child?.kill('SIGKILL'));
  lab.stdout.pipe(stdout, { end: false });
  lab.stderr.pipe(stderr, { end: false });
  const { exitCode, signal } = await lab;
  if (time.passed) throw tooLong(timeout);
  if (exitCode === null) throw new LabError('lab-failed', `the command was ended by ${signal ?? 'something'}`);
  return exitCode;
}
