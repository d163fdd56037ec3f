import { readFile, readlink } from 'node:fs/promises';
import { LabError } from '../net/error.ts';
import { startBpf, tracefs, type BpfProgram } from './bpf.ts';
import { readDropLine, readReasons, type SeenDrop } from './drop-lines.ts';
import { isInstalled } from './requirements.ts';
import { openSandbox, type Sandbox } from './sandbox.ts';

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
  /** How many words on drops the kernel has kept back since the watch was asked for. */
  keptBack(): Promise<number>;
  readonly release: () => Promise<void>;
}

/** The one watch of this program, which all of its labs share, and how many do. */
let shared: { readonly watch: Promise<Running | null>; users: number } | null = null;

/**
 * Resolves when the watch runs, or with null where the kernel doesn't let us watch: in a user namespace, without bpftrace,
 * without BTF (CONFIG_DEBUG_INFO_BTF), or where it doesn't give the reasons (before Linux 6.13). It is one for all labs: to start
 * it costs half a second of work.
 *
 * @throws LabError `lab-failed` if it ran, and ended before it saw anything
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
  const kept = await running.keptBack();
  return {
    nameOf: running.nameOf,
    drops: async () => {
      const drops = await running.drops();
      if (running.missed() > missed)
        throw new LabError('lab-failed', 'bpftrace lost events: there were too many at a time');
      return drops;
    },
    keptBack: async () => (await running.keptBack()) - kept,
    release,
  };
}

interface Running {
  readonly nameOf: (reason: number) => string;
  readonly drops: () => Promise<readonly SeenDrop[]>;
  readonly missed: BpfProgram['missed'];
  readonly keptBack: () => Promise<number>;
  readonly stop: () => Promise<void>;
}

/**
 * It runs in a sandbox of its own, for the kernel to end it together with this program, and for a private tracefs. That an ordinary
 * user, or a machine without bpftrace, has none is no news; of all else the user is told.
 */
async function startWatch(): Promise<Running | null> {
  if (process.getuid?.() !== 0 || !(await isInstalled('bpftrace'))) return null;
  const sandbox = await openSandbox();
  try {
    return await startIn(sandbox);
  } catch (error) {
    await sandbox.close();
    if (!(error instanceof NoWatch)) throw error;
    process.stderr.write(
      `What hosts drop will be inferred from captures and counters, for the kernel's own word can't be had: ${error.message}\n`,
    );
    return null;
  }
}

/** Why there can be no watch. */
class NoWatch extends Error {}

/** The reasons that are asked for: what comes of where a packet is from, and netfilter. Of others there may be more than can be told. */
const told: readonly string[] = ['IP_RPFILTER', 'IP_LOCAL_SOURCE', 'IP_INVALID_SOURCE', 'NETFILTER_DROP'];

async function startIn(sandbox: Sandbox): Promise<Running> {
  if (sandbox.rootless) throw new NoWatch('root may make no namespaces here');
  const prepare = `${tracefs} && cat /sys/kernel/tracing/events/skb/kfree_skb/format`;
  const { exitCode, stdout: format, stderr } = await sandbox.attempt(null, ['sh', '-euc', prepare]);
  if (exitCode !== 0) throw new NoWatch(stderr.trim());
  const reasons = readReasons(format);
  const wanted = [...reasons].filter(([, name]) => told.includes(name)).map(([reason]) => reason);
  // Of a reason that it doesn't give, silence says nothing.
  const untold = told.filter((name) => ![...reasons.values()].includes(name));
  if (untold.length > 0) throw new NoWatch(`this kernel doesn't give the reason ${untold.join(' or ')} for a drop`);
  const drops: SeenDrop[] = [];
  const program = await readFile(new URL('drops.bt', import.meta.url), 'utf8');
  const begin = wanted.map((reason) => `@wanted[${reason}] = 1;`).join(' ');
  const bpf = await startBpf(sandbox, program, begin, (line) => {
    const drop = readDropLine(line);
    if (drop) drops.push(drop);
    return drop !== null;
  }).catch((error: unknown) => {
    throw error instanceof LabError ? new NoWatch(error.message) : error;
  });
  await untilItSees(sandbox, (own) => bpf.until(() => drops.some(({ namespace }) => namespace === own)));
  return {
    nameOf: (reason) => reasons.get(reason) ?? String(reason),
    drops: async () => {
      await bpf.caughtUp();
      return [...drops];
    },
    missed: () => bpf.missed(),
    keptBack: () => bpf.keptBack(['kfree_skb']),
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
exec ping -q -i 0.01 192.0.2.1`;

/** Resolves when a drop of the sandbox's own, made again and again, is seen: then no later one is missed. */
async function untilItSees(sandbox: Sandbox, seen: (namespace: number) => Promise<void>): Promise<void> {
  const link = await readlink(sandbox.path('/proc/1/ns/net'));
  const job = sandbox.launch(null, ['sh', '-euc', stray]);
  await seen(Number(/\d+/.exec(link)?.[0]));
  await job.stop();
}
