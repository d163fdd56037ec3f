/** What the kernel tests share: who may run them, and a look at the machine from outside. */
import { readdir, readFile, readlink } from 'node:fs/promises';
import ava, { type ExecutionContext } from 'ava';
import { openSandbox, type Sandbox } from './sandbox.ts';

/** A test that needs root. Anyone else is told that it was not tried, which CI takes for a failure. `fails`: a known bug. */
export function asRoot(title: string, test: (t: ExecutionContext) => Promise<void>, { fails = false } = {}): void {
  if (process.getuid?.() === 0) (fails ? ava.failing : ava)(title, (t) => inTurn(() => test(t)));
  else {
    ava(`${title}: not tried, it needs root`, (t) => {
      if (process.env['CI']) t.fail('CI tries everything');
      else t.pass();
    });
  }
}

/** Labs at once in one file: enough to wait side by side, few enough that none is starved. */
let free = 6;
const queue: (() => void)[] = [];

async function inTurn(task: () => unknown): Promise<void> {
  if (free > 0) free--;
  else await new Promise<void>((resolve) => queue.push(resolve));
  try {
    await task();
  } finally {
    const next = queue.shift();
    if (next) next();
    else free++;
  }
}

/** A sandbox that ends with the test. */
export async function openedFor(t: ExecutionContext): Promise<Sandbox> {
  const sandbox = await openSandbox();
  t.teardown(() => sandbox.close());
  return sandbox;
}

/** Looks again and again until something holds, and fails the test if it hasn't by then. */
export async function eventually<T>(
  t: ExecutionContext,
  what: string,
  look: () => Promise<T | undefined>,
  seconds = 60,
): Promise<T> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) return t.fail(`${what}: not within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A process as the machine sees it. */
export interface Seen {
  readonly pid: number;
  readonly name: string;
  readonly parent: number;
  /** Process id and start time: no other process ever has both. */
  readonly mark: string;
  /** Its namespaces, such as `net:[4026532008]`. */
  readonly namespaces: readonly string[];
}

const kinds = ['net', 'mnt', 'pid', 'user'] as const;

/** Every process of the machine that still is one: a zombie isn't. */
export async function processes(): Promise<readonly Seen[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const seen = await Promise.all(pids.map(look));
  return seen.flatMap((process) => process ?? []);
}

async function look(pid: number): Promise<Seen | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const [state, parent, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z' || state === 'X') return undefined;
    const namespaces = await Promise.all(kinds.map((kind) => readlink(`/proc/${pid}/ns/${kind}`)));
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    return { pid, name, parent: Number(parent), mark: `${pid} ${rest[17] ?? ''}`, namespaces };
  } catch {
    return undefined; // It ended while we looked.
  }
}

/** A process and all that descend from it. */
export async function family(ancestor: number): Promise<readonly Seen[]> {
  const all = await processes();
  const members = new Set([ancestor]);
  for (let size = 0; size < members.size;) {
    size = members.size;
    for (const { pid, parent } of all) if (members.has(parent)) members.add(pid);
  }
  return all.filter(({ pid }) => members.has(pid));
}

/** What a lab may not change of the machine: its links, its named namespaces (`ip netns list`), its mounts. */
export async function machine(): Promise<Readonly<Record<'links' | 'named' | 'mounts', string>>> {
  const names = await readdir('/sys/class/net');
  const links = names.map(async (name) => {
    const facts = ['address', 'flags', 'ifindex', 'operstate'].map((fact) =>
      readFile(`/sys/class/net/${name}/${fact}`, 'utf8'),
    );
    return [name, ...(await Promise.all(facts))].join(' ');
  });
  const named = await readdir('/run/netns').catch(() => []);
  const mounts = await readFile('/proc/self/mountinfo', 'utf8');
  return { links: (await Promise.all(links)).join('\n'), named: named.join(' '), mounts };
}
