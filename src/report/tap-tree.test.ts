import test from 'ava';
import type { ExecutionContext } from 'ava';
import fc from 'fast-check';
import { LabError } from '../net/error.ts';
import type { CheckResult, RunResult, TrialResult } from '../scenario/result.ts';
import { crossingText } from './outcome.ts';
import { anyRun, sampleRun } from './sample-run.ts';
import { readTap } from './tap-tree.ts';
import type { TapCheck, TapError, TapReport } from './tap-tree.ts';
import { tapDocument } from './tap.ts';

/** What reading the run's TAP document must give. */
function told(run: RunResult): TapReport {
  const scenarios = run.scenarios.map((scenario) => ({
    ...scenario,
    error: scenario.trials.length === 0 ? { message: 'the scenario has no trial', hint: '' } : null,
    trials: scenario.trials.map((trial) => ({
      ...trial,
      error: toldError(trial),
      lacks: trial.lacks ?? null,
      checks: trial.checks.map(toldCheck),
    })),
  }));
  return { ...run, scenarios };
}

function toldError({ checks, error, lacks }: TrialResult): TapError | null {
  return error ?? (checks.length === 0 && lacks === undefined ? { message: 'the trial ran no check', hint: '' } : null);
}

function toldCheck(check: CheckResult): TapCheck {
  if (check.kind === 'statement') return check;
  const { request, reply, verdict } = check.journey;
  return { ...check, journey: { request: request.map(crossingText), reply: reply.map(crossingText), verdict } };
}

const document = tapDocument(sampleRun);

async function broken(t: ExecutionContext, text: string, message: RegExp): Promise<void> {
  const error = await t.throwsAsync(readTap(text), { instanceOf: LabError, message });
  t.is(error.code, 'lab-failed');
}

test('a document reads back as the run it tells', async (t) => {
  t.deepEqual(await readTap(document), told(sampleRun));
});

test('any document reads back as the run it tells', async (t) => {
  await fc.assert(
    fc.asyncProperty(anyRun, async (run) => void t.deepEqual(await readTap(tapDocument(run)), told(run))),
  );
});

test('no beginning of a document reads as a run', async (t) => {
  const lines = document.trimEnd().split('\n');
  const cuts = fc.integer({ min: 0, max: lines.length - 1 });
  const isError = async (count: number) => {
    const error = await t.throwsAsync(readTap(lines.slice(0, count).join('\n')));
    t.true(error instanceof LabError);
  };
  await fc.assert(fc.asyncProperty(cuts, isError), {
    examples: Array.from({ length: 8 }, (_, i) => [lines.length - 1 - i]),
  });
});

test('no document with a line missing, but for names and notes, reads as a run', async (t) => {
  const lines = document.trimEnd().split('\n');
  const needed = [...lines.keys()].filter((i) => !/^ *(# Subtest:|- )/.test(lines[i]!));
  const isError = async (index: number) => {
    const error = await t.throwsAsync(readTap(lines.toSpliced(index, 1).join('\n')));
    t.true(error instanceof LabError);
  };
  await fc.assert(fc.asyncProperty(fc.constantFrom(...needed), isError));
});

test('nothing', broken, '', /no test point/);
test('no version', broken, document.replace(/^.*\n/, ''), /TAP version 14/);
test('another version', broken, document.replace('version 14', 'version 13'), /TAP version 14/);
test('a run of no scenario', broken, tapDocument({ ...sampleRun, scenarios: [] }), /bailed out: no scenario was run/);
test('a bail-out in between', broken, document.replace(/^ {4}# Subtest/m, 'Bail out! oops\n$&'), /bailed out: oops/);
test('a skipped point', broken, document.replace(/^( {8}ok 1 .*)$/m, '$1 # SKIP'), /skipped without a reason/);
test('a check that is skipped', broken, document.replace(/^( {8}ok 1 .*)$/m, '$1 # SKIP why not'), /is skipped/);
test(
  'a trial that is skipped and has parts',
  broken,
  document.replace(/^( {4}ok 1 .*)$/m, '$1 # SKIP why not'),
  /is skipped, and has failed or has parts/,
);
test('a failed point left to do', broken, document.replace(/^( {8}not ok 1 .*)$/m, '$1 # TODO'), /left to do/);
test('prose among the points', broken, document.replace('# Subtest', 'prose\n# Subtest'), /Non-TAP/);
test('prose after the points', broken, `${document}prose\n`, /Non-TAP/);
test('an empty plan', broken, document.replace('\n1..1\n', '\n1..0\n'), /Non-TAP/);
test('a plan of nothing', broken, 'TAP version 14\n1..0\n', /no test point/);
test('a pass above a failure', broken, document.replace(/^not ok 1/m, 'ok 1'), /is ok, unlike the points within it/);
test('other totals', broken, document.replace('checks: 74', 'checks: 73'), /states 73 checks, holds 74/);
test('no seed', broken, document.replace(/^# seed.*\n/m, ''), /comments, seed: expected a string, got nothing/);
test(
  'a seed of words',
  broken,
  document.replace('# seed: 7', '# seed: x'),
  /comments, seed: expected a number, got 'x'/,
);
test(
  'a fact with a broken quote',
  broken,
  document.replace('# profile: debian', '# profile: "x'),
  /expected a quoted string/,
);
test(
  'an unknown outcome',
  broken,
  document.replace('found: works', 'found: bad'),
  /isp1 works, found: expected one of works/,
);
test(
  'a verdict of words',
  broken,
  document.replace('answered: true', 'answered: yes'),
  /answered: expected true or false/,
);
test('a verdict without its cause', broken, document.replace(/\n.*cause: .*/, ''), /cause: expected .*, got nothing/);
test(
  'a point without diagnostic',
  broken,
  document.replace(/\n +---\n +kind: cell[^]*?\.\.\./, ''),
  /expected a mapping/,
);
