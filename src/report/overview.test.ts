import test from 'ava';
import type { CheckResult, Outcome, TrialResult } from '../scenario/result.ts';
import { overview } from './overview.ts';
import { readTable } from './read-table.ts';
import { sampleRun } from './sample-run.ts';
import { readTap } from './tap-tree.ts';
import { tapDocument } from './tap.ts';

const [sample] = sampleRun.scenarios;
const cell = sample!.trials[0]!.checks.find((check) => check.kind === 'cell')!;
const found = (...outcomes: readonly Outcome[]): readonly CheckResult[] =>
  outcomes.map((outcome) => ({ ...cell, expected: outcome, found: outcome, ok: true }));
const statement: CheckResult = { kind: 'statement', name: 'n', expected: '1', found: '1', ok: true };
const trial = (candidate: string, checks: readonly CheckResult[], more: Partial<TrialResult> = {}): TrialResult => ({
  ...{ candidate, variant: '', milliseconds: 1, checks },
  ...more,
});

async function draw(scenarios: Readonly<Record<string, readonly TrialResult[]>>, color = false): Promise<string> {
  const all = Object.entries(scenarios).map(([name, trials]) => ({ ...sample!, name, trials }));
  return overview(await readTap(tapDocument({ ...sampleRun, scenarios: all })), { color });
}

const summary = async (...trials: readonly TrialResult[]): Promise<string | undefined> =>
  readTable(await draw({ only: trials }), ' ')[1]?.[1];

test('a column a scenario in their order, a row a candidate by name, and - where it is not tried', async (t) => {
  const text = await draw({
    'reply-same-interface': [trial('b', found('works'))],
    other: [trial('c', found('works')), trial('a', [statement])],
  });
  t.deepEqual(readTable(text, '')[0], ['candidate', 'reply-same-interface', 'other']);
  t.deepEqual(readTable(text, ' ').slice(1), [
    ['a', '-', 'as stated'],
    ['b', 'works', '-'],
    ['c', '-', 'works'],
  ]);
  t.regex(text, /^kernel backend, Linux 6\.8\.0-45-generic, profile debian, seed 7$/m);
  t.regex(text, /^3 checks as expected, 0 not$/m);
});

test('what all cells of a candidate come to, in whatever network', async (t) => {
  t.is(await summary(trial('a', [statement, ...found('works', 'works')])), 'works');
  t.is(await summary(trial('a', found('reply-lost', 'reply-lost'))), 'fails: reply-lost');
  t.is(await summary(trial('a', found('works', 'reply-lost'))), 'partly: reply-lost');
  t.is(
    await summary(trial('a', found('works')), trial('a', found('reply-lost', 'no-reply'), { variant: 'NAT' })),
    'partly: no-reply reply-lost',
    "in the order of a packet's way",
  );
});

test('what was not expected says nothing else', async (t) => {
  const wrong = { ...cell, expected: 'works', found: 'no-reply', ok: false } as const;
  t.is(await summary(trial('a', [...found('works'), wrong])), 'unexpected !!');
  t.is(await summary(trial('a', [...found('works'), { ...statement, ok: false }])), 'unexpected !!');
  t.is(await summary(trial('a', found('works'), { error: { message: 'm', hint: '' } })), 'unexpected !!');
  t.is(await summary(trial('a', [])), 'unexpected !!', 'a trial that checked nothing');
  t.regex(await draw({ only: [trial('a', [wrong])] }), /^0 checks as expected, 1 not$/m);
});

test('colour adds only colour', async (t) => {
  const scenarios = { only: [trial('a', found('works', 'reply-lost')), trial('b', [statement])] };
  const [plain, coloured] = [await draw(scenarios), await draw(scenarios, true)];
  t.not(coloured, plain);
  // eslint-disable-next-line no-control-regex
  t.is(coloured.replace(/\u001b\[\d+m/g, ''), plain);
});
