/** `npm run vm -- --kernel 6.1 run --all`: a command of the lab on another kernel, in a machine of its own. */
import { constants } from 'node:os';
import { Command, Option } from 'commander';
import { reportFailure } from '../src/cli/failure.ts';
import { wholeNumber } from '../src/cli/number.ts';
import { compareKernels } from './vm/compare-kernels.ts';
import { runOn } from './vm/run-on.ts';

interface Flags {
  readonly kernel?: string;
  readonly kernels?: string;
  readonly timeout: number;
  readonly atOnce: number;
}

const program = new Command('vm')
  .usage('--kernel VERSION COMMAND… | --kernels VERSION,…,running run …')
  .description(
    "Runs a command of the lab on one of Debian's kernels, or a run on several, in QEMU over this machine's files.",
  )
  .argument('<command...>', 'a command of the lab, with its options')
  .addOption(new Option('--kernel <version>', 'the newest kernel of this version, such as 6.1').conflicts('kernels'))
  .option('--kernels <versions>', 'several, by commas, and `running` for the one that runs here: one table of all')
  .option('--timeout <minutes>', 'how long the command may take on each', wholeNumber('--timeout', 1, 10_000), 120)
  .option('--at-once <n>', 'how many of several are tried side by side', wholeNumber('--at-once', 1, 100), 1)
  .passThroughOptions()
  .exitOverride()
  .configureHelp({ helpWidth: 110 })
  .addHelpText('after', "\nExit status: the command's own; 1 if it took too long; 2 bad usage; 3 cannot run here.")
  .action(async (command: readonly string[], { kernel, kernels, timeout, atOnce }: Flags) => {
    if (kernels !== undefined)
      process.exitCode = await compareKernels({ versions: kernels.split(','), command, timeout, atOnce });
    else if (kernel !== undefined) {
      process.exitCode = await runOn(kernel, { command, timeout, stdout: process.stdout, stderr: process.stderr });
    } else program.error('error: which kernel? Say --kernel VERSION or --kernels VERSION,…');
  });

// Whoever reads us may stop reading, as `head` does. Nothing is left to be done then: the machine ends with us.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(128 + constants.signals.SIGPIPE);
});

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = reportFailure(error);
}
