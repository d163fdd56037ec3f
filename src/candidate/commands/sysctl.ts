import { refuse, notModelled } from './refusal.ts';
import type { Input } from './input.ts';
import type { Placed } from './ip.ts';
import { meant } from './keyword.ts';
import type { Word } from './word.ts';

/** What `sysctl` is told of one variable. */
export type SysctlCommand = {
  /** Its path below /proc/sys, such as `net/ipv4/conf/eth0.100/rp_filter`. */
  readonly path: string;
  /** What is printed of it afterwards. */
  readonly print: 'name and value' | 'value' | 'name' | 'nothing';
  /** `-e`: if there is no such variable, nothing is said and nothing is wrong. */
  readonly ignoreUnknown: boolean;
} & ({ readonly action: 'read' } | { readonly action: 'write'; readonly value: string });

interface Options {
  print: SysctlCommand['print'];
  ignoreUnknown: boolean;
  /** All that follow are assignments. */
  write: boolean;
  /** `-p -`: assignments are read. */
  load: Word | null;
}

const options: Readonly<Record<string, (options: Options, word: Word) => void>> = {
  n: (said) => (said.print = 'value'),
  values: (said) => (said.print = 'value'),
  N: (said) => (said.print = 'name'),
  names: (said) => (said.print = 'name'),
  q: (said) => (said.print = 'nothing'),
  quiet: (said) => (said.print = 'nothing'),
  e: (said) => (said.ignoreUnknown = true),
  ignore: (said) => (said.ignoreUnknown = true),
  w: (said) => (said.write = true),
  write: (said) => (said.write = true),
  p: (said, word) => (said.load = word),
  f: (said, word) => (said.load = word),
  load: (said, word) => (said.load = word),
  o: () => undefined,
  x: () => undefined,
};

/**
 * Reads a command line of `sysctl`: `sysctl [-neqNw] NAME…`, `NAME=VALUE…`, or `-p -` with lines of assignments as its input.
 *
 * @throws LabError 'invalid' for what it would not take, and for what has no place in the model
 */
export function readSysctl(words: readonly Word[], input: Input | null): readonly Placed<SysctlCommand>[] {
  const [sysctl, ...others] = words;
  if (!sysctl) throw new RangeError('a command has a name');
  const said: Options = { print: 'name and value', ignoreUnknown: false, write: false, load: null };
  for (const word of others.filter(isOption)) readOptions(said, word);
  const operands = others.filter((word) => !isOption(word));
  if (said.load) return readLines(said, said.load, operands, input);
  if (operands.length === 0) refuse(sysctl.at, 'sysctl needs the name of a variable');
  return operands.map((word) => ({ command: readOperand(said, word), at: word.at }));
}

function isOption({ text }: Word): boolean {
  return text.startsWith('-') && text !== '-';
}

function readOptions(said: Options, word: Word): void {
  const { text } = word;
  const [long = ''] = text.slice(2).split('=', 1);
  // What stands behind `p` in the same word is its file.
  const letters = text.replace(/^-/, '').replace(/([pf]).*/, '$1');
  for (const name of text.startsWith('--') ? [long] : letters) {
    const read = options[name];
    if (read) read(said, word);
    else notModelled(word.at, `sysctl's option ${text}`, meant(word, ['-w', '-n', '-q', '-e', '-N', '-p']));
  }
}

function readLines(
  said: Options,
  load: Word,
  operands: readonly Word[],
  input: Input | null,
): readonly Placed<SysctlCommand>[] {
  const attached = /^(?:-[^-]*?[pf]|--load=)(.+)$/.exec(load.text)?.[1];
  const files = [...(attached === undefined ? [] : [{ text: attached, at: load.at }]), ...operands];
  const file = files.find(({ text }) => text !== '-' && text !== '/dev/stdin');
  if (file) notModelled(file.at, `the file ${file.text}`, 'sysctl -p - reads a here-document');
  if (files.length === 0) notModelled(load.at, 'the file /etc/sysctl.conf', 'sysctl -p - reads a here-document');
  if (!input) return refuse(load.at, 'sysctl -p - has nothing to read', 'give it a here-document');
  return input.text.split('\n').flatMap((line, index) => {
    const text = line.trim();
    if (text === '' || text.startsWith('#') || text.startsWith(';')) return [];
    const column = line.indexOf(text) + (index === 0 ? input.at.column : 1);
    const at = { ...input.at, line: input.at.line + index, column };
    // A dash before the name: it may fail.
    const ignoreUnknown = said.ignoreUnknown || text.startsWith('-');
    const assignment = { text: text.replace(/^-/, ''), at };
    return [{ command: readOperand({ ...said, ignoreUnknown, write: true }, assignment), at }];
  });
}

function readOperand(said: Options, word: Word): SysctlCommand {
  const { print, ignoreUnknown, write } = said;
  const equals = word.text.indexOf('=');
  if (equals < 0 && write)
    refuse(word.at, `expected NAME=VALUE, got ${JSON.stringify(word.text)}`, 'without spaces around =');
  const path = pathOf({ text: (equals < 0 ? word.text : word.text.slice(0, equals)).trim(), at: word.at });
  const common = { path, print, ignoreUnknown };
  if (equals < 0) return { ...common, action: 'read' };
  return { ...common, action: 'write', value: word.text.slice(equals + 1).trim() };
}

/** The first of `.` and `/` in a name separates its parts; the other stands for itself, or for it: `eth0/100` is `eth0.100`. */
function pathOf({ text, at }: Word): string {
  if (!/^[^./]/.test(text)) refuse(at, `expected the name of a variable, got ${JSON.stringify(text)}`);
  if (/[*?[\s]/.test(text)) notModelled(at, `a pattern of names (${text})`, 'name each variable');
  const dotted = text.search(/[./]/) === text.indexOf('.');
  return dotted ? exchanged(text) : text;
}

/** The name that sysctl prints for a path: `net.ipv4.conf.eth0/100.rp_filter`. */
export function dottedName(path: string): string {
  return exchanged(path);
}

function exchanged(text: string): string {
  return text.replaceAll(/[./]/g, (separator) => (separator === '.' ? '/' : '.'));
}
