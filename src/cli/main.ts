import { Command } from 'commander';
import { reportFailure } from './failure.ts';

const program = new Command('lab')
  .usage('NAME | COMMAND [options]')
  .description('A test lab for Linux machines with several uplinks. NAME is short for: run NAME')
  .exitOverride()
  .configureHelp({ helpWidth: 110 })
  .addHelpText(
    'after',
    '\nExit status: 0 everything as expected; 1 a check failed; 2 bad usage or invalid input; 3 cannot run here.',
  );
/** Adds each command. Only what is asked for is loaded: to load all takes three times as long as `list` does. */
const commands: Readonly<Record<string, () => Promise<void>>> = {
  run: async () => {
    (await import('./run.ts')).addRunCommand(program);
  },
  matrix: async () => {
    (await import('./matrix.ts')).addMatrixCommand(program);
  },
  list: async () => {
    (await import('./list.ts')).addListCommand(program);
  },
  explain: async () => {
    (await import('./explain.ts')).addExplainCommand(program);
  },
  shell: async () => {
    (await import('./shell.ts')).addShellCommand(program);
  },
  trace: async () => {
    (await import('./trace.ts')).addTraceCommand(program);
  },
  check: async () => {
    (await import('./check.ts')).addCheckCommand(program);
  },
  eras: async () => {
    (await import('./eras.ts')).addErasCommand(program);
  },
  conformance: async () => {
    (await import('./conformance.ts')).addConformanceCommand(program);
  },
  merge: async () => {
    (await import('./merge.ts')).addMergeCommand(program);
  },
};

// Whoever reads us may stop reading, as `head` does; the files and the exit status are still to come.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

try {
  const words = withDefaultCommand(process.argv.slice(2));
  const [first = ''] = words;
  for (const add of Object.hasOwn(commands, first) ? [commands[first]] : Object.values(commands)) await add?.();
  await program.parseAsync(words, { from: 'user' });
} catch (error) {
  process.exitCode = reportFailure(error);
}

/** What isn't a command is what to run. */
function withDefaultCommand(words: readonly string[]): readonly string[] {
  const [first] = words;
  const own = ['help', '-h', '--help', ...Object.keys(commands)];
  return first === undefined || own.includes(first) ? words : ['run', ...words];
}
