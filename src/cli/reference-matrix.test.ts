// The published matrix names what there is. What it says of it is held to the kernel by a kernel test.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { readTable } from '../report/read-table.ts';
import { candidateNames, loadScenario, root, scenarioNames } from '../scenario/catalogue.ts';

const text = await readFile(join(root, 'results/reference-matrix.txt'), 'utf8');
const [[, ...scenarios] = []] = readTable(text, '');
const [, ...rows] = readTable(text, ' ');
const stale = 'out of date: npm run lab -- matrix >results/reference-matrix.txt';

test('it has a column for each scenario, and a row for each candidate', async (t) => {
  t.deepEqual(scenarios, await scenarioNames(), stale);
  t.deepEqual(
    rows.map(([candidate]) => candidate),
    await candidateNames(),
    stale,
  );
});

test('it has an outcome for each candidate that a scenario tries, and a dash for every other', async (t) => {
  for (const [index, name] of scenarios.entries()) {
    const { trials } = await loadScenario(name);
    const tried = rows.filter((row) => row[index + 1] !== '-').map(([candidate]) => candidate);
    t.deepEqual(tried, [...new Set(trials.map(({ candidate }) => candidate))].sort(), `${name}: ${stale}`);
  }
});

test('all of it was as expected', (t) => {
  t.regex(text, /^\d{3,} checks as expected, 0 not(?:, trials that this kernel lacks something for: \d+)?$/m);
  t.notRegex(text, /!!/);
});
