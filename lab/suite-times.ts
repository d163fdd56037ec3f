/** What each scenario takes on the kernel and on the model, and all of them together. */
import Table from 'cli-table3';
import { $ } from 'zx';
import { scenarioNames } from '../src/scenario/catalogue.ts';

const backends = ['kernel', 'model'] as const;

interface Time {
  readonly seconds: number;
  /** Whether all was as expected. */
  readonly ok: boolean;
}

/** From the command to its end. */
async function timeOf(what: string, on: (typeof backends)[number]): Promise<Time> {
  const start = performance.now();
  const { exitCode, stderr } = await $({ nothrow: true, quiet: true })`
    node lab/start.js run ${what} --on ${on} --format tap`;
  const seconds = (performance.now() - start) / 1000;
  if (exitCode === 0 || exitCode === 1) return { seconds, ok: exitCode === 0 };
  throw new Error(`${what} on the ${on} ended with status ${exitCode ?? 'unknown'}: ${stderr.trim()}`);
}

/**
 * Runs each scenario by itself, on the kernel and then on the model, and then all of them at once, once each, and prints a
 * table. A run that isn't as expected is marked, for it may have ended early.
 *
 * @throws Error if one can't be run at all
 */
export async function compareBackends(): Promise<void> {
  const table = new Table({ head: ['', ...backends, 'ratio'], style: { head: [], border: [] } });
  for (const what of [...(await scenarioNames()), '--all']) {
    const times: Time[] = [];
    for (const on of backends) times.push(await timeOf(what, on));
    const [kernel, model] = times.map(({ seconds }) => seconds);
    const cells = times.map(({ seconds, ok }) => `${seconds.toFixed(1)} s${ok ? '' : ' !!'}`);
    table.push([what === '--all' ? 'all at once' : what, ...cells, ((model ?? NaN) / (kernel ?? NaN)).toFixed(2)]);
  }
  const legend =
    "Once each, from command to verdict; ratio to the kernel. !! is what wasn't as expected, and may have ended early.";
  process.stdout.write(`${table.toString()}\n${legend}\n\n`);
}
