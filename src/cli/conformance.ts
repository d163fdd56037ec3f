import { randomInt } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { LabError } from '../net/error.ts';
import { recordOf, type ConformanceRecord } from '../report/conformance-record.ts';
import { conformanceText, disagreementText, scriptOf } from '../report/conformance.ts';
import { loadTopology } from '../scenario/catalogue.ts';
import { bothBackends } from '../scenario/backends.ts';
import type { Conformance } from '../scenario/conformance/conform.ts';
import { wholeNumber } from './number.ts';
import { openResults, type Results } from './results.ts';
import { readShard } from './shard.ts';

interface ConformanceFlags {
  readonly count: number;
  readonly seed?: number;
  readonly trial?: number;
  readonly jobs?: number;
  readonly shard?: string;
}

const root = fileURLToPath(new URL('../..', import.meta.url));

export function addConformanceCommand(program: Command): void {
  program
    .command('conformance')
    .description('hold the model to the kernel: random routers and traffic, on both, crossing by crossing')
    .option('--count <n>', 'how many journeys to make, at least', wholeNumber('--count', 1, 10_000_000), 1000)
    .option('--seed <n>', 'from which everything follows (default: a fresh one)', wholeNumber('--seed', 0, 2 ** 31 - 1))
    .option('--jobs <n>', 'labs at once (default: one a processor)', wholeNumber('--jobs', 1, 64))
    .option(
      '--trial <n>',
      'only the trial of this number, as a disagreement names it',
      wholeNumber('--trial', 0, 10_000_000),
    )
    .option('--shard <i/n>', 'only the i-th of n parts of the trials; see: merge')
    .addHelpText('after', "\nExit status: 0 if kernel and model agree on everything, 1 if they don't.")
    .action(conformance);
}

async function conformance(flags: ConformanceFlags): Promise<void> {
  const shard = readShard(flags.shard);
  if (flags.trial !== undefined && (flags.seed === undefined || flags.shard !== undefined)) {
    throw new LabError('invalid', '--trial is of a seed, and is one', 'Give its --seed, and no --shard.');
  }
  const [kernel, model] = await bothBackends({ tunnels: false });
  const seed = flags.seed ?? randomInt(2 ** 31 - 1);
  process.stderr.write(`Kernel and model (Linux ${kernel.release}), seed ${seed}.\n`);
  const results = await openResults(join(root, 'results'));
  const { conform } = await import('../scenario/conformance/conform.ts');
  const found = await conform({
    ...{
      topology: await loadTopology('crossroads'),
      kernel,
      model,
      count: flags.count,
      seed,
      shard,
      only: flags.trial,
    },
    jobs: flags.jobs ?? availableParallelism(),
    attempts: 60,
    directory: results.directory,
    progress: (journeys) => {
      if (process.stderr.isTTY) process.stderr.write(`\r${journeys} journeys compared`);
    },
  });
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  const facts = { kernel: kernel.release, count: flags.count, ...(flags.shard !== undefined && { shard }) };
  await finishConformance(found, facts, 'pretty', results);
}

/**
 * Writes down what came of it, each disagreement by the scripts that make the router and both journeys; makes it the latest, prints
 * it, and sets the exit status.
 */
export async function finishConformance(
  found: Conformance,
  facts: Pick<ConformanceRecord, 'kernel' | 'count' | 'shard'>,
  format: 'pretty' | 'json',
  results: Results,
): Promise<void> {
  const { directory, shown } = results;
  const json = `${JSON.stringify(recordOf(found, facts), null, 2)}\n`;
  await writeFile(join(directory, 'conformance.json'), json);
  for (const [kind, all] of [
    ['trial', found.disagreements],
    ['unsteady', found.unsteady],
  ] as const) {
    for (const each of all) {
      const folder = join(directory, `${kind}-${each.index}`);
      await mkdir(folder);
      await writeFile(join(folder, 'up.sh'), scriptOf(each));
      await writeFile(join(folder, 'journeys.txt'), disagreementText(found.seed, each));
    }
  }
  await results.publish();
  process.stdout.write(format === 'json' ? json : `${conformanceText(found)}Everything is in ${shown}.\n`);
  process.exitCode = found.disagreements.length > 0 ? 1 : 0;
}
