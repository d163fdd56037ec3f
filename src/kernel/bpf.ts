import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { LabError } from '../net/error.ts';
import type { Daemon } from './process.ts';
import type { Sandbox } from './sandbox.ts';

/** A program of bpftrace's that tells what the kernel does, line by line, on the whole machine. */
export interface BpfProgram {
  /** Resolves when a condition on what was read holds. @throws LabError `lab-failed` when it ends before */
  until(condition: () => boolean): Promise<void>;
  /** Resolves when all is read that happened up to now. @throws LabError `lab-failed` when it ends before */
  caughtUp(): Promise<void>;
  /** How often events were lost. */
  missed(): number;
}

/** Seconds; to compile a program, bpftrace takes half a second of work. */
const patience = 60;

/** What bpftrace's tracepoints need to be there. */
export const tracefs = 'mount -t tracefs tracefs /sys/kernel/tracing && mount -t debugfs debugfs /sys/kernel/debug';

/** The lines of one processor come in order: when each has said the time, all that happened before is told. */
const ticks = 'profile:hz:10 { printf("tick %d %llu\\n", cpu, nsecs); }';

/**
 * Starts a program, in a sandbox whose tracefs is mounted, and resolves when it has begun. Not all of its probes need be there then.
 *
 * @param begin what it does first, in bpftrace's language
 * @param take reads a line; false: it is none of the program's own
 * @throws LabError `lab-failed` with bpftrace's own words if it can't be
 */
export async function startBpf(
  sandbox: Sandbox,
  program: string,
  begin: string,
  take: (line: string) => boolean,
): Promise<BpfProgram> {
  const whole = `${program}\n${ticks}\nBEGIN { ${begin} printf("watching\\n"); }`;
  const daemon = sandbox.start('bpftrace', null, ['bpftrace', '-B', 'line', '-e', whole]);
  const waiting = new Set<() => void>();
  /** By processor: up to when all is told. */
  const upTo = new Map<number, bigint>();
  /** What bpftrace has to say for itself. */
  const said: string[] = [];
  let missed = 0;
  daemon.onLine((line) => {
    const [, cpu, time] = /^tick (\d+) (\d+)$/.exec(line) ?? [];
    if (time !== undefined) upTo.set(Number(cpu), BigInt(time));
    else if (/^Lost \d+ events/.test(line)) missed++;
    else if (!take(line)) said.push(line);
    for (const look of waiting) look();
  });
  await daemon.says(/^watching$/, patience);
  const until = (condition: () => boolean): Promise<void> => waitFor(daemon, said, waiting, condition);
  return {
    until,
    caughtUp: async () => {
      const now = await kernelTime();
      await until(() => upTo.size === cpus().length && [...upTo.values()].every((time) => time > now));
    },
    missed: () => missed,
  };
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

/** Nanoseconds of the clock that bpftrace tells (`nsecs`): since the machine was started, asleep or awake. */
async function kernelTime(): Promise<bigint> {
  const [seconds = ''] = (await readFile('/proc/uptime', 'utf8')).split(' ');
  // It is given in hundredths, cut off.
  return (BigInt(Math.round(Number(seconds) * 100)) + 1n) * 10_000_000n;
}
