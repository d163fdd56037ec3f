import test from 'ava';
import type { Crossing } from '../backend/crossing.ts';
import { compareRuns } from './compare.ts';
import type { CellResult, CheckResult, RunResult, TrialResult } from './result.ts';

const crossing = (text: string): Crossing => {
  const [host = '', name = '', direction, protocol, source = '', destination = ''] = text.split(' ');
  if (direction !== 'in' && direction !== 'out') throw new RangeError(text);
  if (protocol !== 'udp' && protocol !== 'tcp') throw new RangeError(text);
  return {
    time: Math.random(),
    host,
    interface: name,
    direction,
    protocol,
    source,
    destination,
    identity: text,
    bytes: 60,
    summary: text,
  };
};

const cell = (changes: Partial<Omit<CellResult, 'journey'>> = {}, reply: readonly string[] = replies): CellResult => ({
  kind: 'cell',
  service: 'ssh',
  uplink: 'isp1',
  expected: 'works',
  found: 'works',
  ok: true,
  detail: '',
  ...changes,
  journey: {
    request: ['client eth0 out udp 10.0.0.1:50000 192.0.2.1:22', 'server isp1 in udp 10.0.0.1:50000 192.0.2.1:22'].map(
      crossing,
    ),
    reply: reply.map(crossing),
    verdict: { answered: true, accepted: true, arrivedBy: 'isp1', leftBy: 'isp1', sourceMatches: true, cause: null },
  },
});
const replies = ['server isp1 out udp 192.0.2.1:22 10.0.0.1:50000', 'client eth0 in udp 192.0.2.1:22 10.0.0.1:50000'];

const run = (
  backend: 'kernel' | 'model',
  checks: readonly CheckResult[],
  more: Partial<TrialResult> = {},
): RunResult => ({
  backend,
  kernel: '6.18.44',
  profile: 'kernel',
  seed: 3,
  startedAt: '2026-01-01T00:00:00.000Z',
  milliseconds: 1,
  scenarios: [
    {
      name: 'one',
      title: 'One',
      services: ['ssh'],
      milliseconds: 1,
      trials: [{ candidate: 'a', variant: '', checks, milliseconds: 1, ...more }],
    },
  ],
});

/** What the comparison adds to the kernel's checks. */
function verdictOn(kernel: RunResult, model: RunResult) {
  const both = compareRuns(kernel, model);
  const [trial] = both.scenarios[0]?.trials ?? [];
  const added = trial?.checks.at(-1);
  if (added?.kind !== 'statement') throw new Error('no statement was added');
  return { ok: added.ok, found: added.found, backend: both.backend, checks: trial?.checks.length };
}

test('what is the same passes, whatever times and words say', (t) => {
  const statement: CheckResult = { kind: 'statement', name: 'so long', expected: 'some', found: '3 ms', ok: true };
  const other: CheckResult = { ...statement, found: '4 ms' };
  t.like(verdictOn(run('kernel', [cell(), statement]), run('model', [cell({ detail: 'else' }), other])), {
    ok: true,
    backend: 'both',
    checks: 3,
    found: 'the same 2 verdicts, 1 journey crossing by crossing',
  });
});

test('another cause, another verdict, another expectation, another number of checks', (t) => {
  const kernel = run('kernel', [cell()]);
  for (const [model, wrong] of [
    [run('model', [cell({ found: 'reply-source', ok: false })]), /ssh at isp1: kernel: works .*; model: reply-source /],
    [run('model', [cell({ expected: 'no-reply' })]), /model: works where no-reply is expected/],
    [run('model', []), /1 checks on the kernel, 0 on the model/],
    [run('model', [], { error: { message: 'lost', hint: '' } }), /kernel: no error; model: lost/],
    [run('model', [{ kind: 'statement', name: 'x', expected: '', found: '', ok: true }]), /another kind of check/],
  ] as const) {
    const { ok, found } = verdictOn(kernel, model);
    t.false(ok);
    t.regex(found, wrong);
  }
});

test('another journey is shown beside the kernel’s', (t) => {
  const elsewhere = replies.map((text) => text.replace('isp1', 'isp2'));
  const { ok, found } = verdictOn(run('kernel', [cell()]), run('model', [cell({}, elsewhere)]));
  t.false(ok);
  t.regex(found, /another reply\n {2}kernel +model\n {2}server isp1 out .* {2}server isp2 out /);
  t.false(verdictOn(run('kernel', [cell()]), run('model', [cell({}, replies.slice(0, 1))])).ok, 'a shorter one');
  t.true(
    verdictOn(run('kernel', [cell()], { chance: true }), run('model', [cell({}, elsewhere)])).ok,
    'where chance chooses, only verdicts count',
  );
});

test('a port by chance may be another, but always the same other one', (t) => {
  const renamed = replies.map((text) => text.replace('50000', '51111'));
  t.false(verdictOn(run('kernel', [cell()]), run('model', [cell({}, renamed)])).ok, 'the request had the other one');
  t.false(
    verdictOn(
      run('kernel', [cell()]),
      run('model', [
        cell(
          {},
          replies.map((text) => text.replace(':22', ':23')),
        ),
      ]),
    ).ok,
  );
  const all = (from: string, to: string): CellResult => {
    const { journey, ...rest } = cell(
      {},
      replies.map((text) => text.replace(from, to)),
    );
    const request = journey.request.map((each) => ({ ...each, source: each.source.replace(from, to) }));
    return { ...rest, journey: { ...journey, request } };
  };
  t.true(verdictOn(run('kernel', [cell()]), run('model', [all('50000', '51111')])).ok);
});

test('a port that a NAT had to look for may be another of the same rank, but none of those that were called', (t) => {
  const from = (port: number): CellResult =>
    cell(
      {},
      replies.map((text) => text.replace(':22', `:${port}`)),
    );
  t.true(verdictOn(run('kernel', [from(450)]), run('model', [from(224)])).ok);
  t.false(verdictOn(run('kernel', [from(450)]), run('model', [from(22)])).ok, 'the service has its own port again');
  t.false(verdictOn(run('kernel', [from(450)]), run('model', [from(700)])).ok, 'of another rank');
});

test('the same packets with another verdict', (t) => {
  const { journey, ...rest } = cell();
  const refused: CellResult = { ...rest, journey: { ...journey, verdict: { ...journey.verdict, accepted: false } } };
  const { ok, found } = verdictOn(run('kernel', [cell()]), run('model', [refused]));
  t.false(ok);
  t.is(found, 'ssh at isp1: accepted: kernel: true; model: false');
});

test('of what is to be counted, the number is a matter of time; what it is, and whether it came out right, is not', (t) => {
  const counted = (expected: string, ok = true): CheckResult => ({
    ...{ kind: 'statement', name: 'dropped', expected, found: '', ok },
  });
  const compared = (one: CheckResult, other: CheckResult): boolean =>
    verdictOn(run('kernel', [one]), run('model', [other])).ok;
  t.true(compared(counted('14 of 14 by eth1'), counted('17 of 17 by eth1')));
  t.true(compared(counted('14'), counted('12 to 17')));
  t.false(compared(counted('14 by eth1'), counted('14 by eth2')));
  t.false(compared(counted('14'), counted('14', false)));
});

test('what one of them lacks is not compared, but what went wrong on the other is told', (t) => {
  const lacking = run('model', [], { lacks: "the model can't run shorewall" });
  const trialOf = (kernel: RunResult) => compareRuns(kernel, lacking).scenarios[0]?.trials[0];
  t.like(trialOf(run('kernel', [cell()])), { lacks: "the model can't run shorewall", checks: [] });
  const wrong = cell({ found: 'no-reply', ok: false });
  t.deepEqual(trialOf(run('kernel', [wrong]))?.checks, [wrong]);
  const error = { message: 'the script failed', hint: '' };
  t.deepEqual(trialOf(run('kernel', [], { error }))?.error, error);
});
