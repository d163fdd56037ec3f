import type { Job } from '../process.ts';
import type { Shell } from '../state.ts';
import type { Builtin, Call } from './builtin.ts';
import { evaluateArguments, exit, jump, leave, source } from './control.ts';
import { kill, wait } from './jobs.ts';
import { printf } from './printf.ts';
import { read } from './read.ts';
import { test } from './test.ts';
import { cat, echo } from './text.ts';
import { declare, local, set, shift, unset } from './variables.ts';

const special: Readonly<Record<string, (shell: Shell, call: Call) => number | Job<number>>> = {
  '.': source,
  ':': () => 0,
  break: jump,
  continue: jump,
  eval: evaluateArguments,
  exit,
  export: declare,
  local,
  readonly: declare,
  return: leave,
  set,
  shift,
  unset,
};

const regular: Readonly<Record<string, (shell: Shell, call: Call) => number | Job<number>>> = {
  '[': test,
  cat,
  echo,
  false: () => 1,
  kill,
  printf,
  read,
  test,
  true: () => 0,
  wait,
};

/** The shell's own commands. `cat` is a program elsewhere; here it needs nothing of the machine but its files. */
export const builtins: ReadonlyMap<string, Builtin> = new Map(
  [special, regular].flatMap((table) =>
    Object.entries(table).map(([name, run]) => [name, { special: table === special, run }] as const),
  ),
);
