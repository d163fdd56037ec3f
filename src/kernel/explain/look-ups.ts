import { readFile } from 'node:fs/promises';
import { LabError } from '../../net/error.ts';
import type { Topology } from '../../topology/topology.ts';
import { startBpf, tracefs } from '../bpf.ts';
import { hostsByNamespace } from '../namespaces.ts';
import { isInstalled } from '../requirements.ts';
import { openSandbox, type Sandbox } from '../sandbox.ts';
import { readLookUpLine, type LookUp, type Passing } from './look-up-lines.ts';

/** What the hosts of a lab looked up, and which packets came in and went out meanwhile: in order of time. */
export interface SeenLookUps {
  readonly passings: readonly (Passing & { readonly host: string })[];
  /** `receiver` and `caller` by name; of other labs' hosts, and of the machine, `null`. */
  readonly lookUps: readonly SeenLookUp[];
  /** How much of it all, on the whole machine, the kernel has kept back since the watch began. */
  readonly keptBack: number;
}

export interface SeenLookUp extends Omit<LookUp, 'receiver' | 'caller'> {
  readonly receiver: string | null;
  readonly caller: string | null;
}

export interface LookUpWatch {
  /** @throws LabError `lab-failed` if some of it may have been missed */
  seen(): Promise<SeenLookUps>;
  readonly release: () => Promise<void>;
}

/**
 * Resolves when every look-up of the lab's hosts is seen; with null where the kernel doesn't let us watch, as `watchDrops`. There is
 * one watch a lab, in a sandbox of its own: the hosts are known to it by their namespaces, for of all look-ups of a machine there may
 * be more than can be told.
 */
export async function watchLookUps(lab: Sandbox, topology: Topology): Promise<LookUpWatch | null> {
  if (lab.rootless || process.getuid?.() !== 0 || !(await isInstalled('bpftrace'))) return null;
  const hosts = await hostsByNamespace(lab, topology);
  const sandbox = await openSandbox();
  try {
    return await startIn(sandbox, lab, topology.server.host, hosts);
  } catch (error) {
    await sandbox.close();
    if (!(error instanceof NotStarted)) throw error;
    process.stderr.write(`Routes will be asked for afterwards, for look-ups can't be seen: ${error.message}\n`);
    return null;
  }
}

/** What look-ups.bt tells of. Which software interrupts there are, it asks for their sake; of one without any, nothing is lost. */
const tracepoints = ['netif_receive_skb', 'net_dev_queue', 'fib_table_lookup'];

/** Why look-ups can't be seen. */
class NotStarted extends Error {}

async function startIn(
  sandbox: Sandbox,
  lab: Sandbox,
  host: string,
  hosts: ReadonlyMap<number, string>,
): Promise<LookUpWatch> {
  const prepared = await sandbox.attempt(null, ['sh', '-euc', tracefs]);
  if (prepared.exitCode !== 0) throw new NotStarted(prepared.stderr.trim());
  const passings: Passing[] = [];
  const lookUps: LookUp[] = [];
  const program = await readFile(new URL('look-ups.bt', import.meta.url), 'utf8');
  const begin = [...hosts.keys()].map((namespace) => `@hosts[${namespace}] = 1;`).join(' ');
  const bpf = await startBpf(sandbox, program, begin, (line) => {
    const read = readLookUpLine(line);
    if (read?.kind === 'look') lookUps.push(read);
    else if (read) passings.push(read);
    return read !== null;
  }).catch((error: unknown) => {
    throw error instanceof LabError ? new NotStarted(error.message) : error;
  });
  // A datagram to itself, again and again: when it is seen to be looked up, to go and to come, no later one is missed.
  const own = [...hosts].find(([, name]) => name === host)?.[0];
  const job = lab.launch(host, ['sh', '-c', 'while :; do echo | socat -u - UDP4-SENDTO:127.0.0.1:9 || :; done']);
  await bpf.until(
    () =>
      lookUps.some(({ caller }) => caller === own) &&
      ['came', 'went'].every((kind) => passings.some((each) => each.kind === kind && each.namespace === own)),
  );
  await job.stop();
  return {
    seen: async () => {
      await bpf.caughtUp();
      if (bpf.missed() > 0) throw new LabError('lab-failed', 'bpftrace lost events: there were too many at a time');
      const nameOf = (namespace: number): string | null => hosts.get(namespace) ?? null;
      return {
        passings: passings.map((each) => ({ ...each, host: hosts.get(each.namespace) ?? '' })).sort(byTime),
        lookUps: lookUps
          .map((each) => ({ ...each, receiver: nameOf(each.receiver), caller: nameOf(each.caller) }))
          .sort(byTime),
        keptBack: await bpf.keptBack(tracepoints),
      };
    },
    release: () => sandbox.close(),
  };
}

const byTime = (one: { readonly time: bigint }, other: { readonly time: bigint }): number =>
  Number(one.time - other.time);
