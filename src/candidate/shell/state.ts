import { invalid, type Location } from './location.ts';
import type { Machine } from './machine.ts';
import type { Stream } from './streams.ts';
import type { Command, List } from './syntax.ts';

/** A shell's execution environment (POSIX.1-2024, XCU 2.13): a subshell gets a copy. */
export interface Shell {
  readonly shared: Shared;
  readonly variables: Map<string, Variable>;
  readonly functions: Map<string, Command>;
  readonly options: Set<Option>;
  readonly descriptors: Map<number, Stream>;
  /** The local variables of each function that is running, the innermost last. */
  readonly locals: Scope[];
  positional: readonly string[];
  /** `$?` */
  status: number;
  /** Of the latest command substitution in the command that is being run. */
  substituted: number;
  /** Loops around the command that is being run, in this function. */
  loops: number;
}

/** Of one evaluation, its subshells included. */
export interface Shared {
  readonly machine: Machine;
  /** `$0` */
  readonly name: string;
  /** Takes from what is left of the budget. */
  spend(characters: number, at: Location): void;
  /** Runs what is nested inside of something else, unless that is too deep. */
  nested<T>(at: Location, run: () => T): T;
  /** Runs commands; `tested`: whether what comes of them is asked for, so that `set -e` does not count. */
  execute(shell: Shell, list: List, tested: boolean): number;
}

/** `set -e`, `-u`, `-x` and `-f`. */
export type Option = 'e' | 'u' | 'x' | 'f';

export interface Variable {
  /** Undefined: exported, read-only or local, but not set. */
  readonly value: string | undefined;
  readonly exported: boolean;
  readonly readonly: boolean;
}

/** Variables that are set for a while, and what each was before; undefined if it was not there. */
export type Scope = Map<string, Variable | undefined>;

/** Ends the shell, or the subshell. */
export class Exit extends Error {
  readonly status: number;
  readonly at: Location;
  constructor(status: number, at: Location) {
    super(`exit ${status}`);
    this.status = status;
    this.at = at;
  }
}

/** Leaves a function. */
export class Return extends Exit {}

/** Leaves or goes on with a loop, `levels` of them counted from the innermost. */
export class LoopJump extends Error {
  readonly kind: 'break' | 'continue';
  readonly levels: number;
  constructor(kind: 'break' | 'continue', levels: number) {
    super(kind);
    this.kind = kind;
    this.levels = levels;
  }
}

/** A built-in command's error: one that POSIX calls special ends the shell by it, another one only fails. */
export class BuiltinError extends Error {
  readonly status: number;
  constructor(message: string, status = 2) {
    super(message);
    this.status = status;
  }
}

/** Says what is wrong, and ends the shell, as an error in an expansion does. */
export function fail(shell: Shell, at: Location, message: string): never {
  complain(shell, at, message);
  throw new Exit(2, at);
}

export function complain(shell: Shell, at: Location, message: string): void {
  writeTo(shell, 2, `${at.file}: ${at.line}: ${message}\n`);
}

/** Writes to a descriptor; returns why that failed, or `null`. */
export function writeTo(shell: Shell, descriptor: number, text: string): string | null {
  const stream = shell.descriptors.get(descriptor);
  return stream?.kind === 'output' ? stream.write(text) : 'Bad file descriptor';
}

/** Variables that a shell sets by itself, to what can't be known here. */
const ofTheShell = new Set(['PWD', 'OLDPWD', 'PPID', 'LINENO', 'OPTIND', 'PS1', 'PS2', 'PS4']);

/** The value of a variable, positional or special parameter; undefined if it isn't set. `@` and `*` are not for here. */
export function valueOf(shell: Shell, name: string, at: Location): string | undefined {
  if (name === '?') return String(shell.status);
  if (name === '#') return String(shell.positional.length);
  if (/^[0-9]/.test(name)) return Number(name) === 0 ? shell.shared.name : shell.positional[Number(name) - 1];
  const variable = shell.variables.get(name);
  if (!variable && ofTheShell.has(name)) {
    throw invalid(at, `the shell's own variable $${name} is not supported`, 'set it first');
  }
  return variable?.value;
}

/** Sets a variable; one that is read-only ends the shell. */
export function assign(shell: Shell, name: string, value: string, at: Location): void {
  const variable = shell.variables.get(name);
  if (variable?.readonly) fail(shell, at, `${name}: is read only`);
  shell.variables.set(name, { value, exported: variable?.exported ?? false, readonly: false });
}

/** Notes what a variable is, for `restore`. */
export function keep(shell: Shell, scope: Scope, name: string): void {
  if (!scope.has(name)) scope.set(name, shell.variables.get(name));
}

export function restore(shell: Shell, scope: Scope): void {
  for (const [name, variable] of scope) {
    if (variable) shell.variables.set(name, variable);
    else shell.variables.delete(name);
  }
}

/** The characters of IFS; where it is unset, those of its default. */
export function separators(shell: Shell): string {
  return shell.variables.get('IFS')?.value ?? ' \t\n';
}

export function copyOf(shell: Shell): Shell {
  return {
    ...shell,
    variables: new Map(shell.variables),
    functions: new Map(shell.functions),
    options: new Set(shell.options),
    descriptors: new Map(shell.descriptors),
    locals: shell.locals.map((saved) => new Map(saved)),
  };
}
