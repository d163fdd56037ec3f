import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Battery, Responder, Shot } from '../backend/volley.ts';
import type { Daemon } from './process.ts';
import type { Sandbox } from './sandbox.ts';

/** Starts a program in each host that sends and answers for all of it. */
export async function muster(
  sandbox: Sandbox,
  hosts: readonly string[],
  responders: readonly Responder[],
): Promise<Battery> {
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
        reject(new Error(`${daemon.name} ended: ${daemon.lines.slice(-5).join(' | ')}`));
      });
      daemon.write(`${JSON.stringify(command)}\n`);
    });
}

/** Whether any processor of the machine's has packets that wait for being taken in (/proc/net/softnet_stat). */
async function packetsWaiting(): Promise<boolean> {
  const lines = (await readFile('/proc/net/softnet_stat', 'latin1')).trim().split('\n');
  // The twelfth field is the length of its backlog.
  return lines.some((line) => Number.parseInt(line.split(' ')[11] ?? '0', 16) > 0);
}
