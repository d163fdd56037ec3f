/** Commands that set variables, positional parameters and options. */
import { invalid } from '../location.ts';
import { assign, BuiltinError, keep, type Option, type Shell } from '../state.ts';
import type { Call } from './builtin.ts';
import { count } from './numbers.ts';

/** `export` and `readonly`, with a value or without. */
export function declare(shell: Shell, call: Call): number {
  for (const { name, value } of declarations(call)) {
    if (value !== undefined) assign(shell, name, value, call.at);
    const variable = shell.variables.get(name) ?? { value: undefined, exported: false, readonly: false };
    const flag = call.name === 'export' ? { exported: true } : { readonly: true };
    shell.variables.set(name, { ...variable, ...flag });
  }
  return 0;
}

/** `local`: what is not given a value keeps the one it has outside of the function, as in dash. */
export function local(shell: Shell, call: Call): number {
  const locals = shell.locals.at(-1);
  if (!locals) throw new BuiltinError('not in a function');
  for (const { name, value } of declarations(call)) {
    keep(shell, locals, name);
    if (value !== undefined) assign(shell, name, value, call.at);
  }
  return 0;
}

export function unset(shell: Shell, { args, argAt }: Call): number {
  const [option] = args;
  const functions = option === '-f';
  const names = functions || option === '-v' || option === '--' ? args.slice(1) : args;
  for (const name of names) {
    if (name.startsWith('-'))
      throw invalid(argAt(args.indexOf(name)), `unset ${name} is not supported`, 'use -v or -f');
    if (functions) shell.functions.delete(name);
    else {
      if (!isName(name)) throw new BuiltinError(`${name}: bad variable name`);
      if (shell.variables.get(name)?.readonly) throw new BuiltinError(`${name}: is read only`);
      shell.variables.delete(name);
    }
  }
  return 0;
}

export function shift(shell: Shell, { args: [by = '1'] }: Call): number {
  if (count(by) > shell.positional.length) throw new BuiltinError("can't shift that many");
  shell.positional = shell.positional.slice(count(by));
  return 0;
}

const options: Readonly<Record<string, Option>> = { errexit: 'e', nounset: 'u', xtrace: 'x', noglob: 'f' };

/** `set`: options first, then positional parameters. */
export function set(shell: Shell, { args, argAt, at }: Call): number {
  if (args.length === 0) throw invalid(at, 'set without arguments is not supported', 'name the variables to be shown');
  let index = 0;
  for (; index < args.length; index++) {
    const arg = args[index] ?? '';
    if (arg === '--' || !/^[-+]./.test(arg)) break;
    const turn = (option: Option | undefined): void => {
      if (!option) {
        throw invalid(
          argAt(index),
          `set ${arg} is not supported`,
          'supported are -e -u -x -f, -o with their names, and +',
        );
      }
      if (arg.startsWith('-')) shell.options.add(option);
      else shell.options.delete(option);
    };
    if (/^[-+]o$/.test(arg)) turn(options[args[++index] ?? '']);
    else for (const letter of arg.slice(1)) turn(Object.values(options).find((option) => option === letter));
  }
  const ended = args[index] === '--';
  if (args[index] === '-' || args[index] === '+')
    throw invalid(argAt(index), `set ${args[index]} is not supported`, 'write --');
  if (ended || index < args.length) shell.positional = args.slice(ended ? index + 1 : index);
  return 0;
}

export function isName(text: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(text);
}

function declarations({
  name: command,
  args,
  at,
  argAt,
}: Call): readonly { name: string; value: string | undefined }[] {
  const usage = `supported is ${command} NAME[=VALUE]…`;
  if (args.length === 0) throw invalid(at, `${command} without arguments is not supported`, usage);
  return args.map((arg, index) => {
    if (arg.startsWith('-')) throw invalid(argAt(index), `${command} ${arg} is not supported`, usage);
    const [name = ''] = arg.split('=', 1);
    if (!isName(name)) throw new BuiltinError(`${name}: bad variable name`);
    return { name, value: arg.includes('=') ? arg.slice(name.length + 1) : undefined };
  });
}
