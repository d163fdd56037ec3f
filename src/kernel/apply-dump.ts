import { lineOf, type Step } from '../candidate/dump/step.ts';
import { failure, type Finished } from './process.ts';
import type { Sandbox } from './sandbox.ts';

const programs = {
  ip: ['ip', '-batch', '-'],
  nft: ['nft', '-f', '-'],
  sysctl: ['sysctl', '-q', '-p', '-'],
  'iptables-restore': ['iptables-restore'],
} as const;

/**
 * Brings a host to the state of a dump, and returns what the tools were told.
 *
 * @throws LabError `lab-failed` with the tool's own words, and the place in the dump where the tool says which line it is
 */
export async function applyDump(sandbox: Sandbox, host: string, steps: readonly Step[]): Promise<Finished> {
  let told = '';
  for (const step of steps) {
    const command = programs[step.program];
    const input = inputOf(step);
    told += `${command.join(' ')}\n${input}`;
    const finished = await sandbox.attempt(host, command, { input });
    if (finished.exitCode !== 0) throw failure(placeOf(step, finished.stderr), finished);
  }
  return { command: 'a dump', stdout: told, stderr: '', exitCode: 0 };
}

function inputOf(step: Step): string {
  switch (step.program) {
    case 'iptables-restore':
      return step.input.text;
    case 'ip':
    case 'nft':
      return step.commands.map((command) => `${lineOf(command)}\n`).join('');
    case 'sysctl':
      // In a file, a dash before the name says what the option -e does: it may be missing.
      return step.commands
        .map(({ words }) => {
          const optional = words.some(({ text }) => text === '-e') ? '-' : '';
          return `${optional}${words.at(-1)?.text ?? ''}\n`;
        })
        .join('');
  }
}

/** The place in the dump that a tool complains of: each has its own way to say which line of its input it is. */
function placeOf(step: Step, stderr: string): string {
  const line = Number(/(?:Command failed -:|^\/dev\/stdin:|line )(\d+)/m.exec(stderr)?.[1] ?? 1);
  if (step.program === 'iptables-restore') return `${step.input.at.file}:${step.input.at.line + line - 1}`;
  const at = step.commands[line - 1]?.at ?? step.commands[0]?.at;
  return at ? `${at.file}:${at.line}:${at.column}` : step.program;
}
