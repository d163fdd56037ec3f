/** What the shell's tests share: a machine that records. */
import { createSystem } from '../programs/system.ts';
import { programs as ordinary } from '../programs/table.ts';
import { evaluation, type EvaluateOptions, type Outcome } from './evaluate.ts';
import type { Invocation, Machine, OpenFile, Result } from './machine.ts';
import { createProcesses, type Timer } from './process.ts';

export interface RecordingMachine extends Machine {
  /** Each program that was run, as `name 2:ab 0:`: its arguments, each after its length; and for `take`, its input. */
  readonly record: readonly string[];
  readonly invocations: readonly Invocation[];
  /** What was written to each file. */
  readonly written: ReadonlyMap<string, string>;
  /** Has all that was begun go on to its end; what still waits for time to pass only as long as that is wanted. */
  finish(wanted: () => boolean): void;
}

/** What its programs do; any other only succeeds. `no` fails with status 1, `fail N` with status N. */
export const recordingPrograms = ['ok', 'no', 'fail', 'say', 'take'];
/** Those that record their input, too. */
export const readingPrograms = ['take', 'nft'];

/**
 * A machine with the recording programs, and others.
 *
 * @param files what can be read; every file can be written; those with `#!` in them can be run
 */
export function recordingMachine(
  programs: readonly string[] = [],
  files: Readonly<Record<string, string>> = {},
): RecordingMachine {
  const record: string[] = [];
  const invocations: Invocation[] = [];
  const written = new Map<string, string>();
  const timer = manualTimer();
  const processes = createProcesses(timer);
  const system = createSystem(processes, (path) => path !== '/nonexistent');
  const list: Machine['list'] = (folder) => {
    const inside = folder.endsWith('/') ? folder : `${folder}/`;
    const names = Object.keys(files)
      .filter((path) => path.startsWith(inside))
      .map((path) => path.slice(inside.length).split('/')[0] ?? '');
    return names.length > 0 ? [...new Set(names)] : null;
  };
  const commands = new Set([...recordingPrograms, ...ordinary.keys(), ...programs]);
  const note = ({ name, words }: Invocation, input: readonly string[]): Result => {
    const args = words.slice(1).map(({ text }) => text);
    record.push([name, ...[...args, ...input].map((text) => `${text.length}:${text}`)].join(' '));
    const status = name === 'fail' ? Number(args[0]) : name === 'no' ? 1 : 0;
    return { status, stdout: '', stderr: '' };
  };
  const run: Machine['run'] = (invocation) => {
    const { name, words, takeInput } = invocation;
    invocations.push(invocation);
    if (name === 'say') {
      const said = words.slice(1).map(({ text }) => text);
      return { status: 0, stdout: `${said.join(' ')}\n`, stderr: '' };
    }
    const program = ordinary.get(name);
    if (program) return program(invocation, system, { commands, run });
    if (!readingPrograms.includes(name)) return note(invocation, []);
    return (function* () {
      const { text } = yield* takeInput();
      return note(invocation, [text]);
    })();
  };
  return {
    record,
    invocations,
    written,
    processes,
    finish: timer.finish,
    commands,
    run,
    script: (path) => (files[path]?.startsWith('#!') ? files[path] : null),
    read: (path) => files[path] ?? system.files.read(path),
    pipe: (path) => system.files.pipe(path),
    open: (path, append) => {
      const file = system.files.open(path, append);
      if (typeof file === 'string') return 'Directory nonexistent';
      if (!append) written.set(path, '');
      const opened: OpenFile = {
        inode: file.inode,
        close: () => {
          system.locks.release(opened);
        },
        write: (text) => {
          if (text.includes('invalid')) return 'Invalid argument';
          written.set(path, (written.get(path) ?? '') + text);
          return file.write(text);
        },
      };
      return opened;
    },
    list,
  };
}

/** Runs a script to its end, and what it has left in the background up to where that waits for time to pass. */
export function evaluate(
  source: string,
  options: Omit<EvaluateOptions, 'machine'> & { readonly machine: Machine & Pick<RecordingMachine, 'finish'> },
): Outcome {
  const { processes, finish } = options.machine;
  const outcomes: Outcome[] = [];
  processes.start(
    (function* () {
      const outcome = yield* evaluation(source, options);
      outcomes.push(outcome);
      return outcome.status;
    })(),
  );
  finish(() => outcomes.length === 0);
  const [outcome] = outcomes;
  if (!outcome) throw new Error(`it waits for what never comes: ${source}`);
  return outcome;
}

/** A time that passes only as far as somebody waits for it. */
function manualTimer(): Timer & { readonly finish: RecordingMachine['finish'] } {
  let queue: { readonly time: number; readonly action: () => void }[] = [];
  let now = 0;
  return {
    get now() {
      return now;
    },
    after: (seconds, action) => {
      const time = now + seconds;
      const place = queue.findIndex((each) => each.time > time);
      queue.splice(place < 0 ? queue.length : place, 0, { time, action });
    },
    finish: (wanted) => {
      for (let next = queue.shift(); next && (next.time === now || wanted()); next = queue.shift()) {
        now = next.time;
        try {
          next.action();
        } catch (error) {
          queue = [];
          throw error;
        }
      }
    },
  };
}
