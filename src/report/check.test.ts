import test from 'ava';
import fc from 'fast-check';
import { candidateNames } from '../scenario/catalogue.ts';
import { controlName } from '../scenario/control.ts';
import type { CheckResult, RunResult, ScenarioResult, TrialResult } from '../scenario/result.ts';
import { checkText } from './check.ts';
import { causeNames, meaning } from './outcome.ts';
import { readTable } from './read-table.ts';
import { remedy } from './remedy.ts';
import { anyRun, sampleRun } from './sample-run.ts';
import { readTap } from './tap-tree.ts';
import { tapDocument } from './tap.ts';

const [sample] = sampleRun.scenarios;
const works = sample!.trials[0]!.checks.find((check) => check.kind === 'cell')!;

function cell(service: string, uplink: string, found: (typeof causeNames)[number] | 'works'): CheckResult {
  const verdict = { ...works.journey.verdict, cause: found === 'works' ? null : found };
  const detail = `what became of ${service} at ${uplink}`;
  const journey = { ...works.journey, verdict };
  return { ...works, service, uplink, expected: 'works', found, ok: found === 'works', detail, journey };
}
const statement = (name: string, found: string, ok = true): CheckResult => ({
  ...{ kind: 'statement', name, expected: ok ? found : `no ${found}`, found, ok },
});

function trial(checks: readonly CheckResult[], variant = '', error?: TrialResult['error']): TrialResult {
  const control = statement(controlName, '3 of 3 pings answered');
  return { candidate: 'own/up.sh', variant, checks: [control, ...checks], ...(error && { error }), milliseconds: 1 };
}

function scenario(name: string, services: readonly string[], trials: readonly TrialResult[]): ScenarioResult {
  return { name, title: `${name}?`, services, trials, milliseconds: 1 };
}

async function textOf(...scenarios: readonly ScenarioResult[]): Promise<string> {
  const run: RunResult = { ...sampleRun, scenarios };
  return checkText(await readTap(tapDocument(run)), { color: false });
}

const replies = scenario(
  'replies',
  ['ssh', 'udp'],
  [
    trial([
      cell('ssh', 'isp1', 'works'),
      cell('ssh', 'isp2', 'works'),
      cell('udp', 'isp1', 'works'),
      cell('udp', 'isp2', 'reply-source'),
    ]),
  ],
);
const failover = scenario(
  'failover',
  ['new', 'tcp'],
  [
    trial([cell('new', 'isp1', 'no-route'), cell('new', 'isp2', 'works')], 'line down'),
    trial([cell('tcp', 'isp2', 'reply-source'), statement('silence', '20 ms')], 'gateway dead'),
  ],
);

test('a table has a row for each service and a column for each uplink', async (t) => {
  t.deepEqual(readTable(await textOf(replies), '\n'), [
    ['service', 'isp1', 'isp2'],
    ['ssh\nudp', 'works\nworks', 'works\nreply-source'],
  ]);
});

test('… and where there are several cases, a part for each', async (t) => {
  t.deepEqual(readTable(await textOf(failover), '\n'), [
    ['case', 'service', 'isp1', 'isp2'],
    ['line down', 'new', 'no-route', 'works'],
    ['gateway dead', 'tcp', 'not asked', 'reply-source'],
  ]);
});

test('each cause comes once, in the order of its way, with its places, an example and the remedy', async (t) => {
  const text = await textOf(replies, failover);
  const [, noRoute = '', replySource = ''] = /^(no-route: [^]*)^(reply-source: [^]*)^\d+ checks/m.exec(text)!;
  const flat = (block: string): string => block.replaceAll(/\s+/g, ' ').trim();
  t.is(
    flat(noRoute),
    `no-route: ${meaning('no-route')} where failover (new) ` +
      `such as line down: new at isp1: what became of new at isp1 what to do ${remedy('no-route')}`,
  );
  t.is(
    flat(replySource),
    `reply-source: ${meaning('reply-source')} where replies (udp); failover (tcp) ` +
      `such as udp at isp2: what became of udp at isp2 what to do ${remedy('reply-source')}`,
  );
  t.true(text.split('\n').every((line) => line.length <= 110));
});

test('what was counted is told, and marked where it is not as wanted; of the control, only that it failed', async (t) => {
  const counted = trial([statement('share', '80 %'), statement('drops', '7', false)]);
  const text = await textOf(scenario('balance', [], [counted]), failover);
  t.regex(text, /^balance {2}balance\?\n {3}share: 80 %\n!! drops: 7; wanted: no 7$/m);
  t.regex(text, /^ {3}gateway dead: silence: 20 ms$/m);
  t.false(text.includes('control'));
  const failed = { ...counted, checks: [statement(controlName, '2 of 3', false)] };
  t.regex(await textOf(scenario('balance', [], [failed])), /^!! control: .*: 2 of 3; wanted: no 2 of 3$/m);
});

test('a trial that could not be carried through says why', async (t) => {
  const text = await textOf(scenario('pins', [], [trial([], 'x', { message: 'no tunnel', hint: 'in 30 s' })]));
  t.regex(text, /^!! x: no tunnel in 30 s$/m);
  t.regex(text, /^1 checks, 1 well, 0 not, errors: 1\n$/m);
});

test('the last line counts', async (t) => {
  t.regex(await textOf(replies, failover), /\n11 checks, 8 well, 3 not\n$/);
  const well = scenario('well', ['ssh'], [trial([cell('ssh', 'isp1', 'works')])]);
  const text = await textOf(well);
  t.regex(text, /\n2 checks, all well\n$/);
  t.false(text.includes('what to do'));
});

test('every cause has a remedy of one line that says what to do', (t) => {
  t.is(new Set(causeNames.map(remedy)).size, causeNames.length);
  for (const cause of causeNames) t.regex(remedy(cause), /^(?!.*\.$)[^\n]{40,130}$/, cause);
});

test('the candidates that remedies name exist', async (t) => {
  const known = await candidateNames();
  const named = causeNames.flatMap((cause) => remedy(cause).match(/(?<![-\w])[a-z]+(-[a-z0-9]+)+/g) ?? []);
  t.true(named.length > 10);
  t.deepEqual(
    named.filter((name) => !known.includes(name)),
    [],
  );
});

test('colour adds only colour', async (t) => {
  const report = await readTap(tapDocument({ ...sampleRun, scenarios: [replies, failover] }));
  // eslint-disable-next-line no-control-regex
  const plain = checkText(report, { color: true }).replaceAll(/\u001b\[\d+m/g, '');
  t.is(plain, checkText(report, { color: false }));
});

test('no control character of any run reaches the terminal', async (t) => {
  const isSafe = async (run: RunResult) => {
    const text = checkText(await readTap(tapDocument(run)), { color: false });
    return !/[\p{Cc}\p{Cf}\p{Cs}]/u.test(text.replaceAll('\n', ''));
  };
  await fc.assert(fc.asyncProperty(anyRun, isSafe));
  t.pass();
});
