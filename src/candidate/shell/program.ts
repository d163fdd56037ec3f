import type { Location } from './location.ts';
import type { Argument, Machine } from './machine.ts';
import { type Shell, writeTo } from './state.ts';

const folders = new Set(['/bin', '/sbin', '/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin']);

/** The machine's program that a command's name or path stands for, or `null`. The PATH is not asked. */
export function programName(machine: Machine, command: string): string | null {
  const slash = command.lastIndexOf('/');
  const name = command.slice(slash + 1);
  const found = machine.commands.has(name) && (slash < 0 || folders.has(command.slice(0, slash)));
  return found ? name : null;
}

export function runProgram(shell: Shell, name: string, args: readonly Argument[], at: Location): number {
  const { machine } = shell.shared;
  const { status, stdout, stderr } = machine.run({
    name,
    words: args,
    at,
    takeInput: () => {
      const stream = shell.descriptors.get(0);
      return stream?.kind === 'input' ? stream.rest() : { text: '', at: null };
    },
  });
  if (stderr !== '') writeTo(shell, 2, stderr);
  if (stdout !== '') writeTo(shell, 1, stdout);
  return status;
}
