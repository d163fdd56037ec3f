import { Argument, type Command } from 'commander';
import { scenarioNames } from '../scenario/catalogue.ts';
import { addCandidateOption, addExecuteOptions, execute, type ExecuteFlags } from './execute.ts';
import { makePlans } from './plans.ts';

interface MatrixFlags extends ExecuteFlags {
  readonly candidate: readonly string[];
}

export function addMatrixCommand(program: Command): void {
  const command = program
    .command('matrix')
    .description('run every scenario, and print one table: what each candidate comes to in each of them')
    .addArgument(new Argument('[names...]', 'only these scenarios'));
  addCandidateOption(addExecuteOptions(command)).action(async (names: readonly string[], flags: MatrixFlags) => {
    const scenarios = names.length > 0 ? names : await scenarioNames();
    await execute(await makePlans(scenarios, flags.candidate), 'overview', flags);
  });
}
