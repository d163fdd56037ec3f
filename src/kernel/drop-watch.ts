import { readFile, readlink } from 'node:fs/promises';
import { cpus } from 'node:os';
import { LabError } from '../net/error.ts';
import { readDropLine, readReasons, type DropLine } from './drop-lines.ts';
import type { Daemon } from './process.ts';
import { openSandbox, type Sandbox } from './sandbox.ts';

/** A packet that was dropped somewhere on this machine. */
export type SeenDrop = Extract<DropLine, { kind: 'drop' }>;

/** Watches what IP drops, on the whole machine, until it is released. */
export interface DropWatch {
  /** The kernel's name for a reason. */
  nameOf(reason: number): string;
  /**
   * What was dropped up to now, in whatever network namespace.
   *
   * @throws LabError `lab-failed` if some of it may have been missed
   */
  drops(): Promise<readonly SeenDrop[]>;
  readonly release: () => Promise<void>;
}

/** Seconds; to compile its program, bpftrace takes half a second of work. */
const patience = 60;

/** The one watch of this program, which all of its labs share, and how many do. */
let shared: { readonly watch: Promise<Running | null>; users: number } | null = null;

/**
 * Resolves when the watch runs, or with null where the kernel doesn't let us watch: in a user namespace, without bpftrace,
 * or without BTF (CONFIG_DEBUG_INFO_BTF). It is one for all labs: to start it costs half a second of work.
 */
export async function watchDrops(): Promise<DropWatch | null> {
  const own = (shared ??= { watch: startWatch(), users: 0 });
  own.users++;
  const running = await own.watch;
  let released = false;
  const release = async (): Promise<void> => {
    if (released) return;
    released = true;
    own.users--;
    if (own.users > 0) return;
    shared = null;
    await running?.stop();
  };
  if (!running) return null;
  const missed = running.missed();
  return {
    nameOf: running.nameOf,
    drops: async () => {
      const drops = await running.drops();
      if (running.missed() > missed)
        throw new LabError('lab-failed', 'bpftrace lost events: there were too many at a time');
      return drops;
    },
    release,
  };
}

interface Running {
  readonly nameOf: (reason: number) => string;
  readonly drops: () => Promise<readonly SeenDrop[]>;
  /** How often events were lost. */
  readonly missed: () => number;
  readonly stop: () => Promise<void>;
}

/** It runs in a sandbox of its own, for the kernel to end it together with this program, and for a private tracefs. */
async function startWatch(): Promise<Running | null> {
  if (process.getuid?.() !== 0) return null;
  const sandbox = await openSandbox();
  try {
    const running = sandbox.rootless ? null : await startIn(sandbox);
    if (!running) await sandbox.close();
    return running;
  } catch (error) {
    await sandbox.close();
    throw error;
  }
}

/** The reasons that are asked for: what comes of where a packet is from. Of others there may be more than can be told. */
const told: readonly string[] = ['IP_RPFILTER', 'IP_LOCAL_SOURCE', 'IP_INVALID_SOURCE'];

const prepare = `mount -t tracefs tracefs /sys/kernel/tracing && mount -t debugfs debugfs /sys/kernel/debug &&
cat /sys/kernel/tracing/events/skb/kfree_skb/format`;

async function startIn(sandbox: Sandbox): Promise<Running | null> {
  const { exitCode, stdout: format } = await sandbox.attempt(null, ['sh', '-euc', prepare]);
  const reasons = readReasons(format);
  const wanted = [...reasons].filter(([, name]) => told.includes(name)).map(([reason]) => reason);
  if (exitCode !== 0 || wanted.length === 0) return null;
  const program = await readFile(new URL('drops.bt', import.meta.url), 'utf8');
  const begin = `BEGIN { ${wanted.map((reason) => `@wanted[${reason}] = 1; `).join('')}printf("watching\\n"); }`;
  const daemon = sandbox.start('bpftrace', null, ['bpftrace', '-B', 'line', '-e', `${program}\n${begin}`]);
  const drops: SeenDrop[] = [];
  let missed = 0;
  /** By processor: up to when all is told. */
  const upTo = new Map<number, bigint>();
  const waiting = new Set<() => void>();
  daemon.onLine((line) => {
    const read = readDropLine(line);
    if (read?.kind === 'drop') drops.push(read);
    if (read?.kind === 'tick') upTo.set(read.cpu, read.time);
    if (/^Lost \d+ events/.test(line)) missed++;
    for (const look of waiting) look();
  });
  const until = (condition: () => boolean): Promise<void> => waitFor(daemon, waiting, condition);
  try {
    await daemon.says(/^watching$/, patience);
  } catch (error) {
    if (error instanceof LabError) return null; // It says why it can't, and ends.
    throw error;
  }
  await untilItSees(sandbox, (own) => until(() => drops.some(({ namespace }) => namespace === own)));
  return {
    nameOf: (reason) => reasons.get(reason) ?? String(reason),
    drops: async () => {
      const now = await kernelTime();
      await until(() => upTo.size === cpus().length && [...upTo.values()].every((time) => time > now));
      return [...drops];
    },
    missed: () => missed,
    stop: () => sandbox.close(),
  };
}

/** A packet that comes in by an interface where no answer to it would go out, and a strict filter. */
const stray = `ip link add near type veth peer name far address 02:00:00:00:00:01
ip address add 10.0.0.1/24 dev near
ip link set near up
ip link set far up
ip neighbour add 10.0.0.2 lladdr 02:00:00:00:00:01 dev near
ip route add default via 10.0.0.2
cd /proc/sys/net/ipv4
echo 1 >ip_forward
echo 1 >conf/far/accept_local
echo 1 >conf/far/rp_filter
while :; do echo | socat -u - UDP4-SENDTO:192.0.2.1:9 || :; done`;

/** Resolves when a drop of the sandbox's own, made again and again, is seen: then no later one is missed. */
async function untilItSees(sandbox: Sandbox, seen: (namespace: number) => Promise<void>): Promise<void> {
  const link = await readlink(sandbox.path('/proc/1/ns/net'));
  const job = sandbox.launch(null, ['sh', '-euc', stray]);
  await seen(Number(/\d+/.exec(link)?.[0]));
  await job.stop();
}

/** Resolves when a condition on what was read holds. */
function waitFor(daemon: Daemon, waiting: Set<() => void>, condition: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: LabError): void => {
      clearTimeout(timer);
      waiting.delete(look);
      if (error) reject(error);
      else resolve();
    };
    const failed = (how: string): void => {
      settle(
        new LabError(
          'lab-failed',
          `bpftrace ${how}: ${daemon.lines.filter((line) => !readDropLine(line)).join(' | ')}`,
        ),
      );
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

/** Nanoseconds of the clock that the watch's processors tell: since the machine was started, asleep or awake. */
async function kernelTime(): Promise<bigint> {
  const [seconds = ''] = (await readFile('/proc/uptime', 'utf8')).split(' ');
  // It is given in hundredths, cut off.
  return (BigInt(Math.round(Number(seconds) * 100)) + 1n) * 10_000_000n;
}
