import { expandFields, expandPattern, expandText } from './expand.ts';
import type { Location } from './location.ts';
import { matches } from './pattern.ts';
import { redirected } from './redirect.ts';
import { executeSimple } from './simple.ts';
import { assign, Exit, LoopJump, type Shell } from './state.ts';
import { bufferOutput, type Stream, textInput } from './streams.ts';
import { runSubshell } from './subshell.ts';
import type { Command, List } from './syntax.ts';

type Of<Kind extends Command['kind']> = Extract<Command, { kind: Kind }>;

/**
 * Runs commands one after the other.
 *
 * @param tested whether what comes of them is asked for (a condition, the left of `&&`), so that `set -e` does not count
 * @returns the last one's status, 0 if there is none
 */
export function executeList(shell: Shell, list: List, tested: boolean): number {
  let status = 0;
  for (const command of list) status = execute(shell, command, tested);
  return status;
}

function execute(shell: Shell, command: Command, tested: boolean): number {
  shell.shared.spend(0, command.at);
  shell.status = shell.shared.nested(command.at, () => run(shell, command, tested));
  return shell.status;
}

function run(shell: Shell, command: Command, tested: boolean): number {
  const { at } = command;
  switch (command.kind) {
    case 'simple':
      return orExit(shell, executeSimple(shell, command, tested), tested, at);
    case 'pipeline':
      return orExit(shell, executePipeline(shell, command, tested), tested, at);
    case 'subshell':
      return orExit(shell, runSubshell(shell, command.body, tested, at), tested, at);
    case 'not':
      return execute(shell, command.command, true) === 0 ? 1 : 0;
    case 'and-or':
      return executeAndOr(shell, command, tested);
    case 'group':
      return executeList(shell, command.body, tested);
    case 'if':
      return executeIf(shell, command, tested);
    case 'for':
      return executeFor(shell, command, tested);
    case 'while':
      return executeWhile(shell, command, tested);
    case 'case':
      return executeCase(shell, command, tested);
    case 'function':
      shell.functions.set(command.name, command.body);
      return 0;
    case 'redirected': {
      const inner = (): number => execute(shell, command.command, tested);
      return redirected(shell, command.redirections, () => orExit(shell, 2, tested, at), inner);
    }
  }
}

/** `set -e`: ends the shell where a command fails and nobody asks whether it did. */
function orExit(shell: Shell, status: number, tested: boolean, at: Location): number {
  if (status !== 0 && !tested && shell.options.has('e')) throw new Exit(status, at);
  return status;
}

function executeAndOr(shell: Shell, { first, rest }: Of<'and-or'>, tested: boolean): number {
  let status = execute(shell, first, true);
  for (const [index, { operator, command }] of rest.entries()) {
    const last = index === rest.length - 1;
    if ((status === 0) === (operator === '&&')) status = execute(shell, command, tested || !last);
  }
  return status;
}

/** Each command in a subshell; they run one after the other, and what one writes the next one reads. */
function executePipeline(shell: Shell, { commands }: Of<'pipeline'>, tested: boolean): number {
  let status = 0;
  let streams: readonly (readonly [number, Stream])[] = [];
  for (const [index, command] of commands.entries()) {
    const { at } = command;
    const output = bufferOutput((characters) => {
      shell.shared.spend(characters, at);
    });
    const last = index === commands.length - 1;
    status = runSubshell(shell, [command], tested, at, last ? streams : [...streams, [1, output]]);
    streams = [[0, textInput(output.text(), null)]];
  }
  return status;
}

function executeIf(shell: Shell, { branches, otherwise }: Of<'if'>, tested: boolean): number {
  for (const { condition, body } of branches) {
    if (executeList(shell, condition, true) === 0) return executeList(shell, body, tested);
  }
  return executeList(shell, otherwise, tested);
}

function executeFor(shell: Shell, { name, words, body, at }: Of<'for'>, tested: boolean): number {
  const values = words ? words.flatMap((word) => expandFields(shell, word)) : shell.positional;
  let turn: Turn = { status: 0, more: true };
  for (const value of values) {
    assign(shell, name, value, at);
    turn = inLoop(shell, () => ({ status: executeList(shell, body, tested), more: true }));
    if (!turn.more) break;
  }
  return turn.status;
}

function executeWhile(shell: Shell, { until, condition, body, at }: Of<'while'>, tested: boolean): number {
  let turn: Turn = { status: 0, more: true };
  while (turn.more) {
    shell.shared.spend(0, at);
    const { status } = turn;
    turn = inLoop(shell, () => {
      const ended = (executeList(shell, condition, true) === 0) === until;
      return ended ? { status, more: false } : { status: executeList(shell, body, tested), more: true };
    });
  }
  return turn.status;
}

/** One turn of a loop: its status, and whether there is to be another. */
interface Turn {
  readonly status: number;
  readonly more: boolean;
}

function inLoop(shell: Shell, run: () => Turn): Turn {
  shell.loops++;
  try {
    return run();
  } catch (error) {
    if (!(error instanceof LoopJump)) throw error;
    if (error.levels > 1) throw new LoopJump(error.kind, error.levels - 1);
    return { status: 0, more: error.kind === 'continue' };
  } finally {
    shell.loops--;
  }
}

function executeCase(shell: Shell, { word, items, at }: Of<'case'>, tested: boolean): number {
  const text = expandText(shell, word);
  for (const { patterns, body } of items) {
    for (const pattern of patterns) {
      const compiled = expandPattern(shell, pattern);
      shell.shared.spend(compiled.length * text.length, at);
      if (matches(compiled, text)) return executeList(shell, body, tested);
    }
  }
  return 0;
}
