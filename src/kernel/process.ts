import type { ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { execa } from 'execa';
import { LabError } from '../net/error.ts';

/** How a command that ran to its end, ended. */
export interface Finished {
  readonly command: string;
  readonly stdout: string;
  readonly stderr: string;
  /** `null` when it was killed. */
  readonly exitCode: number | null;
}

/** Seconds. */
const defaultPatience = 30;

/**
 * The folders in which programs are looked for. npm puts its packages' programs first on the PATH, and one of them is
 * called `nft`; an ordinary user's PATH lacks the administrator's folders.
 */
export const searchPath: readonly string[] = [
  ...(process.env['PATH'] ?? '').split(':').filter((folder) => !folder.includes('/node_modules/')),
  ...['/usr/local/sbin', '/usr/sbin', '/sbin'],
];

/** What every program gets to see of our environment. Messages that we read are in English. */
const environment = { PATH: searchPath.join(':'), LC_ALL: 'C.UTF-8' };

/** Runs a command on the user's own terminal, and returns its exit status. */
export async function interact(command: readonly string[]): Promise<number> {
  const [file, args] = split(command);
  const { exitCode } = await execa(file, args, { stdio: 'inherit', env: environment, reject: false });
  return exitCode ?? 1;
}

/** The error for a command that should have succeeded. */
export function failure(what: string, { command, stdout, stderr, exitCode }: Finished): LabError {
  const said = lastLines(stderr) || lastLines(stdout) || `'${command}' ended with status ${exitCode ?? 'unknown'}`;
  return new LabError('lab-failed', `${what}: ${said}`);
}

/** A process that runs until it is stopped, and says things meanwhile. */
export interface Daemon {
  readonly name: string;
  /** Every line it has said so far, on either stream. */
  readonly lines: readonly string[];
  /** Binary standard output; only where `start` was asked for it, and then not among the lines. */
  readonly stdout: NodeJS.ReadableStream;
  /** Writes to its standard input. */
  write(text: string): void;
  /** Calls `listen` with every line it says from now on. */
  onLine(listen: (line: string) => void): void;
  /**
   * Resolves with the first line, said already or yet to come, that matches.
   *
   * @throws LabError `lab-failed` when it ends, or `patience` seconds pass, without such a line
   */
  says(pattern: RegExp, patience?: number): Promise<string>;
  /** Resolves when it has ended by itself or by `stop`. */
  readonly ended: Promise<void>;
  readonly running: boolean;
  /** Sends it a signal and waits until it has ended; kills it after `patience` seconds. */
  stop(signal?: NodeJS.Signals, patience?: number): Promise<void>;
}

export interface StartOptions {
  /** Standard output is binary and read by the caller; only standard error is split into lines. */
  readonly binary?: boolean;
}

/** Starts a process; one that runs inside a sandbox dies with it, whatever becomes of this program. */
export function start(name: string, command: readonly string[], options: StartOptions = {}): Daemon {
  const [file, args] = split(command);
  const child = execa(file, args, { stdin: 'pipe', buffer: false, reject: false, all: true, env: environment });
  const lines: string[] = [];
  const listeners = new Set<(line: string) => void>();
  createInterface({ input: options.binary ? child.stderr : child.all }).on('line', (line) => {
    lines.push(line);
    for (const listener of listeners) listener(line);
  });
  child.stdin.on('error', () => undefined); // It ended before it had read its input; `says` and `ended` tell.

  let running = true;
  const ended = child.then((result) => {
    running = false;
    if (result.code === 'ENOENT') lines.push(missing(file).message);
  });
  const says: Daemon['says'] = (pattern, patience = defaultPatience) =>
    new Promise((resolve, reject) => {
      const settle = (line: string | undefined, how: string): void => {
        clearTimeout(timer);
        listeners.delete(listen);
        const tail = lastLines(lines.join('\n'));
        if (line !== undefined) resolve(line);
        else reject(new LabError('lab-failed', `${name} ${how}${tail && `; it said: ${tail}`}`));
      };
      const listen = (line: string): void => {
        if (pattern.test(line)) settle(line, '');
      };
      const timer = setTimeout(() => {
        settle(undefined, `did not say ${String(pattern)} within ${patience} s`);
      }, patience * 1000);
      listeners.add(listen);
      void ended.then(() => {
        settle(undefined, `ended before it said ${String(pattern)}`);
      });
      const said = lines.find((line) => pattern.test(line));
      if (said !== undefined) settle(said, '');
    });

  return {
    name,
    lines,
    stdout: child.stdout,
    ended,
    get running() {
      return running;
    },
    write: (text) => void child.stdin.write(text),
    onLine: (listen) => void listeners.add(listen),
    says,
    stop: async (signal = 'SIGTERM', patience = 5) => {
      if (!running) return;
      await signalInside(child, signal);
      const timer = setTimeout(() => void signalInside(child, 'SIGKILL'), patience * 1000);
      await ended;
      clearTimeout(timer);
    },
  };
}

/**
 * Signals the program that `nsenter` or `unshare` waits for. To enter a pid namespace is to fork: the process we
 * started only waits, and passes no signal on.
 */
async function signalInside(child: Pick<ChildProcess, 'pid' | 'kill'>, signal: NodeJS.Signals): Promise<void> {
  const pid = String(child.pid);
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const inside = children.split(' ').filter(Boolean).map(Number);
  for (const target of inside) {
    try {
      process.kill(target, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
  if (inside.length === 0) child.kill(signal);
}

function split(command: readonly string[]): [string, readonly string[]] {
  const [file, ...args] = command;
  if (file === undefined) throw new Error('an empty command');
  return [file, args];
}

function missing(file: string): LabError {
  return new LabError('cannot-run', `there is no program '${file}' on this machine`, 'run: sh lab/setup');
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-4).join(' | ');
}
