import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { isatty } from 'node:tty';
import type { Command } from 'commander';
import type { Backend } from '../backend/lab.ts';
import { LabError } from '../net/error.ts';
import { bothBackends, chooseBackend, type BackendWish } from '../scenario/backends.ts';
import { root } from '../scenario/catalogue.ts';
import { compareRuns } from '../scenario/compare.ts';
import type { RunResult } from '../scenario/result.ts';
import { runPlans, type Plan } from '../scenario/run.ts';
import { planShard } from '../scenario/shards.ts';
import { startThreads } from '../scenario/threads.ts';
import { profileNamed } from '../topology/profile.ts';
import { wholeNumber } from './number.ts';
import { showProgress } from './progress.ts';
import { openResults, type Results } from './results.ts';
import { readShard } from './shard.ts';

/** What is printed of a run. */
export const formats = ['pretty', 'tap', 'json', 'junit'] as const;
type Format = (typeof formats)[number] | 'overview' | 'check';

/** What of a run is printed beside a document. */
const forPeople: readonly Format[] = ['pretty', 'check'];

export interface ExecuteFlags {
  readonly on?: string;
  readonly era?: string;
  readonly jobs?: number;
  readonly seed: number;
  readonly profile: string;
  /** Only this part, as in `2/5`. */
  readonly shard?: string;
}

/** Labs at once for each core: half of a lab's time is waiting. On the model nobody waits. */
const labsPerCore = { kernel: 4, model: 1 };
/** Trials on the model that take as long as it takes a thread to begin, and as long again. */
const trialsPerThread = 16;

/** Any does; with this one the hash in `three-isps` picks the second uplink, so that luck isn't taken for a default. */
export const defaultSeed = 3;

/** The options of a command that runs scenarios. */
export function addExecuteOptions(command: Command): Command {
  return command
    .option('--on <backend>', 'where to run: kernel, model or both, compared (default: the kernel where it can be had)')
    .option('--era <release>', 'the kernel that the model stands for, such as 3.16 (default: the one that runs)')
    .option(
      '--jobs <n>',
      `labs side by side (default: ${labsPerCore.kernel} for each core, on the model ${labsPerCore.model})`,
      wholeNumber('--jobs', 1, 1000),
    )
    .option('--seed <n>', 'seed of the multipath hash', wholeNumber('--seed', 1, 2 ** 32 - 1), defaultSeed)
    .option('--profile <name>', "the server's sysctls: kernel or systemd defaults", 'kernel');
}

/** The option of a command that runs scenarios' own candidates. */
export function addCandidateOption(command: Command): Command {
  return command.option('--candidate <name>', 'only this candidate; may be repeated', collect, []);
}

/** Collects the values of an option that may be repeated. */
export function collect(value: string, values: readonly string[]): readonly string[] {
  return [...values, value];
}

/**
 * Runs what is planned, or one shard of it, writes the run's files, prints it as asked, and sets the exit status.
 *
 * @param prepare what comes first, on each backend; nothing is run where it throws
 * @throws LabError `invalid` if there are more shards than trials
 */
export async function execute(
  whole: readonly Plan[],
  format: Format,
  flags: ExecuteFlags,
  prepare: (backend: Backend, directory: string) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  profileNamed(flags.profile);
  const { plans, shard } = flags.shard === undefined ? { plans: whole } : planShard(whole, readShard(flags.shard));
  // Of the whole, so that all its shards run on the same backend.
  const trials = whole.flatMap((plan) => plan.trials);
  const tunnels = trials.some(({ trial }) => Object.values(trial.tunnels).flat().length > 0);
  const programs = [...new Set(trials.flatMap(({ candidate }) => candidate.programs ?? []))];
  const { backends, reason } = await backendsFor({ ...flags, tunnels, programs });
  const say = forPeople.includes(format) ? process.stdout : process.stderr;
  say.write(`${reason}\n`);
  const results = await openResults(join(root, 'results'));
  const cores = availableParallelism();
  const runOn = async (backend: Backend): Promise<RunResult> => {
    const progress = showProgress(process.stderr, plans);
    const { profile, seed } = flags;
    const { directory } = results;
    const jobs = flags.jobs ?? labsPerCore[backend.name] * cores;
    const settings = { profile, seed, directory, release: backend.release };
    const threads = startThreads(threadsBeside(backend, plans, jobs), settings);
    const options = { backend, profile, seed, directory, builders: cores, onProgress: progress.show };
    try {
      // On the model, more labs than threads would only take more memory.
      if (backend.name === 'model') return await runPlans(plans, { ...options, jobs: threads.count + 1, threads });
      return await runPlans(plans, { ...options, jobs });
    } finally {
      await threads.close();
      progress.clear();
    }
  };
  const [first, second] = backends;
  await prepare(first, results.directory);
  if (second) await prepare(second, results.directory);
  const once = await runOn(first);
  const run = second ? compareRuns(once, await runOn(second)) : once;
  await finish(shard ? { ...run, shard } : run, format, results);
}

/** How many threads shall carry through trials besides this one: none where that would not be quicker. */
function threadsBeside({ name }: Backend, plans: readonly Plan[], jobs: number): number {
  if (name !== 'model' || !plans.every(({ isCatalogued }) => isCatalogued)) return 0;
  const trials = plans.reduce((sum, plan) => sum + plan.trials.length, 0);
  return Math.max(1, Math.min(jobs, availableParallelism(), Math.floor(trials / trialsPerThread))) - 1;
}

/** Writes a run's files, makes it the latest, prints it as asked, and sets the exit status. */
export async function finish(run: RunResult, format: Format, results: Results): Promise<void> {
  const passed = await present(run, format, results.directory);
  const lacks = lackingAll(run);
  await results.publish();
  if (forPeople.includes(format)) process.stdout.write(`Everything is in ${results.shown}.\n`);
  if (lacks !== null) throw new LabError('cannot-run', `nothing of it can be tried on Linux ${run.kernel}: ${lacks}`);
  process.exitCode = passed ? 0 : 1;
}

/** What the kernel lacks, if that was in the way of every trial. */
function lackingAll({ scenarios }: RunResult): string | null {
  const trials = scenarios.flatMap((scenario) => scenario.trials);
  return trials.every(({ lacks }) => lacks !== undefined) ? (trials[0]?.lacks ?? null) : null;
}

/** What to run on, one after the other, and one line that says so. */
export async function backendsFor(
  wish: BackendWish,
): Promise<{ readonly backends: readonly [Backend, Backend?]; readonly reason: string }> {
  if (wish.on !== 'both') {
    const { backend, reason } = await chooseBackend(wish);
    return { backends: [backend], reason };
  }
  const [kernel, model] = await bothBackends(wish);
  return {
    backends: [kernel, model],
    reason: `Running on the kernel and on the model (Linux ${kernel.release}), to be compared.`,
  };
}

/** Writes the run's files and prints it as asked; returns whether everything was as expected. */
async function present(run: RunResult, format: Format, directory: string): Promise<boolean> {
  const [
    { tapDocument },
    { readTap },
    { matrix },
    { junit },
    { overview },
    { checkText },
    { explainFailures },
    { wentAsExpected },
    { default: colours },
  ] = await Promise.all([
    import('../report/tap.ts'),
    import('../report/tap-tree.ts'),
    import('../report/matrix.ts'),
    import('../report/junit.ts'),
    import('../report/overview.ts'),
    import('../report/check.ts'),
    import('../report/failures.ts'),
    import('../report/totals.ts'),
    import('picocolors'),
  ]);
  const json = `${JSON.stringify(run, null, 2)}\n`;
  const tap = tapDocument(run);
  const report = await readTap(tap);
  const xml = junit(report);
  await Promise.all([
    writeFile(join(directory, 'results.json'), json),
    writeFile(join(directory, 'run.tap'), tap),
    writeFile(join(directory, 'junit.xml'), xml),
    writeFile(join(directory, 'matrix.txt'), matrix(report, { color: false })),
  ]);
  // Under CI, a pipe counts as able to show colours; and what isn't a terminal has no `isTTY` at all.
  const colorOn = (stream: 1 | 2): { readonly color: boolean } => ({
    color: colours.isColorSupported && isatty(stream),
  });
  const documents: Readonly<Record<Format, () => string>> = {
    pretty: () => `${failures(1)}${failures(1) && '\n'}${matrix(report, colorOn(1))}`,
    overview: () => overview(report, colorOn(1)),
    check: () => checkText(report, colorOn(1)),
    tap: () => tap,
    json: () => json,
    junit: () => xml,
  };
  const failures = (stream: 1 | 2): string => explainFailures(report, colorOn(stream));
  process.stdout.write(documents[format]());
  if (!forPeople.includes(format)) process.stderr.write(failures(2));
  return wentAsExpected(report.scenarios);
}
