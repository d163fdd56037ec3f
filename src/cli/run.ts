import { Argument, Option, type Command } from 'commander';
import { addCandidateOption, addExecuteOptions, execute, formats, type ExecuteFlags } from './execute.ts';
import { makePlans, namesOrAll } from './plans.ts';

interface RunFlags extends ExecuteFlags {
  readonly all?: true;
  readonly candidate: readonly string[];
  readonly format: (typeof formats)[number];
}

export function addRunCommand(program: Command): void {
  const command = program
    .command('run')
    .description('run scenarios: each of their candidates in a lab of its own, judged by packets')
    .addArgument(new Argument('[names...]', 'scenarios; see: list'))
    .option('--all', 'every scenario')
    .option('--shard <i/n>', 'only the i-th of n parts of the trials; see: merge')
    .addOption(new Option('--format <format>', 'what to print').choices(formats).default('pretty'));
  addCandidateOption(addExecuteOptions(command)).action(async (names: readonly string[], flags: RunFlags) => {
    const scenarios = await namesOrAll(names, flags.all ?? false);
    await execute(await makePlans(scenarios, flags.candidate), flags.format, flags);
  });
}
