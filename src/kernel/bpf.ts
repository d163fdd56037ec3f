import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { LabError } from '../net/error.ts';
import type { Daemon } from './process.ts';
import type { Sandbox } from './sandbox.ts';

/** A program of bpftrace's that tells what the kernel does, line by line, on the whole machine. */
export interface BpfProgram {
  /** Resolves when a condition on what was read holds. @throws LabError `lab-failed` when it ends before */
  until(condition: () => boolean): Promise<void>;
  /** Resolves when all is read that happened up to now. @throws LabError `lab-failed` when it ends before, or has said what can't be read */
  caughtUp(): Promise<void>;
  /** How often events were lost, for there were too many at a time. */
  missed(): number;
  /**
   * How many events at these tracepoints the kernel has kept from the program: those of what interrupted a processor while it ran this
   * or another program for bpftrace or its like, and those that came while a process that changes such a program's maps waited for its
   * turn there. It counts them itself (since Linux 5.12: recursion_misses in fdinfo); which they were, it doesn't say.
   */
  keptBack(tracepoints: readonly string[]): Promise<number>;
}

/** Seconds; to compile a program, bpftrace takes half a second of work. */
const patience = 60;

/** Sees to what bpftrace's tracepoints need to be there; systemd has it mounted already. */
export const tracefs =
  '{ test -e /sys/kernel/tracing/events || mount -t tracefs tracefs /sys/kernel/tracing; } && ' +
  '{ test -e /sys/kernel/debug/tracing || mount -t debugfs debugfs /sys/kernel/debug; }';

/**
 * The lines of one processor come in order: when a process of a certain name has marked each, all that happened before is told.
 * (A timer wouldn't do: on Linux 6.18, perf's clock stands still on a processor that has nothing to do.) The mark is something that
 * hardly anybody does: while one program runs on a processor, the kernel keeps what interrupts it from all others.
 */
const marks = (mark: string): string =>
  `tracepoint:oom:oom_score_adj_update /strncmp(comm, "${mark}", ${mark.length}) == 0/ { printf("marked %d %s\\n", cpu, comm); }`;

/** The shell's commands that give a process the name by which its marks are known, and that make one. */
const renamed = (mark: string, number: number): string => `cd /proc/self; echo ${mark}${number} >comm`;
const touched = 'read -r value <oom_score_adj; echo $value >oom_score_adj';

/**
 * Starts a program, in a sandbox whose tracefs is mounted, and resolves when it has begun. Not all of its probes need be there then.
 *
 * @param begin what it does first, in bpftrace's language
 * @param take reads a line; false: it is none of the program's own, or can't be read
 * @throws LabError `lab-failed` with bpftrace's own words if it can't be
 */
export async function startBpf(
  sandbox: Sandbox,
  program: string,
  begin: string,
  take: (line: string) => boolean,
): Promise<BpfProgram> {
  // A process's name has at most fifteen characters: these seven, and a number.
  const mark = `${randomInt(36 ** 5, 36 ** 6).toString(36)}.`;
  const processors = readProcessors(await sandbox.run('asking for processors', null, ['sh', '-c', 'taskset -cp $$']));
  const whole = `${program}\n${marks(mark)}\nBEGIN { ${begin} printf("watching\\n"); }`;
  const daemon = sandbox.start('bpftrace', null, ['bpftrace', '-B', 'line', '-e', whole]);
  const waiting = new Set<() => void>();
  /** By processor: the highest number of a process that marked it. */
  const upTo = new Map<number, number>();
  let count = 0;
  /** What bpftrace has to say for itself. */
  const said: string[] = [];
  let missed = 0;
  /** The first of its lines that can't be read. */
  let unread: string | null = null;
  daemon.onLine((line) => {
    const [, processor, name] = /^marked (\d+) (\S+)$/.exec(line) ?? [];
    if (name?.startsWith(mark)) {
      // Those of several that ask at a time come in any order.
      const latest = upTo.get(Number(processor)) ?? 0;
      upTo.set(Number(processor), Math.max(latest, Number(name.slice(mark.length))));
    } else if (/^Lost \d+ events/.test(line)) missed++;
    else if (!take(line)) {
      said.push(line);
      if (program.includes(`printf("${line.replace(/ .*/, '')} `)) unread ??= line;
    }
    for (const look of waiting) look();
  });
  await daemon.says(/^watching$/, patience);
  const until = (condition: () => boolean): Promise<void> => waitFor(daemon, said, waiting, condition);
  // Made again and again until it is seen: then no later mark is missed.
  const first = sandbox.launch(null, ['sh', '-euc', `${renamed(mark, 0)}; while :; do ${touched}; done`]);
  await until(() => upTo.size > 0);
  await first.stop();
  return {
    until,
    caughtUp: async () => {
      const number = ++count;
      const each = processors.map(
        (processor) => `taskset -c ${processor} sh -euc '${renamed(mark, number)}; ${touched}'`,
      );
      await sandbox.run('marking the end of what is watched', null, ['sh', '-euc', each.join('\n')]);
      await until(() => processors.every((processor) => (upTo.get(processor) ?? 0) >= number));
      if (unread !== null) throw new LabError('lab-failed', `bpftrace said what can't be read: ${unread}`);
    },
    missed: () => missed,
    keptBack: async (tracepoints) => {
      // Of the sandbox's processes only bpftrace has programs. Those that end meanwhile can't be read.
      const each =
        "cat /proc/[0-9]*/fdinfo/* 2>/dev/null | awk '/^prog_tag:/ { tag = $2 } /^recursion_misses:/ { print tag, $2 }'";
      const programs = readMisses(await sandbox.run('asking what was kept back', null, ['sh', '-c', each]));
      if (programs.length === 0) return 0;
      const names = namesByTag(await readFile('/proc/kallsyms', 'latin1'));
      // Of a long name, the kernel keeps fifteen characters. One whose name isn't known may be any.
      const isAsked = (name: string): boolean => tracepoints.some((tracepoint) => tracepoint.startsWith(name));
      return programs
        .filter(({ tag }) => names.get(tag)?.some(isAsked) ?? true)
        .reduce((sum, { misses }) => sum + misses, 0);
    },
  };
}

interface Misses {
  /** What the kernel knows a program's instructions by. */
  readonly tag: string;
  readonly misses: number;
}

/** Reads `TAG MISSES`, a line for each program; only of those that have missed any. */
function readMisses(said: string): readonly Misses[] {
  return said
    .trim()
    .split('\n')
    .map((line) => line.split(' '))
    .map(([tag = '', misses]) => ({ tag, misses: Number(misses) }))
    .filter(({ misses }) => misses > 0);
}

/** The names of the programs that are compiled (/proc/kallsyms): those of their tracepoints, as bpftrace has it. */
function namesByTag(symbols: string): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, string[]>();
  for (const [, tag = '', name = ''] of symbols.matchAll(/ bpf_prog_([\da-f]{16})_(\w+)/g)) {
    names.set(tag, [...(names.get(tag) ?? []), name]);
  }
  return names;
}

function waitFor(
  daemon: Daemon,
  said: readonly string[],
  waiting: Set<() => void>,
  condition: () => boolean,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: LabError): void => {
      clearTimeout(timer);
      waiting.delete(look);
      if (error) reject(error);
      else resolve();
    };
    const failed = (how: string): void => {
      settle(new LabError('lab-failed', `bpftrace ${how}: ${said.join(' | ')}`));
    };
    const look = (): void => {
      if (condition()) settle();
      else if (!daemon.running) failed('stopped');
    };
    const timer = setTimeout(() => {
      failed(`had ${patience} s, and they were over`);
    }, patience * 1000);
    waiting.add(look);
    void daemon.ended.then(look);
    look();
  });
}

/** The processors that a process may run on, from what `taskset -cp` says of it: `pid 7's current affinity list: 0-2,5`. */
function readProcessors(said: string): readonly number[] {
  const list = said.slice(said.lastIndexOf(':') + 1).trim();
  return list.split(',').flatMap((range) => {
    const [first = NaN, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}
