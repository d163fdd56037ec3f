import { expandFields, expandPattern, expandText } from './expand.ts';
import type { Location } from './location.ts';
import { matches } from './pattern.ts';
import { createPipe } from './pipe.ts';
import type { Job, Process } from './process.ts';
import { redirected } from './redirect.ts';
import { executeSimple } from './simple.ts';
import { assign, Exit, LoopJump, nested, type Shell } from './state.ts';
import { textInput } from './streams.ts';
import { type Leads, runSubshell, startSubshell } from './subshell.ts';
import type { Command, List } from './syntax.ts';

type Of<Kind extends Command['kind']> = Extract<Command, { kind: Kind }>;

/**
 * Runs commands one after the other.
 *
 * @param tested whether what comes of them is asked for (a condition, the left of `&&`), so that `set -e` does not count
 * @returns the last one's status, 0 if there is none
 */
export function* executeList(shell: Shell, list: List, tested: boolean): Job<number> {
  let status = 0;
  for (const command of list) status = yield* execute(shell, command, tested);
  return status;
}

function* execute(shell: Shell, command: Command, tested: boolean): Job<number> {
  shell.shared.spend(0, command.at);
  shell.status = yield* nested(shell, command.at, () => run(shell, command, tested));
  return shell.status;
}

function* run(shell: Shell, command: Command, tested: boolean): Job<number> {
  const { at } = command;
  switch (command.kind) {
    case 'simple':
      return orExit(shell, yield* executeSimple(shell, command, tested), tested, at);
    case 'pipeline':
      return orExit(shell, yield* executePipeline(shell, command, tested), tested, at);
    case 'subshell':
      return orExit(shell, yield* runSubshell(shell, command.body, tested, at), tested, at);
    case 'not':
      return (yield* execute(shell, command.command, true)) === 0 ? 1 : 0;
    case 'and-or':
      return yield* executeAndOr(shell, command, tested);
    case 'group':
      return yield* executeList(shell, command.body, tested);
    case 'if':
      return yield* executeIf(shell, command, tested);
    case 'for':
      return yield* executeFor(shell, command, tested);
    case 'while':
      return yield* executeWhile(shell, command, tested);
    case 'case':
      return yield* executeCase(shell, command, tested);
    case 'function':
      shell.functions.set(command.name, command.body);
      return 0;
    case 'background':
      executeInBackground(shell, command);
      return 0;
    case 'redirected': {
      const inner = (): Job<number> => execute(shell, command.command, tested);
      return yield* redirected(shell, command, () => orExit(shell, 2, tested, at), inner);
    }
  }
}

/** `set -e`: ends the shell where a command fails and nobody asks whether it did. */
function orExit(shell: Shell, status: number, tested: boolean, at: Location): number {
  if (status !== 0 && !tested && shell.options.has('e')) throw new Exit(status, at);
  return status;
}

function* executeAndOr(shell: Shell, { first, rest }: Of<'and-or'>, tested: boolean): Job<number> {
  let status = yield* execute(shell, first, true);
  for (const [index, { operator, command }] of rest.entries()) {
    const last = index === rest.length - 1;
    if ((status === 0) === (operator === '&&')) status = yield* execute(shell, command, tested || !last);
  }
  return status;
}

/** Each command in a process of its own; what one writes the next one reads. */
function* executePipeline(shell: Shell, { commands }: Of<'pipeline'>, tested: boolean): Job<number> {
  let reads: Leads = [];
  const processes = commands.map((command, index): Process => {
    const pipe = index < commands.length - 1 ? createPipe() : null;
    const leads: Leads = pipe ? [...reads, [1, pipe.writer()]] : reads;
    reads = pipe ? [[0, pipe.reader()]] : [];
    return startSubshell(shell, command, tested, leads);
  });
  let status = 0;
  for (const process of processes) status = yield* process.ended();
  return status;
}

/** A process that nobody waits for; it has nothing to read. */
function executeInBackground(shell: Shell, { command }: Of<'background'>): void {
  const process = startSubshell(shell, command, false, [[0, textInput('', null)]]);
  shell.children.push(process);
  shell.background = process.id;
}

function* executeIf(shell: Shell, { branches, otherwise }: Of<'if'>, tested: boolean): Job<number> {
  for (const { condition, body } of branches) {
    if ((yield* executeList(shell, condition, true)) === 0) return yield* executeList(shell, body, tested);
  }
  return yield* executeList(shell, otherwise, tested);
}

function* executeFor(shell: Shell, { name, words, body, at }: Of<'for'>, tested: boolean): Job<number> {
  const values: string[] = words ? [] : [...shell.positional];
  for (const word of words ?? []) values.push(...(yield* expandFields(shell, word)));
  let turn: Turn = { status: 0, more: true };
  for (const value of values) {
    assign(shell, name, value, at);
    turn = yield* inLoop(shell, function* () {
      return { status: yield* executeList(shell, body, tested), more: true };
    });
    if (!turn.more) break;
  }
  return turn.status;
}

function* executeWhile(shell: Shell, { until, condition, body, at }: Of<'while'>, tested: boolean): Job<number> {
  let turn: Turn = { status: 0, more: true };
  while (turn.more) {
    shell.shared.spend(0, at);
    const { status } = turn;
    turn = yield* inLoop(shell, function* () {
      const ended = ((yield* executeList(shell, condition, true)) === 0) === until;
      return ended ? { status, more: false } : { status: yield* executeList(shell, body, tested), more: true };
    });
  }
  return turn.status;
}

/** One turn of a loop: its status, and whether there is to be another. */
interface Turn {
  readonly status: number;
  readonly more: boolean;
}

function* inLoop(shell: Shell, run: () => Job<Turn>): Job<Turn> {
  shell.loops++;
  try {
    return yield* run();
  } catch (error) {
    if (!(error instanceof LoopJump)) throw error;
    if (error.levels > 1) throw new LoopJump(error.kind, error.levels - 1);
    return { status: 0, more: error.kind === 'continue' };
  } finally {
    shell.loops--;
  }
}

function* executeCase(shell: Shell, { word, items, at }: Of<'case'>, tested: boolean): Job<number> {
  const text = yield* expandText(shell, word);
  for (const { patterns, body } of items) {
    for (const pattern of patterns) {
      const compiled = yield* expandPattern(shell, pattern);
      shell.shared.spend(compiled.length * text.length, at);
      if (matches(compiled, text)) return yield* executeList(shell, body, tested);
    }
  }
  return 0;
}
