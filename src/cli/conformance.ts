import { randomInt } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { conformanceText, disagreementText, scriptOf } from '../report/conformance.ts';
import { loadTopology } from '../scenario/catalogue.ts';
import { bothBackends } from '../scenario/backends.ts';
import type { Conformance } from '../scenario/conformance/conform.ts';
import { wholeNumber } from './number.ts';
import { openResults } from './results.ts';
import { readShard } from './shard.ts';

interface ConformanceFlags {
  readonly count: number;
  readonly seed?: number;
  readonly jobs?: number;
  readonly shard?: string;
}

const root = fileURLToPath(new URL('../..', import.meta.url));

export function addConformanceCommand(program: Command): void {
  program
    .command('conformance')
    .description('hold the model to the kernel: random routers and traffic, on both, crossing by crossing')
    .option('--count <n>', 'how many journeys to compare, at least', wholeNumber('--count', 1, 10_000_000), 1000)
    .option('--seed <n>', 'from which everything follows (default: a fresh one)', wholeNumber('--seed', 0, 2 ** 31 - 1))
    .option('--jobs <n>', 'labs at once (default: one a processor)', wholeNumber('--jobs', 1, 64))
    .option('--shard <i/n>', 'only the i-th of n parts of the trials')
    .addHelpText('after', "\nExit status: 0 if kernel and model agree on everything, 1 if they don't.")
    .action(conformance);
}

async function conformance(flags: ConformanceFlags): Promise<void> {
  const shard = readShard(flags.shard);
  const [kernel, model] = await bothBackends({ tunnels: false });
  const seed = flags.seed ?? randomInt(2 ** 31 - 1);
  process.stderr.write(`Kernel and model (Linux ${kernel.release}), seed ${seed}.\n`);
  const results = await openResults(join(root, 'results'));
  const { conform } = await import('../scenario/conformance/conform.ts');
  const found = await conform({
    ...{ topology: await loadTopology('crossroads'), kernel, model, count: flags.count, seed, shard },
    jobs: flags.jobs ?? availableParallelism(),
    attempts: 150,
    directory: results.directory,
    progress: (journeys) => {
      if (process.stderr.isTTY) process.stderr.write(`\r${journeys} journeys compared`);
    },
  });
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  await keep(found, results.directory);
  await results.publish();
  process.stdout.write(`${conformanceText(found)}Everything is in ${results.shown}.\n`);
  process.exitCode = found.disagreements.length > 0 ? 1 : 0;
}

/** Writes each disagreement down: the scripts that make the router, and both journeys. */
async function keep(found: Conformance, directory: string): Promise<void> {
  const { disagreements, tried, decisions, ...figures } = found;
  const counts = { tried: Object.fromEntries(tried), decisions: Object.fromEntries(decisions) };
  const json = { ...figures, ...counts, disagreements };
  await writeFile(join(directory, 'conformance.json'), `${JSON.stringify(json, null, 2)}\n`);
  for (const disagreement of disagreements) {
    const folder = join(directory, `trial-${disagreement.index}`);
    await mkdir(folder);
    await writeFile(join(folder, 'up.sh'), scriptOf(disagreement));
    await writeFile(join(folder, 'journeys.txt'), disagreementText(found.seed, disagreement));
  }
}
