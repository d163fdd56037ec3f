import { readFile } from 'node:fs/promises';
import type { Probe, Probing } from '../backend/lab.ts';
import type { Sandbox } from './sandbox.ts';

/** Milliseconds from one question to the next: while they are answered, and in haste. */
const [pace, haste] = [100, 10];

/** Starts asking all targets of a host, from one program. */
export async function startProbing(sandbox: Sandbox, host: string, probes: readonly Probe[]): Promise<Probing> {
  const source = await readFile(new URL('inside/probe.ts', import.meta.url), 'utf8');
  const targets = probes.map(({ protocol, destination, port }) => [protocol, destination, port].join(' '));
  const daemon = sandbox.start(`probes of ${host}`, host, [
    process.execPath,
    ...['--input-type=module', '--eval', source, '--'],
    ...[pace, haste].map(String),
    ...targets,
  ]);
  await daemon.says(/^asking$/);
  let hurries = 0;
  return {
    hurry: async () => {
      const word = `hurry ${++hurries}`;
      daemon.write(`${word}\n`);
      await daemon.says(new RegExp(`^${word}$`));
    },
    answered: (probe, patience) => {
      const index = probes.indexOf(probe);
      if (index < 0) throw new Error(`${host} does not ask ${probe.destination}`);
      const now = Date.now();
      return new Promise((resolve) => {
        const timer = setTimeout(() => {
          settle(false);
        }, patience * 1000);
        let settle = (answered: boolean): void => {
          clearTimeout(timer);
          settle = () => undefined;
          daemon.write(`calm ${index}\n`);
          resolve(answered);
        };
        daemon.onLine((line) => {
          const [target, asked] = line.split(' ').map(Number);
          if (target === index && asked !== undefined && asked >= now) settle(true);
        });
      });
    },
    stop: () => daemon.stop(),
  };
}
