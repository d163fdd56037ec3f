import { invalid, type Location } from './location.ts';
import type { Argument } from './machine.ts';
import type { Job } from './process.ts';
import { readFile } from './read-script.ts';
import { Exit, fork, leave, nested, type Option, type Shell, type Variable } from './state.ts';

/** Runs an executable script in a shell of its own, with the variables that are exported. */
export function* runScript(
  shell: Shell,
  { path, text }: { readonly path: string; readonly text: string },
  [, ...args]: readonly Argument[],
  at: Location,
): Job<number> {
  const options = shebang(path, text);
  const list = readFile(path, text);
  shell.shared.spend(text.length, at);
  const exported = [...shell.variables].filter(([, variable]) => variable.exported);
  const inner: Shell = {
    ...fork(shell),
    name: path,
    variables: initialVariables(exported),
    functions: new Map(),
    options,
    locals: [],
    positional: args.map((arg) => arg.text),
    status: 0,
    substituted: 0,
    loops: 0,
    background: null,
    final: null,
  };
  try {
    return yield* nested(inner, at, () => inner.shared.execute(inner, list, false));
  } catch (error) {
    if (error instanceof Exit) return error.status & 255;
    throw error;
  } finally {
    leave(inner);
  }
}

/** A new shell's variables: those of its environment, and IFS, which it takes from nobody. */
export function initialVariables(exported: readonly (readonly [string, Variable])[]): Map<string, Variable> {
  const ifs: Variable = { value: ' \t\n', exported: false, readonly: false };
  return new Map([
    ...exported.map(([name, { value }]) => [name, { value, exported: true, readonly: false }] as const),
    ['IFS', ifs],
  ]);
}

/** The options that a script's first line gives its shell. */
function shebang(path: string, text: string): Set<Option> {
  const [line = ''] = text.split('\n', 1);
  const at = { file: path, line: 1, column: 1 };
  const [, options] = /^#! *(?:\/usr)?\/bin\/(?:da)?sh(?: +-([euxf]+))? *$/.exec(line) ?? [];
  if (options === undefined && !/^#! *(?:\/usr)?\/bin\/(?:da)?sh *$/.test(line)) {
    throw invalid(at, 'this is no script of sh', 'supported is #!/bin/sh, with -e -u -x -f');
  }
  return new Set((options ?? '').split(/(?:)/u) as Option[]);
}
