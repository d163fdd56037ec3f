import { executeList } from './execute.ts';
import { invalid, type Location } from './location.ts';
import type { Machine } from './machine.ts';
import type { Job } from './process.ts';
import { readFile } from './read-script.ts';
import { initialVariables } from './run-script.ts';
import { Exit, leave, type Option, type Shared, type Shell } from './state.ts';
import { bufferOutput, type Stream, textInput } from './streams.ts';

export interface EvaluateOptions {
  /** The script's name, for messages and `$0`. */
  readonly file: string;
  readonly environment: Readonly<Record<string, string>>;
  /** `$1` and so on. */
  readonly arguments?: readonly string[];
  /** What is set as if by the command line, `sh -eu`. */
  readonly set?: readonly Option[];
  readonly machine: Machine;
  /**
   * How much may be done before time has passed, 100,000 unless given: a command, an expansion and 64 characters of text are a
   * step each. And in all, twenty times as much.
   */
  readonly steps?: number;
}

/** How a script ended. */
export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Where it was ended: by `exit`, by an error, or by `set -e`; `null` if it came to its end. */
  readonly at: Location | null;
}

/**
 * Runs a script of POSIX sh on a machine, as dash would: work that may have to wait. What the script has left in the background
 * goes on after it.
 *
 * @throws LabError 'invalid', with file, line and column, for what is not supported, and for what doesn't end
 */
export function* evaluation(source: string, options: EvaluateOptions): Job<Outcome> {
  const script = readFile(options.file, source);
  const shared = sharedBy(options);
  const start = { file: options.file, line: 1, column: 1 };
  const output = (): ReturnType<typeof bufferOutput> =>
    bufferOutput((characters) => {
      shared.spend(characters, start);
    });
  const [stdout, stderr] = [output(), output()];
  const environment = Object.entries({ PATH: defaultPath, ...options.environment });
  const exported = environment.map(([name, value]) => [name, { value, exported: true, readonly: false }] as const);
  const shell: Shell = {
    shared,
    name: options.file,
    variables: initialVariables(exported),
    functions: new Map(),
    options: new Set(options.set),
    descriptors: new Map<number, Stream>([
      [0, textInput('', null)],
      [1, stdout],
      [2, stderr],
    ]),
    locals: [],
    positional: options.arguments ?? [],
    status: 0,
    substituted: 0,
    loops: 0,
    depth: 0,
    children: [],
    background: null,
    final: null,
  };
  const ended = (status: number, at: Location | null): Outcome => ({
    status: status & 255,
    stdout: stdout.text(),
    stderr: stderr.text(),
    at,
  });
  try {
    return ended(yield* executeList(shell, script, false), null);
  } catch (error) {
    if (error instanceof Exit) return ended(error.status, error.at);
    throw error;
  } finally {
    leave(shell);
  }
}

/** What a shell takes where the environment has no PATH. */
const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

function sharedBy({ machine, steps = 100_000 }: EvaluateOptions): Shared {
  const { timer } = machine.processes;
  let left = steps;
  let total = steps * 20;
  let since = timer.now;
  return {
    machine,
    spend: (characters, at) => {
      if (timer.now !== since) [left, since] = [steps, timer.now];
      left -= 1 + characters / 64;
      total -= 1 + characters / 64;
      const within = left < 0 ? steps : total < 0 ? steps * 20 : null;
      if (within === null) return;
      throw invalid(at, `this script does not end within ${within} steps`, 'see to it that its loops end');
    },
    execute: executeList,
  };
}
