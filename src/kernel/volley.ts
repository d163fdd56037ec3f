import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Battery, Responder, Shot } from '../backend/volley.ts';
import { LabError } from '../net/error.ts';
import type { Topology } from '../topology/topology.ts';
import { linksNoticed } from './link-watch.ts';
import type { Daemon } from './process.ts';
import type { Sandbox } from './sandbox.ts';

/**
 * Starts a program in each host that sends and answers for all of it. A volley begins when the kernel has noticed which links
 * have a carrier.
 *
 * @throws LabError `cannot-run` before Linux 5.10, which doesn't tell when all is at rest
 */
export async function muster(sandbox: Sandbox, topology: Topology, responders: readonly Responder[]): Promise<Battery> {
  const hosts = topology.hosts.map(({ name }) => name);
  const programs = new Map(
    await Promise.all(hosts.map(async (host) => [host, await startProgram(sandbox, host)] as const)),
  );
  const each = (tell: (program: Program, host: string) => Promise<string>): Promise<readonly string[]> =>
    Promise.all(Array.from(programs, ([host, program]) => tell(program, host)));
  const of = <Item extends { readonly host: string }>(items: readonly Item[], host: string): readonly Item[] =>
    items.filter((item) => item.host === host);

  await each((program, host) => program({ serve: of(responders, host) }));
  const rest = async (): Promise<void> => {
    for (let last = '', same = 0; same < 2;) {
      const waiting = await packetsWaiting();
      const counts = (await each((program) => program({ count: true }))).join();
      same = counts === last && !waiting && !(await packetsWaiting()) ? same + 1 : 0;
      last = counts;
    }
  };
  return {
    fire: async (shots: readonly Shot[]) => {
      await linksNoticed(sandbox, topology);
      await each((program, host) => program({ fire: of(shots, host) }));
      await rest();
      await each((program) => program({ clear: true }));
      await rest();
    },
  };
}

/** Takes a command, and resolves with what the program says to it. */
type Program = (command: object) => Promise<string>;

async function startProgram(sandbox: Sandbox, host: string): Promise<Program> {
  const program = fileURLToPath(new URL('inside/volley.ts', import.meta.url));
  const words = [process.execPath, '--import', import.meta.resolve('tsx'), program];
  const daemon: Daemon = sandbox.start(`volleys of ${host}`, host, words);
  await daemon.says(/^ready$/);
  const answers: ((line: string) => void)[] = [];
  daemon.onLine((line) => answers.shift()?.(line));
  return (command) =>
    new Promise((resolve, reject) => {
      answers.push(resolve);
      // It ends before the lab does only if something is wrong with it, and has said what.
      void daemon.ended.then(() => {
        reject(new LabError('lab-failed', `${daemon.name} ended: ${daemon.lines.slice(-5).join(' | ')}`));
      });
      daemon.write(`${JSON.stringify(command)}\n`);
    });
}

/** Whether any processor of the machine's has packets that wait for being taken in (/proc/net/softnet_stat). */
async function packetsWaiting(): Promise<boolean> {
  const lines = (await readFile('/proc/net/softnet_stat', 'latin1')).trim().split('\n');
  return lines.some((line) => {
    // The twelfth field is the length of its backlog, since Linux 5.10.
    const backlog = line.split(' ')[11];
    if (backlog === undefined) {
      throw new LabError('cannot-run', "this kernel doesn't say how many packets wait (/proc/net/softnet_stat)");
    }
    return Number.parseInt(backlog, 16) > 0;
  });
}
