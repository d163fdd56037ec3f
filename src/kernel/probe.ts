import { readFile } from 'node:fs/promises';
import type { Probe, Probing } from '../backend/lab.ts';
import { LabError } from '../net/error.ts';
import type { Sandbox } from './sandbox.ts';

/** Milliseconds from one question to the next, and in haste. */
const [pace, haste] = [500, 10];

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
  const indexOf = (probe: Probe): number => {
    const index = probes.indexOf(probe);
    if (index < 0) throw new Error(`${host} does not ask ${probe.destination}`);
    return index;
  };
  return {
    hurry: async (some) => {
      if (some.length === 0) return;
      const word = `hurry ${some.map(indexOf).join(' ')}`;
      const hurrying = new Promise<void>((resolve) => {
        daemon.onLine((line) => {
          if (line === word) resolve();
        });
      });
      daemon.write(`${word}\n`);
      const ended = daemon.ended.then(() => {
        throw new LabError('lab-failed', `${daemon.name} ended before they were in haste: ${daemon.lines.join(' | ')}`);
      });
      await Promise.race([hurrying, ended]);
    },
    answered: (probe, patience) => {
      const index = indexOf(probe);
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
