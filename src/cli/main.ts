import { Command, CommanderError } from 'commander';
import { LabError, type LabErrorCode } from '../net/error.ts';
import { addConformanceCommand } from './conformance.ts';
import { addCheckCommand } from './check.ts';
import { addErasCommand } from './eras.ts';
import { addExplainCommand } from './explain.ts';
import { addListCommand } from './list.ts';
import { addMatrixCommand } from './matrix.ts';
import { addMergeCommand } from './merge.ts';
import { addRunCommand } from './run.ts';
import { addShellCommand } from './shell.ts';
import { addTraceCommand } from './trace.ts';

const exitStatus: Readonly<Record<LabErrorCode, number>> = { 'lab-failed': 1, invalid: 2, 'cannot-run': 3 };

const program = new Command('lab')
  .usage('NAME | COMMAND [options]')
  .description('A test lab for Linux machines with several uplinks. NAME is short for: run NAME')
  .exitOverride()
  .configureHelp({ helpWidth: 110 })
  .addHelpText(
    'after',
    '\nExit status: 0 everything as expected; 1 a check failed; 2 bad usage or invalid input; 3 cannot run here.',
  );
addRunCommand(program);
addMatrixCommand(program);
addListCommand(program);
addExplainCommand(program);
addShellCommand(program);
addTraceCommand(program);
addCheckCommand(program);
addErasCommand(program);
addConformanceCommand(program);
addMergeCommand(program);

// Whoever reads us may stop reading, as `head` does; the files and the exit status are still to come.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

try {
  await program.parseAsync(withDefaultCommand(process.argv.slice(2)), { from: 'user' });
} catch (error) {
  process.exitCode = report(error);
}

/** What isn't a command is what to run. */
function withDefaultCommand(words: readonly string[]): readonly string[] {
  const [first] = words;
  const own = ['help', '-h', '--help', ...program.commands.map((command) => command.name())];
  return first === undefined || own.includes(first) ? words : ['run', ...words];
}

function report(error: unknown): number {
  if (error instanceof CommanderError) {
    // Commander has said what is wrong; asking for help is no error.
    return error.exitCode === 0 ? 0 : 2;
  }
  if (!(error instanceof LabError)) throw error;
  process.stderr.write(`${error.message}\n${error.hint && `${error.hint}\n`}`);
  return exitStatus[error.code];
}
