import { setTimeout } from 'node:timers/promises';
import Table from 'cli-table3';

/** The middle one; of an even number, the greater of the two in the middle. */
export function median(values: readonly number[]): number {
  const middle = [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
  if (middle === undefined) throw new RangeError('expected values to find the middle of, got none');
  return middle;
}

/**
 * Takes turns, so that whatever else the machine does meets all of them alike, with a pause between: the kernel takes
 * namespaces apart in the background, and the next one would pay for it.
 *
 * @returns what each of them had, round by round
 */
export async function takeTurns<Result>(
  rounds: number,
  contenders: Readonly<Record<string, () => Promise<Result>>>,
): Promise<ReadonlyMap<string, readonly Result[]>> {
  const results = new Map(Object.keys(contenders).map((name): [string, Result[]] => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, contender] of Object.entries(contenders)) {
      await setTimeout(500);
      results.get(name)?.push(await contender());
    }
  }
  return results;
}

/** Prints a table, and a line that says what it is. */
export function print(head: readonly string[], rows: readonly (readonly string[])[], said: string): void {
  const table = new Table({ head: [...head], style: { head: [], border: [] } });
  table.push(...rows.map((row) => [...row]));
  process.stdout.write(`${table.toString()}\n${said}\n\n`);
}
