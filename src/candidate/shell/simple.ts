import type { Builtin } from './builtins/builtin.ts';
import { expandFields, expandText } from './expand.ts';
import { callFunction } from './function.ts';
import type { Location } from './location.ts';
import type { Argument } from './machine.ts';
import type { Job } from './process.ts';
import { pipeSignal, runProgram } from './program.ts';
import { redirect, redirected } from './redirect.ts';
import { resolve, type Target } from './resolve.ts';
import { runScript } from './run-script.ts';
import { assign, BrokenPipe, BuiltinError, complain, Exit, keep, restore, type Scope, type Shell } from './state.ts';
import type { SimpleCommand } from './syntax.ts';

/**
 * Runs a command with its arguments, or assigns where there is none (POSIX.1-2024, XCU 2.9.1). Assignments before a
 * command last as long as it runs, unless it is a special built-in.
 */
export function* executeSimple(shell: Shell, command: SimpleCommand, tested: boolean): Job<number> {
  const { assignments, words, redirections, at } = command;
  shell.substituted = 0;
  const all: Argument[] = [];
  for (const word of words) {
    const expanded = word.parts.some(({ kind }) => kind !== 'text');
    for (const text of yield* expandFields(shell, word)) all.push({ text, at: word.at, expanded });
  }
  const { target, args } = resolve(shell, all);
  const special = target.kind === 'exec' || (target.kind === 'builtin' && target.builtin.special);
  const trace = shell.descriptors.get(2);
  const failed = (): number => {
    if (special) throw new Exit(2, at);
    return 2;
  };
  // Without a command, `exec` redirects for good.
  const forGood = target.kind === 'exec' && args.length === 0;
  if (forGood && !(yield* redirect(shell, redirections))) return failed();
  return yield* redirected(shell, forGood ? { ...command, redirections: [] } : command, failed, function* () {
    const scope: Scope = new Map();
    try {
      const assigned: string[] = [];
      for (const { name, value } of assignments) {
        const text = yield* expandText(shell, value);
        if (!special && target.kind !== 'nothing') keep(shell, scope, name);
        assign(shell, name, text, value.at);
        if (target.kind === 'script') shell.variables.set(name, { value: text, exported: true, readonly: false });
        assigned.push(`${name}=${text}`);
      }
      if (shell.options.has('x') && trace?.kind === 'output') {
        trace.write(`+ ${[...assigned, ...all.map(({ text }) => text)].join(' ')}\n`);
      }
      return yield* run(shell, target, args, tested, at);
    } finally {
      restore(shell, scope);
    }
  });
}

function* run(shell: Shell, target: Target, args: readonly Argument[], tested: boolean, at: Location): Job<number> {
  switch (target.kind) {
    case 'nothing':
      return shell.substituted;
    case 'builtin':
      return yield* runBuiltin(shell, target.builtin, args, tested, at);
    case 'function': {
      const parameters = args.slice(1).map(({ text }) => text);
      return yield* callFunction(shell, target.body, parameters, tested, at);
    }
    case 'program':
      return yield* runProgram(shell, target.name, args, at);
    case 'script':
      return yield* runScript(shell, target, args, at);
    case 'exec':
      if (args.length === 0) return 0;
      throw new Exit(yield* run(shell, target.target, args, tested, at), at);
  }
}

function* runBuiltin(
  shell: Shell,
  builtin: Builtin,
  [name, ...args]: readonly Argument[],
  tested: boolean,
  at: Location,
): Job<number> {
  try {
    const running = builtin.run(shell, {
      name: name?.text ?? '',
      args: args.map(({ text }) => text),
      at,
      argAt: (index) => args[index]?.at ?? at,
      tested,
    });
    return typeof running === 'number' ? running : yield* running;
  } catch (error) {
    if (error instanceof BrokenPipe) throw new Exit(pipeSignal, at);
    if (!(error instanceof BuiltinError)) throw error;
    complain(shell, at, `${name?.text ?? ''}: ${error.message}`);
    if (builtin.special) throw new Exit(2, at);
    return error.status;
  }
}
