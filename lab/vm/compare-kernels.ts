import { isatty } from 'node:tty';
import { Writable } from 'node:stream';
import { reportFailure } from '../../src/cli/failure.ts';
import { LabError } from '../../src/net/error.ts';
import { kernelTable, type KernelRun } from '../../src/report/kernels.ts';
import { readTap } from '../../src/report/tap-tree.ts';
import { tapDocument } from '../../src/report/tap.ts';
import type { RunResult } from '../../src/scenario/result.ts';
import { runOn } from './run-on.ts';

/**
 * Runs scenarios on one kernel after the other, prints one table of all, and returns the exit status: 1 if a check failed anywhere.
 *
 * @throws LabError `invalid` for another command than `run`
 */
export async function compareKernels(
  versions: readonly string[],
  command: readonly string[],
  timeout: number,
): Promise<number> {
  if (command[0] !== 'run') {
    throw new LabError(
      'invalid',
      `--kernels: no table can be made of '${command.join(' ')}'`,
      'say: run NAME…, or --kernel',
    );
  }
  const runs: (KernelRun & { readonly status: number })[] = [];
  for (const name of versions)
    runs.push({ name, ...(await runForReport(name, [...command, '--format', 'json'], timeout)) });
  process.stdout.write(kernelTable(runs, { color: isatty(1) }));
  const statuses = runs.map(({ status }) => status);
  return statuses.includes(1) ? 1 : Math.max(...statuses);
}

async function runForReport(
  version: string,
  command: readonly string[],
  timeout: number,
): Promise<{ readonly status: number; readonly report: KernelRun['report'] }> {
  const chunks: Buffer[] = [];
  const stdout = new Writable({
    write: (chunk: Buffer, _encoding, taken) => {
      chunks.push(chunk);
      taken();
    },
  });
  try {
    const status = await runOn(version, { command, timeout, stdout, stderr: process.stderr });
    const text = Buffer.concat(chunks).toString();
    // Where it couldn't begin, it has said so on standard error.
    const report = text === '' ? null : await readTap(tapDocument(JSON.parse(text) as RunResult));
    return { status, report };
  } catch (error) {
    return { status: reportFailure(error), report: null };
  }
}
