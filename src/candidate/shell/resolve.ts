import type { Builtin } from './builtins/builtin.ts';
import { builtins } from './builtins/table.ts';
import { invalid } from './location.ts';
import type { Argument } from './machine.ts';
import { programName } from './program.ts';
import { type Shell, writeTo } from './state.ts';
import type { Command } from './syntax.ts';

/** What a command's name stands for. */
export type Target =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'builtin'; readonly builtin: Builtin }
  | { readonly kind: 'function'; readonly body: Command }
  | { readonly kind: 'program'; readonly name: string }
  | { readonly kind: 'script'; readonly path: string; readonly text: string }
  /** The command takes the shell's place; without one, only redirections are meant. */
  | { readonly kind: 'exec'; readonly target: Target };

interface Resolved {
  readonly target: Target;
  /** The command's own name first. */
  readonly args: readonly Argument[];
}

/** Other commands of the shell, which are not supported. */
const unsupported = new Set(
  'alias bg cd chdir fc fg getopts hash jobs pwd times trap type ulimit umask unalias'.split(' '),
);

const keywords = new Set('! { } case do done elif else esac fi for if in then until while'.split(' '));

/**
 * Finds what is to be run (POSIX.1-2024, XCU 2.9.1.4): a special built-in command, a function, another built-in command,
 * a program of the machine. `command` passes over functions, and takes from a command what is special about it.
 *
 * @throws LabError 'invalid' for what is none of these
 */
export function resolve(shell: Shell, args: readonly Argument[]): Resolved {
  const [first, option] = args;
  if (!first) return { target: { kind: 'nothing' }, args };
  if (first.text === 'exec') {
    if (option?.text.startsWith('-')) throw invalid(option.at, `exec ${option.text} is not supported`, 'leave it out');
    const replacing = resolve({ ...shell, functions: new Map() }, args.slice(1));
    return { target: { kind: 'exec', target: replacing.target }, args: replacing.args };
  }
  if (first.text !== 'command') return { target: targetOf(shell, first), args };
  if (option?.text === '-v') return { target: { kind: 'builtin', builtin: describing(shell, args) }, args };
  if (option?.text.startsWith('-') && option.text !== '--') {
    throw invalid(option.at, `command ${option.text} is not supported`, 'supported is command -v');
  }
  const inner = args.slice(option?.text === '--' ? 2 : 1);
  const { target, args: rest } = resolve({ ...shell, functions: new Map() }, inner);
  if (target.kind !== 'builtin') return { target, args: rest };
  return { target: { kind: 'builtin', builtin: { ...target.builtin, special: false } }, args: rest };
}

function targetOf(shell: Shell, { text, at }: Argument): Target {
  const builtin = builtins.get(text);
  if (builtin?.special) return { kind: 'builtin', builtin };
  const body = shell.functions.get(text);
  if (body) return { kind: 'function', body };
  if (builtin) return { kind: 'builtin', builtin };
  const { machine } = shell.shared;
  const name = programName(machine, text);
  if (name !== null) return { kind: 'program', name };
  const script = text.includes('/') ? machine.script(text) : null;
  if (script !== null) return { kind: 'script', path: text, text: script };
  const known = [...builtins.keys(), 'command', 'exec', ...machine.commands].sort().join(' ');
  throw invalid(at, `the command ${JSON.stringify(text)} is not supported`, `supported are ${known}`);
}

/** `command -v NAME`: how a name would be understood. Of a program that isn't known here, nobody can say. */
function describing(shell: Shell, args: readonly Argument[]): Builtin {
  const [, , name, more] = args;
  const run = (): number => {
    if (!name) return 0;
    if (more) throw invalid(more.at, 'command -v with several names is not supported', 'ask for them one by one');
    const ofShell =
      name.text === 'command' || name.text === 'exec' || unsupported.has(name.text) || keywords.has(name.text);
    const program = !ofShell && targetOf(shell, name).kind === 'program';
    const path = program && !name.text.includes('/') ? `/usr/sbin/${name.text}` : name.text;
    return writeTo(shell, 1, `${path}\n`) === null ? 0 : 1;
  };
  return { special: false, run };
}
