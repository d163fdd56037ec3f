import { watch, type FSWatcher } from 'node:fs';
import { readFile, readlink } from 'node:fs/promises';
import { LabError } from '../net/error.ts';
import { failure, start, type Daemon, type Finished, type StartOptions } from './process.ts';

/**
 * A private world for one lab: mount, pid and network namespaces of its own (and a user namespace where we aren't
 * root), with a private /run. Its first process, `tini`, reaps orphans and runs a shell that reads our commands from a
 * pipe; when our end of that pipe closes, however that comes about, the shell ends, tini ends, and the kernel ends
 * every process inside. With them goes every namespace, link and mount.
 */
export interface Sandbox {
  /** Whether it lives in a user namespace, made by an ordinary user. */
  readonly rootless: boolean;
  /** The path by which a file inside is reached from outside. */
  path(inside: string): string;
  /** Starts a command in a host, or with `null` in the sandbox's own network namespace. */
  launch(host: string | null, command: readonly string[], options?: JobOptions): Job;
  /** Runs a command to its end, whatever its exit status. */
  attempt(host: string | null, command: readonly string[], options?: JobOptions): Promise<Finished>;
  /**
   * Runs a command that must succeed, and returns what it printed on standard output.
   *
   * @param what the step of the lab that this is, for the error: `building the network`
   * @throws LabError `lab-failed` with the command's own words if it fails
   */
  run(what: string, host: string | null, command: readonly string[], options?: JobOptions): Promise<string>;
  /** Starts a process whose output is wanted line by line, or byte by byte, as it comes. */
  start(name: string, host: string | null, command: readonly string[], options?: StartOptions): Daemon;
  /** The command line that, run outside, runs a command inside. */
  enter(host: string | null, command: readonly string[]): readonly string[];
  /** Ends everything inside. */
  close(): Promise<void>;
}

export interface JobOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A command that was started inside; its output is kept in the sandbox. */
export interface Job {
  /** Resolves when it has ended, or the sandbox has. */
  readonly ended: Promise<Finished>;
  /** What it has said so far, on either stream. */
  readonly said: () => Promise<string>;
  /**
   * Resolves when it has said something that matches.
   *
   * @throws LabError `lab-failed` when it ends, or `patience` seconds pass, without
   */
  says(pattern: RegExp, patience: number): Promise<void>;
  /** Tells it to end (SIGTERM), and resolves when it has. */
  stop(): Promise<void>;
}

/** Where the sandbox keeps its hosts' namespaces, as `ip netns` has them. */
const namespaces = '/run/netns';
/** A private, memory-backed folder for sockets and output. */
export const scratch = '/run/lab';

// Before /proc is mounted anew, /proc/self/stat tells the shell's process id as the outside sees it.
const preparation = `set -u
read -r pid rest </proc/self/stat
mount -t tmpfs tmpfs /run && mkdir ${namespaces} ${scratch} /run/sshd && mount -t proc proc /proc &&
ip link set lo up && echo "inside $pid"
`;

/**
 * Opens a sandbox: as root with plain namespaces, otherwise (or where root may not make them) in a user namespace.
 *
 * @throws LabError `cannot-run` where the machine allows neither
 */
export async function openSandbox(): Promise<Sandbox> {
  const refusals: string[] = [];
  for (const rootless of process.getuid?.() === 0 ? [false, true] : [true]) {
    const shell = start('the sandbox', [
      ...['setpriv', '--pdeathsig', 'KILL', 'unshare', ...(rootless ? ['--user', '--map-root-user'] : [])],
      ...['--net', '--mount', '--pid', '--fork', '--kill-child', 'tini', '--', 'sh'],
    ]);
    try {
      shell.write(preparation);
      const line = await shell.says(/^inside \d+$/, 10);
      const pid = Number(line.slice('inside '.length));
      await assertPrivate(pid);
      return sandboxAround(shell, pid, rootless);
    } catch (error) {
      await shell.stop('SIGKILL');
      if (!(error instanceof LabError) || error.code !== 'lab-failed') throw error;
      refusals.push(shell.lines.at(-1) ?? error.message);
    }
  }
  throw new LabError(
    'cannot-run',
    `this machine lets us make no network namespaces (${refusals.join('; ')})`,
    'run as root, or let ordinary users make user namespaces: sysctl -w kernel.unprivileged_userns_clone=1 ' +
      '(Debian), sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu)',
  );
}

function sandboxAround(shell: Daemon, pid: number, rootless: boolean): Sandbox {
  const path = (inside: string): string => `/proc/${pid}/root${inside}`;
  const enter: Sandbox['enter'] = (host, command) => [
    ...['nsenter', '--target', String(pid), ...(rootless ? ['--user', '--preserve-credentials'] : [])],
    ...['--mount', '--pid', host === null ? '--net' : `--net=${path(`${namespaces}/${host}`)}`, '--', ...command],
  ];

  const waiting = new Map<number, (exitCode: number | null) => void>();
  const beginning = new Map<number, (process: number) => void>();
  let count = 0;
  shell.onLine((line) => {
    const [, what, job, value] = /^(began|ended) (\d+) (\d+)$/.exec(line) ?? [];
    if (what === 'began') beginning.get(Number(job))?.(Number(value));
    if (what === 'ended') waiting.get(Number(job))?.(Number(value));
  });
  void shell.ended.then(() => {
    for (const settle of waiting.values()) settle(null);
  });

  const launch: Sandbox['launch'] = (host, command, { input, env = {} } = {}) => {
    const number = ++count;
    const [stdout, stderr] = [`${scratch}/${number}.out`, `${scratch}/${number}.err`];
    const variables = Object.entries(env).map(([name, value]) => `${name}=${quote(value)}`);
    const words = [
      ...variables,
      ...(host === null ? [] : ['nsenter', `--net=${namespaces}/${host}`]),
      ...command.map(quote),
    ].join(' ');
    // Not a here-document, which always ends in a newline, and in any line that looks like its end.
    const [feed, source] = input === undefined ? ['', '</dev/null'] : [`printf %s ${quote(input)} | `, ''];
    const read = (file: string): Promise<string> => readFile(path(file), 'utf8').catch(() => '');
    const began = new Promise<number>((resolve) => beginning.set(number, resolve));
    const ended = new Promise<number | null>((resolve) => {
      if (shell.running) waiting.set(number, resolve);
      else resolve(null);
    }).then(async (exitCode): Promise<Finished> => {
      waiting.delete(number);
      const [out, err] = await Promise.all([read(stdout), read(stderr)]);
      return { stdout: out, stderr: err, exitCode, command: command.join(' ') };
    });
    const work = `${feed}${words} >${stdout} 2>${stderr} ${source} & echo "began ${number} $!"`;
    shell.write(`{ ${work}; wait $!; echo "ended ${number} $?"; } &\n`);
    const said = async (): Promise<string> => (await Promise.all([read(stdout), read(stderr)])).join('');
    const says: Job['says'] = (pattern, patience) =>
      new Promise((resolve, reject) => {
        const settle = (error?: LabError): void => {
          clearTimeout(timer);
          watcher?.close();
          if (error) reject(error);
          else resolve();
        };
        const look = async (otherwise?: string): Promise<void> => {
          const text = await said();
          if (pattern.test(text)) settle();
          else if (otherwise !== undefined) {
            settle(new LabError('lab-failed', `'${words}' ${otherwise} ${String(pattern)}: ${text.trim()}`));
          }
        };
        const timer = setTimeout(() => void look(`did not say within ${patience} s`), patience * 1000);
        // The watch is on before the first look, so nothing is missed between.
        let watcher: FSWatcher | undefined;
        try {
          watcher = watch(path(scratch), (_, file) => {
            if (file === `${number}.out` || file === `${number}.err`) void look();
          });
        } catch {
          settle(new LabError('lab-failed', `the sandbox was gone before '${words}' said ${String(pattern)}`));
          return;
        }
        void ended.then(() => look('ended before it said'));
        void look();
      });
    const stop: Job['stop'] = async () => {
      const process = await Promise.race([began, ended.then(() => null)]);
      if (process !== null) shell.write(`kill -TERM ${process} 2>/dev/null\n`);
      await ended;
    };
    return { ended, said, says, stop };
  };
  const attempt: Sandbox['attempt'] = (host, command, options) => launch(host, command, options).ended;
  return {
    rootless,
    path,
    enter,
    launch,
    attempt,
    run: async (what, host, command, options) => {
      const finished = await attempt(host, command, options);
      if (finished.exitCode !== 0) throw failure(what, finished);
      return finished.stdout;
    },
    // nsenter only waits; were it killed, the command would go on, and we would wait for it for ever.
    start: (name, host, command, options) =>
      start(name, enter(host, ['setpriv', '--pdeathsig', 'KILL', '--', ...command]), options),
    close: () => shell.stop('SIGKILL'),
  };
}

/** A word of a shell's command line, meaning itself. */
export function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** Refuses to go on in a namespace that isn't the sandbox's own. */
async function assertPrivate(pid: number): Promise<void> {
  for (const kind of ['net', 'mnt', 'pid']) {
    const [ours, theirs] = await Promise.all([readlink(`/proc/self/ns/${kind}`), readlink(`/proc/${pid}/ns/${kind}`)]);
    if (ours === theirs) {
      throw new LabError('cannot-run', `the sandbox shares the machine's ${kind} namespace (${ours}): refusing to run`);
    }
  }
}
