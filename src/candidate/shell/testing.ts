/** What the shell's tests share: a machine that records. */
import type { Invocation, Machine } from './machine.ts';

export interface RecordingMachine extends Machine {
  /** Each program that was run, as `name 2:ab 0:`: its arguments, each after its length; and for `take`, its input. */
  readonly record: readonly string[];
  readonly invocations: readonly Invocation[];
  /** What was written to each file. */
  readonly written: ReadonlyMap<string, string>;
}

/** What its programs do; any other only succeeds. `no` fails with status 1, `fail N` with status N. */
export const recordingPrograms = ['ok', 'no', 'fail', 'say', 'take'];
/** Those that record their input, too. */
export const readingPrograms = ['take', 'nft'];

/**
 * A machine with the recording programs, and others.
 *
 * @param files what can be read; every file can be written
 */
export function recordingMachine(
  programs: readonly string[] = [],
  files: Readonly<Record<string, string>> = {},
): RecordingMachine {
  const record: string[] = [];
  const invocations: Invocation[] = [];
  const written = new Map<string, string>();
  const list: Machine['list'] = (folder) => {
    const inside = folder.endsWith('/') ? folder : `${folder}/`;
    const names = Object.keys(files)
      .filter((path) => path.startsWith(inside))
      .map((path) => path.slice(inside.length).split('/')[0] ?? '');
    return names.length > 0 ? [...new Set(names)] : null;
  };
  return {
    record,
    invocations,
    written,
    commands: new Set([...recordingPrograms, ...programs]),
    run: (invocation) => {
      const { name, words, takeInput } = invocation;
      const args = words.slice(1).map(({ text }) => text);
      invocations.push(invocation);
      if (name === 'say') return { status: 0, stdout: `${args.join(' ')}\n`, stderr: '' };
      const input = readingPrograms.includes(name) ? [takeInput().text] : [];
      record.push([name, ...[...args, ...input].map((text) => `${text.length}:${text}`)].join(' '));
      const status = name === 'fail' ? Number(args[0]) : name === 'no' ? 1 : 0;
      return { status, stdout: '', stderr: '' };
    },
    read: (path) => files[path] ?? null,
    open: (path, append) => {
      if (path.startsWith('/nonexistent/')) return 'Directory nonexistent';
      if (!append) written.set(path, '');
      return {
        write: (text) => {
          if (text.includes('invalid')) return 'Invalid argument';
          written.set(path, (written.get(path) ?? '') + text);
          return null;
        },
      };
    },
    list,
  };
}
