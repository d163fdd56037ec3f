import { lineOf, type Command, type Step } from '../candidate/dump/step.ts';
import type { Machine, TakenInput } from '../candidate/shell/machine.ts';
import type { Job } from '../candidate/shell/process.ts';
import { LabError } from '../net/error.ts';

/**
 * Brings a host to the state of a dump.
 *
 * @throws LabError `invalid` for what the model doesn't know, `lab-failed` for what it refuses as the kernel would: with the
 *   place in the dump
 */
export function* applyDump(machine: Machine, steps: readonly Step[]): Job<void> {
  for (const { program, command, text } of steps.flatMap(inputsOf)) {
    const { words, at } = command;
    const running = machine.run({
      ...{ name: program, words: [{ text: program, at }, ...words], at, takeInput: () => given(text, at) },
      ...{ say: () => null, fileAt: () => null },
    });
    const { status, stderr } = 'status' in running ? running : yield* running;
    if (status === 0) continue;
    const said = `${program} ${lineOf(command)}`.trim();
    throw new LabError('lab-failed', `${at.file}:${at.line}:${at.column}: ${said}: ${stderr.trim()}`);
  }
}

/** What is run for a step, one after the other, and what it has to read. */
function inputsOf(
  step: Step,
): readonly { readonly program: string; readonly command: Command; readonly text: string }[] {
  const { program } = step;
  if (step.program === 'iptables-restore') {
    return [{ program, command: { words: [], at: step.input.at }, text: step.input.text }];
  }
  return step.commands.map((command) => ({ program, command, text: '' }));
}

function* given(text: string, at: TakenInput['at']): Job<TakenInput> {
  yield* [];
  return { text, at };
}
