import type { Location } from './location.ts';
import type { Argument, Machine } from './machine.ts';
import type { Job } from './process.ts';
import { BrokenPipe, type Shell, writeTo } from './state.ts';
import { takeRest } from './streams.ts';

const folders = new Set(['/bin', '/sbin', '/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin']);

/** The machine's program that a command's name or path stands for, or `null`. The PATH is not asked. */
export function programName(machine: Pick<Machine, 'commands'>, command: string): string | null {
  const slash = command.lastIndexOf('/');
  const name = command.slice(slash + 1);
  const found = machine.commands.has(name) && (slash < 0 || folders.has(command.slice(0, slash)));
  return found ? name : null;
}

/** The status of a program that writes where nobody reads: the signal PIPE ends it. */
export const pipeSignal = 128 + 13;

export function* runProgram(shell: Shell, name: string, args: readonly Argument[], at: Location): Job<number> {
  const { machine } = shell.shared;
  const output = shell.descriptors.get(1);
  const running = machine.run({
    name,
    words: args,
    at,
    takeInput: () => takeRest(shell.descriptors.get(0)),
    say: (text) => (output?.kind === 'output' ? output.write(text) : 'Bad file descriptor'),
    fileAt: (descriptor) => {
      const stream = shell.descriptors.get(descriptor);
      return stream?.kind === 'output' ? stream.file : null;
    },
  });
  const { status, stdout, stderr } = 'status' in running ? running : yield* running;
  try {
    if (stderr !== '') writeTo(shell, 2, stderr);
    if (stdout !== '') writeTo(shell, 1, stdout);
    return status;
  } catch (error) {
    if (error instanceof BrokenPipe) return pipeSignal;
    throw error;
  }
}
