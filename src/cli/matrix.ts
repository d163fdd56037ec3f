import { Argument, type Command } from 'commander';
import { scenarioNames } from '../scenario/catalogue.ts';
import { addExecuteOptions, execute, type ExecuteFlags } from './execute.ts';
import { makePlans } from './plans.ts';

export function addMatrixCommand(program: Command): void {
  const command = program
    .command('matrix')
    .description('run every scenario, and print one table: what each candidate comes to in each of them')
    .addArgument(new Argument('[names...]', 'only these scenarios'));
  addExecuteOptions(command).action(async (names: readonly string[], flags: ExecuteFlags) => {
    const scenarios = names.length > 0 ? names : await scenarioNames();
    await execute(await makePlans(scenarios, flags.candidate), 'overview', flags);
  });
}
