import test from 'ava';
import type { CheckResult, TrialResult } from '../scenario/result.ts';
import { kernelTable } from './kernels.ts';
import { readTable } from './read-table.ts';
import { sampleRun } from './sample-run.ts';
import { readTap, type TapReport } from './tap-tree.ts';
import { tapDocument } from './tap.ts';

const [sample] = sampleRun.scenarios;
const cell = sample!.trials[0]!.checks.find((check) => check.kind === 'cell')!;
const found = (outcome: 'works' | 'reply-source', ok = true): readonly CheckResult[] => [
  { ...cell, expected: ok ? outcome : 'works', found: outcome, ok },
];
const trial = (candidate: string, checks: readonly CheckResult[], more: Partial<TrialResult> = {}): TrialResult => ({
  ...{ candidate, variant: '', milliseconds: 1, checks },
  ...more,
});
const report = (kernel: string, scenarios: Readonly<Record<string, readonly TrialResult[]>>): Promise<TapReport> => {
  const all = Object.entries(scenarios).map(([name, trials]) => ({ ...sample!, name, trials }));
  return readTap(tapDocument({ ...sampleRun, kernel, scenarios: all }));
};

test('a column a kernel, a row a candidate of a scenario, and what each kernel lacked', async (t) => {
  const old = await report('5.10.0-32-amd64', {
    first: [trial('a', found('works')), trial('b', [], { lacks: 'it came with Linux 6.0' })],
    second: [trial('a', found('reply-source'))],
  });
  const own = await report('6.18.44', {
    first: [trial('a', found('works')), trial('b', found('works'))],
    second: [trial('a', found('reply-source', false))],
  });
  const runs = [
    { name: '5.10', report: old },
    { name: 'running', report: own },
  ];
  const text = kernelTable(runs, { color: false });
  t.deepEqual(readTable(text, ' '), [
    ['', '5.10.0-32-amd64', '6.18.44 (running)'],
    ['first'],
    ['a', 'works', 'works'],
    ['b', 'not on this kernel', 'works'],
    ['second'],
    ['a', 'fails: reply-source', 'unexpected !!'],
  ]);
  t.true(
    text.endsWith(`
Linux 5.10.0-32-amd64: 2 checks as expected, 0 not, trials that this kernel lacks something for: 1
  first, b: not on this kernel: it came with Linux 6.0
Linux 6.18.44: 2 checks as expected, 1 not
`),
  );
});

test('a kernel that left no report is there, and never blank', async (t) => {
  const own = await report('6.18.44', { only: [trial('a', found('works'))] });
  const runs = [
    { name: '5.10', report: null },
    { name: '6.18', report: own },
  ];
  const text = kernelTable(runs, { color: false });
  t.deepEqual(readTable(text, ' '), [['', '5.10 no report !!', '6.18.44'], ['only'], ['a', '?', 'works']]);
  t.regex(text, /^5\.10: no report$/m);
});
