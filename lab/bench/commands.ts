import { $ } from 'zx';
import { median, print, takeTurns } from './measure.ts';

/** How long the command line takes to start, and to do all there is to do, on both backends. */
export async function compareCommands(): Promise<void> {
  const lab = ['lab/start.js'];
  await compare(9, { 'node alone': ['--eval', '0'], list: [...lab, 'list'] });
  await compare(3, both([...lab, 'multihome-udp']));
  await compare(1, both([...lab, 'run', '--all']));
}

function both(words: readonly string[]): Readonly<Record<string, readonly string[]>> {
  const name = words.slice(1).join(' ');
  return Object.fromEntries(['model', 'kernel'].map((on) => [`${name} --on ${on}`, [...words, '--on', on]]));
}

async function compare(rounds: number, commands: Readonly<Record<string, readonly string[]>>): Promise<void> {
  const contenders = Object.entries(commands).map(([name, words]) => [name, () => run(words)] as const);
  const seconds = await takeTurns(rounds, Object.fromEntries(contenders));
  const [reference = NaN] = [...seconds.values()].map(median);
  const rows = [...seconds].map(([name, values]) => [
    name,
    `${median(values).toFixed(2)} s`,
    (median(values) / reference).toFixed(2),
  ]);
  print(
    ['', 'time', 'ratio'],
    rows,
    `From the command to its end: ${rounds === 1 ? 'once' : `medians of ${rounds} rounds, in turn`}.`,
  );
}

/** Seconds; a command that fails is an error. */
async function run(words: readonly string[]): Promise<number> {
  const start = performance.now();
  await $`node ${words}`.quiet();
  return (performance.now() - start) / 1000;
}
