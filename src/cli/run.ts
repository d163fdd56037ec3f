import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { isatty } from 'node:tty';
import { Argument, Option, type Command } from 'commander';
import type { Backend } from '../backend/lab.ts';
import { profileNamed } from '../topology/profile.ts';
import { LabError } from '../net/error.ts';
import { assertKnown, loadCandidate, loadScenario, root, scenarioNames } from '../scenario/catalogue.ts';
import { bothBackends, chooseBackend, type BackendWish } from '../scenario/backends.ts';
import { compareRuns } from '../scenario/compare.ts';
import type { RunResult } from '../scenario/result.ts';
import { runPlans, type Plan } from '../scenario/run.ts';
import { wholeNumber } from './number.ts';
import { showProgress } from './progress.ts';
import { openResults } from './results.ts';

interface RunFlags {
  readonly all?: true;
  readonly on?: string;
  readonly era?: string;
  readonly candidate: readonly string[];
  readonly format: 'pretty' | 'tap' | 'json' | 'junit';
  readonly jobs?: number;
  readonly seed: number;
  readonly profile: string;
}

/** Labs at once for each core: most of a lab's time is waiting. */
const labsPerCore = 6;

/** Any does; with this one the hash in `three-isps` picks the second uplink, so that luck isn't taken for a default. */
const defaultSeed = 3;

export function addRunCommand(program: Command): void {
  program
    .command('run')
    .description('run scenarios: each of their candidates in a lab of its own, judged by packets')
    .addArgument(new Argument('[names...]', 'scenarios; see: list'))
    .option('--all', 'every scenario')
    .option('--on <backend>', 'where to run: kernel, model or both, compared (default: the kernel where it can be had)')
    .option('--era <release>', 'the kernel that the model stands for, such as 3.16 (default: the one that runs)')
    .option('--candidate <name>', 'only this candidate; may be repeated', collect, [])
    .addOption(
      new Option('--format <format>', 'what to print').choices(['pretty', 'tap', 'json', 'junit']).default('pretty'),
    )
    .option('--jobs <n>', `labs side by side (default: ${labsPerCore} for each core)`, wholeNumber('--jobs', 1, 1000))
    .option('--seed <n>', 'seed of the multipath hash', wholeNumber('--seed', 1, 2 ** 32 - 1), defaultSeed)
    .option('--profile <name>', "the server's sysctls: kernel or systemd defaults", 'kernel')
    .action(async (names: readonly string[], flags: RunFlags) => {
      const plans = await makePlans(names, flags);
      profileNamed(flags.profile);
      const trials = plans.flatMap((plan) => plan.trials);
      const tunnels = trials.some(({ trial }) => Object.values(trial.tunnels).flat().length > 0);
      const say = flags.format === 'pretty' ? process.stdout : process.stderr;
      const { backends, reason } = await backendsFor({ ...flags, tunnels });
      say.write(`${reason}\n`);
      const results = await openResults(join(root, 'results'));
      const cores = availableParallelism();
      const runOn = async (backend: Backend): Promise<RunResult> => {
        const progress = showProgress(process.stderr, plans);
        return runPlans(plans, {
          backend,
          profile: flags.profile,
          seed: flags.seed,
          jobs: flags.jobs ?? labsPerCore * cores,
          builders: cores,
          directory: results.directory,
          onProgress: progress.show,
        }).finally(() => {
          progress.clear();
        });
      };
      const [first, second] = backends;
      const once = await runOn(first);
      const run = second ? compareRuns(once, await runOn(second)) : once;
      const passed = await present(run, flags.format, results.directory);
      await results.publish();
      if (flags.format === 'pretty') process.stdout.write(`Everything is in ${results.shown}.\n`);
      process.exitCode = passed ? 0 : 1;
    });
}

/** What to run on, one after the other, and one line that says so. */
async function backendsFor(
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

function collect(value: string, values: readonly string[]): readonly string[] {
  return [...values, value];
}

async function makePlans(names: readonly string[], flags: RunFlags): Promise<readonly Plan[]> {
  const known = await scenarioNames();
  if (flags.all && names.length > 0) throw new LabError('invalid', '--all and a name exclude each other');
  if (!flags.all && names.length === 0) {
    throw new LabError('invalid', 'which scenario?', `name one or more of: ${known.join(', ')}; or say --all`);
  }
  const plans = await Promise.all(
    [...new Set(flags.all ? known : names)].map(async (name): Promise<Plan> => {
      const scenario = await loadScenario(name);
      const wanted = scenario.trials.filter(
        ({ candidate }) => flags.candidate.length === 0 || flags.candidate.includes(candidate),
      );
      const trials = wanted.map(async (trial) => ({ trial, candidate: await loadCandidate(trial.candidate) }));
      return { name, scenario, trials: await Promise.all(trials) };
    }),
  );
  const tried = [...new Set(plans.flatMap(({ scenario }) => scenario.trials.map(({ candidate }) => candidate)))];
  for (const candidate of flags.candidate) assertKnown('candidate in these scenarios', candidate, tried);
  return plans.filter(({ trials }) => trials.length > 0);
}

/** Writes the run's files and prints it as asked; returns whether everything was as expected. */
async function present(run: RunResult, format: RunFlags['format'], directory: string): Promise<boolean> {
  const [
    { tapDocument },
    { readTap },
    { matrix },
    { junit },
    { explainFailures },
    { wentAsExpected },
    { default: colours },
  ] = await Promise.all([
    import('../report/tap.ts'),
    import('../report/tap-tree.ts'),
    import('../report/matrix.ts'),
    import('../report/junit.ts'),
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
  const color = colours.isColorSupported && isatty(format === 'pretty' ? 1 : 2);
  const failures = explainFailures(report, { color });
  const documents = { pretty: `${failures}${failures && '\n'}${matrix(report, { color })}`, tap, json, junit: xml };
  process.stdout.write(documents[format]);
  if (format !== 'pretty') process.stderr.write(failures);
  return wentAsExpected(report.scenarios);
}
