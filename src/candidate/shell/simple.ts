import type { Builtin } from './builtins/builtin.ts';
import { expandFields, expandText } from './expand.ts';
import { callFunction } from './function.ts';
import type { Location } from './location.ts';
import type { Argument } from './machine.ts';
import { runProgram } from './program.ts';
import { redirected } from './redirect.ts';
import { resolve } from './resolve.ts';
import { assign, BuiltinError, complain, Exit, type Shell } from './state.ts';
import type { Assignment, SimpleCommand } from './syntax.ts';

/** Runs a command with its arguments, or assigns where there is none (POSIX.1-2024, XCU 2.9.1). */
export function executeSimple(
  shell: Shell,
  { assignments, words, redirections, at }: SimpleCommand,
  tested: boolean,
): number {
  shell.substituted = 0;
  const all = words.flatMap((word) => expandFields(shell, word).map((text): Argument => ({ text, at: word.at })));
  const { target, args } = resolve(shell, all);
  const special = target.kind === 'builtin' && target.builtin.special;
  const trace = shell.descriptors.get(2);

  const failed = (): number => {
    if (special) throw new Exit(2, at);
    return 2;
  };
  return redirected(shell, redirections, failed, () => {
    const run = (): number => {
      const assigned = assignments.map((assignment) => assignOne(shell, assignment));
      if (shell.options.has('x') && trace?.kind === 'output') {
        trace.write(`+ ${[...assigned, ...all.map(({ text }) => text)].join(' ')}\n`);
      }
      switch (target.kind) {
        case 'nothing':
          return shell.substituted;
        case 'builtin':
          return runBuiltin(shell, target.builtin, args, tested, at);
        case 'function':
          return callFunction(
            shell,
            target.body,
            args.slice(1).map(({ text }) => text),
            tested,
            at,
          );
        case 'program':
          return runProgram(shell, target.name, args, at);
      }
    };
    return special || target.kind === 'nothing' ? run() : afterwardsRestored(shell, assignments, run);
  });
}

function assignOne(shell: Shell, { name, value }: Assignment): string {
  const text = expandText(shell, value);
  assign(shell, name, text, value.at);
  return `${name}=${text}`;
}

/** An assignment before a command lasts as long as the command runs. */
function afterwardsRestored(shell: Shell, assignments: readonly Assignment[], run: () => number): number {
  const before = assignments.map(({ name }) => [name, shell.variables.get(name)] as const);
  try {
    return run();
  } finally {
    for (const [name, variable] of before) {
      if (variable) shell.variables.set(name, variable);
      else shell.variables.delete(name);
    }
  }
}

function runBuiltin(
  shell: Shell,
  builtin: Builtin,
  [name, ...args]: readonly Argument[],
  tested: boolean,
  at: Location,
): number {
  try {
    return builtin.run(shell, {
      name: name?.text ?? '',
      args: args.map(({ text }) => text),
      at,
      argAt: (index) => args[index]?.at ?? at,
      tested,
    });
  } catch (error) {
    if (!(error instanceof BuiltinError)) throw error;
    complain(shell, at, `${name?.text ?? ''}: ${error.message}`);
    if (builtin.special) throw new Exit(2, at);
    return error.status;
  }
}
