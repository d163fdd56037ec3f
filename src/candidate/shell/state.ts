import { invalid, type Location } from './location.ts';
import type { Machine } from './machine.ts';
import type { Job, Process } from './process.ts';
import { brokenPipe, type Stream } from './streams.ts';
import type { Command, List } from './syntax.ts';

/** A shell's execution environment (POSIX.1-2024, XCU 2.13): a subshell gets a copy. */
export interface Shell {
  readonly shared: Shared;
  /** `$0` */
  readonly name: string;
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
  /** How deep what is being run is nested. */
  depth: number;
  /** What it has begun in the background. */
  readonly children: Process[];
  /** The command that is all that this shell is to do: what its redirections replace is closed. */
  final: Command | null;
  /** `$!`; `null`: nothing has been begun in the background. */
  background: number | null;
}

/** Of one evaluation, its subshells and what it runs in the background included. */
export interface Shared {
  readonly machine: Machine;
  /** Takes from what is left of the budget, which is there anew whenever time has passed. */
  spend(characters: number, at: Location): void;
  /** Runs commands; `tested`: whether what comes of them is asked for, so that `set -e` does not count. */
  execute(shell: Shell, list: List, tested: boolean): Job<number>;
}

/** Functions, compound commands, substitutions and operands inside one another. */
const deepest = 400;

/** Goes one deeper into what is nested, unless that is too deep; `shell.depth` is to be lessened afterwards. */
export function descend(shell: Shell, at: Location): void {
  if (shell.depth >= deepest)
    throw invalid(at, `this is nested more than ${deepest} deep`, 'see to it that its functions return');
  shell.depth++;
}

/** Runs what is nested inside of something else, unless that is too deep. */
export function* nested<T>(shell: Shell, at: Location, run: () => Job<T>): Job<T> {
  descend(shell, at);
  try {
    return yield* run();
  } finally {
    shell.depth--;
  }
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

/** Nobody hears what a command writes. */
export class BrokenPipe extends Error {}

/** Says what is wrong, and ends the shell, as an error in an expansion does. */
export function fail(shell: Shell, at: Location, message: string): never {
  complain(shell, at, message);
  throw new Exit(2, at);
}

export function complain(shell: Shell, at: Location, message: string): void {
  writeTo(shell, 2, `${at.file}: ${at.line}: ${message}\n`);
}

/**
 * Writes to a descriptor; returns why that failed, or `null`.
 *
 * @throws BrokenPipe
 */
export function writeTo(shell: Shell, descriptor: number, text: string): string | null {
  const stream = shell.descriptors.get(descriptor);
  const problem = stream?.kind === 'output' ? stream.write(text) : 'Bad file descriptor';
  if (problem === brokenPipe) throw new BrokenPipe();
  return problem;
}

/** Variables that a shell sets by itself, to what can't be known here. */
const ofTheShell = new Set(['PWD', 'OLDPWD', 'PPID', 'LINENO', 'OPTIND', 'PS1', 'PS2', 'PS4']);

/** The value of a variable, positional or special parameter; undefined if it isn't set. `@` and `*` are not for here. */
export function valueOf(shell: Shell, name: string, at: Location): string | undefined {
  if (name === '?') return String(shell.status);
  if (name === '#') return String(shell.positional.length);
  if (name === '!') return shell.background === null ? undefined : String(shell.background);
  if (/^[0-9]/.test(name)) return Number(name) === 0 ? shell.name : shell.positional[Number(name) - 1];
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

/** A copy, for a subshell; to be left by `leave`. */
export function fork(shell: Shell): Shell {
  for (const stream of shell.descriptors.values()) stream.hold();
  return {
    ...shell,
    variables: new Map(shell.variables),
    functions: new Map(shell.functions),
    options: new Set(shell.options),
    descriptors: new Map(shell.descriptors),
    locals: shell.locals.map((saved) => new Map(saved)),
    children: [],
  };
}

/** Closes what a shell still has open. */
export function leave(shell: Shell): void {
  for (const stream of shell.descriptors.values()) stream.release();
  shell.descriptors.clear();
}

/** Has a descriptor lead elsewhere; what it led to is given up. */
export function lead(shell: Shell, descriptor: number, stream: Stream): void {
  shell.descriptors.get(descriptor)?.release();
  shell.descriptors.set(descriptor, stream);
}
