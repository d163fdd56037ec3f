import { Writable } from 'node:stream';
import { isatty } from 'node:tty';
import { reportFailure } from '../../src/cli/failure.ts';
import { LabError } from '../../src/net/error.ts';
import { kernelTable, type KernelRun } from '../../src/report/kernels.ts';
import { readTap } from '../../src/report/tap-tree.ts';
import { tapDocument } from '../../src/report/tap.ts';
import type { RunResult } from '../../src/scenario/result.ts';
import { labelled } from './labelled.ts';
import { runOn } from './run-on.ts';

export interface Comparison {
  /** Such as 6.1, or `running`. */
  readonly versions: readonly string[];
  /** `run` and what follows it. */
  readonly command: readonly string[];
  /** Minutes for each. */
  readonly timeout: number;
  /** How many kernels are tried side by side. */
  readonly atOnce: number;
}

/**
 * Runs scenarios on several kernels, prints one table of all, and returns the exit status: 1 if a check failed on any.
 *
 * @throws LabError `invalid` for another command than `run`
 */
export async function compareKernels({ versions, command, timeout, atOnce }: Comparison): Promise<number> {
  if (command[0] !== 'run') {
    throw new LabError('invalid', `--kernels: '${command.join(' ')}' makes no table`, 'say: run NAME…; or --kernel');
  }
  const runs = new Map<string, Ended>();
  const waiting = [...versions];
  const work = async (): Promise<void> => {
    for (let version = waiting.shift(); version !== undefined; version = waiting.shift()) {
      runs.set(version, await runForReport(version, [...command, '--format', 'json'], timeout));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  const ended = versions.map((name) => ({ name, ...(runs.get(name) ?? nothing) }));
  process.stdout.write(kernelTable(ended, { color: isatty(1) }));
  const statuses = ended.map(({ status }) => status);
  return statuses.includes(1) ? 1 : Math.max(...statuses);
}

interface Ended extends Pick<KernelRun, 'report'> {
  readonly status: number;
}

const nothing: Ended = { status: 1, report: null };

async function runForReport(version: string, command: readonly string[], timeout: number): Promise<Ended> {
  const document: Buffer[] = [];
  const stdout = new Writable({
    write: (chunk: Buffer, _encoding, taken) => {
      document.push(chunk);
      taken();
    },
  });
  const stderr = labelled(version, process.stderr);
  try {
    const status = await runOn(version, { command, timeout, stdout, stderr });
    const text = Buffer.concat(document).toString();
    // Where it couldn't begin, it has said so on standard error.
    return { status, report: text === '' ? null : await readTap(tapDocument(JSON.parse(text) as RunResult)) };
  } catch (error) {
    return { status: reportFailure(error), report: null };
  } finally {
    stderr.end();
  }
}
