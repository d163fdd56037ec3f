import { readFile } from 'node:fs/promises';
import test from 'ava';
import { chooseBackend } from './backends.ts';
import { loadCandidate, loadScenario } from './catalogue.ts';
import { compareRuns } from './compare.ts';
import { formatRecording, readRecording } from './recording.ts';
import type { CellResult, RunResult, ScenarioResult } from './result.ts';
import { runPlans, type Plan } from './run.ts';
import { trialName } from './scenario.ts';

const text = await readFile(new URL('recorded.jsonl', import.meta.url), 'utf8');
const kernel = readRecording(text);

/** The trials that were recorded, to be run again; of a scenario that has others by now, those. */
async function planOf({ name, trials }: ScenarioResult): Promise<Plan> {
  const scenario = await loadScenario(name);
  const again = trials.map(async (recorded) => {
    const trial = scenario.trials.find((each) => trialName(each) === trialName(recorded));
    if (!trial) throw new Error(`${name} has no ${trialName(recorded)} any more: npm run record`);
    return { trial, candidate: await loadCandidate(trial.candidate) };
  });
  return { name, scenario, trials: await Promise.all(again) };
}

async function onModel(recorded: ScenarioResult): Promise<RunResult> {
  const { backend } = await chooseBackend({ on: 'model', era: kernel.kernel, tunnels: false });
  const { profile, seed } = kernel;
  const options = { backend, profile, seed, jobs: 100, builders: 100, directory: '', onProgress: () => undefined };
  return runPlans([await planOf(recorded)], options);
}

for (const recorded of kernel.scenarios) {
  const { name, trials } = recorded;
  test.serial(
    `${name}: the model does what Linux ${kernel.kernel} was seen to do in ${trials.length} trials`,
    async (t) => {
      t.timeout(120_000, 'it is work, and a busy machine takes its time');
      const [both] = compareRuns({ ...kernel, scenarios: [recorded] }, await onModel(recorded)).scenarios;
      for (const trial of both?.trials ?? []) {
        const comparison = trial.checks.at(-1);
        t.true(comparison?.ok, `${trialName(trial)}: ${comparison?.found} (was the scenario changed? npm run record)`);
      }
      t.is(both?.trials.length, trials.length);
    },
  );
}

test('the recording shows many mechanisms', (t) => {
  const cells = kernel.scenarios.flatMap(({ trials }) => trials.flatMap(({ checks }) => checks.filter(isCell)));
  t.true(cells.length >= 400, `${cells.length} cells`);
  const crossings = cells.flatMap(({ journey: { request, reply } }) => [...request, ...reply]);
  t.true(crossings.length >= 5000, `${crossings.length} crossings`);
  t.deepEqual([...new Set(crossings.map(({ protocol }) => protocol))].sort(), ['arp', 'icmp', 'tcp', 'udp']);
  const outcomes = new Set(cells.map(({ found }) => found));
  for (const outcome of ['works', 'reply-source', 'reply-interface', 'source-filtered', 'martian-source', 'no-mapping'])
    t.true(outcomes.has(outcome as CellResult['found']), outcome);
});

const isCell = (check: { readonly kind: string }): check is CellResult => check.kind === 'cell';

test('a recording is read as it was written; what is no evidence of the kernel is not recorded', (t) => {
  t.is(formatRecording(kernel), text);
  t.throws(() => formatRecording({ ...kernel, backend: 'model' }), { message: /shows nothing of the kernel/ });
  const error = { message: 'no daemon', hint: '' };
  const scenarios = kernel.scenarios.map((scenario) => ({
    ...scenario,
    trials: scenario.trials.map((trial) => ({ ...trial, error })),
  }));
  t.throws(() => formatRecording({ ...kernel, scenarios }), { message: /could not be carried through: no daemon/ });
});
