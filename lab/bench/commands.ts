import { $ } from 'zx';
import { median, print, takeTurns } from './measure.ts';

/** How long the command line takes to start, and to do all there is to do, on both backends. */
export async function compareCommands(): Promise<void> {
  await compare(9, {
    list: ['list'],
    'multihome-udp --on model': ['multihome-udp', '--on', 'model'],
    'multihome-udp --on kernel': ['multihome-udp', '--on', 'kernel'],
  });
  await compare(1, {
    'run --all --on model': ['run', '--all', '--on', 'model'],
    'run --all --on kernel': ['run', '--all', '--on', 'kernel'],
  });
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
  print(['', 'time', 'ratio'], rows, `From the command to its end: medians of ${rounds} rounds, in turn.`);
}

/** Seconds; a command that fails is an error. */
async function run(words: readonly string[]): Promise<number> {
  const start = performance.now();
  await $`node --import tsx src/cli/main.ts ${words}`.quiet();
  return (performance.now() - start) / 1000;
}
