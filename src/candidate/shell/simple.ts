import type { Builtin } from './builtins/builtin.ts';
import { expandFields, expandText } from './expand.ts';
import { callFunction } from './function.ts';
import type { Location } from './location.ts';
import type { Argument } from './machine.ts';
import { runProgram } from './program.ts';
import { redirected } from './redirect.ts';
import { resolve, type Target } from './resolve.ts';
import { assign, BuiltinError, complain, Exit, keep, restore, type Scope, type Shell } from './state.ts';
import type { SimpleCommand } from './syntax.ts';

/**
 * Runs a command with its arguments, or assigns where there is none (POSIX.1-2024, XCU 2.9.1). Assignments before a
 * command last as long as it runs, unless it is a special built-in.
 */
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
    const scope: Scope = new Map();
    try {
      const assigned = assignments.map(({ name, value }) => {
        const text = expandText(shell, value);
        if (!special && target.kind !== 'nothing') keep(shell, scope, name);
        assign(shell, name, text, value.at);
        return `${name}=${text}`;
      });
      if (shell.options.has('x') && trace?.kind === 'output') {
        trace.write(`+ ${[...assigned, ...all.map(({ text }) => text)].join(' ')}\n`);
      }
      return run(shell, target, args, tested, at);
    } finally {
      restore(shell, scope);
    }
  });
}

function run(shell: Shell, target: Target, args: readonly Argument[], tested: boolean, at: Location): number {
  switch (target.kind) {
    case 'nothing':
      return shell.substituted;
    case 'builtin':
      return runBuiltin(shell, target.builtin, args, tested, at);
    case 'function': {
      const parameters = args.slice(1).map(({ text }) => text);
      return callFunction(shell, target.body, parameters, tested, at);
    }
    case 'program':
      return runProgram(shell, target.name, args, at);
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
