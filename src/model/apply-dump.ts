import { lineOf, type Command, type Step } from '../candidate/dump/step.ts';
import { LabError } from '../net/error.ts';
import type { Host } from './host.ts';
import { createMachine } from './machine/machine.ts';
import type { Network } from './network.ts';

/**
 * Brings a host to the state of a dump.
 *
 * @throws LabError `invalid` for what the model doesn't know, `lab-failed` for what it refuses as the kernel would: with the
 *   place in the dump
 */
export function applyDump(network: Network, host: Host, steps: readonly Step[]): void {
  const machine = createMachine(network, host);
  const run = (program: string, { words, at }: Command, text: string): void => {
    const own = { text: program, at };
    const takeInput = (): { text: string; at: typeof at } => ({ text, at });
    const { status, stderr } = machine.run({ name: program, words: [own, ...words], at, takeInput });
    if (status === 0) return;
    const said = `${program} ${lineOf({ words, at })}`.trim();
    throw new LabError('lab-failed', `${at.file}:${at.line}:${at.column}: ${said}: ${stderr.trim()}`);
  };
  try {
    for (const step of steps) {
      if (step.program === 'iptables-restore') run(step.program, { words: [], at: step.input.at }, step.input.text);
      else for (const command of step.commands) run(step.program, command, '');
    }
  } finally {
    network.settle();
  }
}
