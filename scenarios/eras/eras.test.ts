import test from 'ava';
import { makePlans } from '../../src/cli/plans.ts';
import { modelBackend } from '../../src/model/lab.ts';
import type { TrialResult } from '../../src/scenario/result.ts';
import { runPlans } from '../../src/scenario/run.ts';

/** Trials as on a kernel of that release, which the model stands for. */
async function triedOn(release: string, scenario: string, ...candidates: readonly string[]) {
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const { scenarios } = await runPlans(await makePlans([scenario], candidates), {
    ...{ backend: modelBackend({ release, turn }), profile: 'kernel', seed: 3, jobs: 2, builders: 1 },
    ...{ directory: '', onProgress: () => undefined },
  });
  return scenarios.flatMap(({ trials }) => trials);
}

const failed = (trials: readonly TrialResult[]) =>
  trials.flatMap(({ checks, error }) => [...checks.filter(({ ok }) => !ok), ...(error ? [error.message] : [])]);
const statements = ({ checks }: TrialResult, pattern: RegExp): readonly string[] =>
  checks.flatMap((check) => (check.kind === 'statement' && pattern.test(check.name) ? [check.found] : []));
const outcomes = ({ checks }: TrialResult, service: string): readonly string[] =>
  checks.flatMap((check) => (check.kind === 'cell' && check.service === service ? [check.found] : []));

// The report of 2016, on Debian 8: whichever uplink is dialled, answers come from the others by turns.
test('on Linux 3.16 an OpenVPN client is answered from each of the other uplinks by turns, and TCP works', async (t) => {
  const [trial] = await triedOn('3.16', 'multihome-udp', 'round-robin');
  t.deepEqual(failed([trial!]), []);
  t.deepEqual(outcomes(trial!, 'openvpn-udp'), ['reply-source', 'reply-source', 'reply-source']);
  t.deepEqual(outcomes(trial!, 'ssh'), ['works', 'works', 'works']);
  t.deepEqual(statements(trial!, /says from where it was answered instead/), [
    'Incoming packet rejected from 203.0.114.2, 203.0.115.2',
    'Incoming packet rejected from 203.0.113.2, 203.0.115.2',
    'Incoming packet rejected from 203.0.113.2, 203.0.114.2',
  ]);
  for (const found of statements(trial!, /leave by/))
    t.regex(found, /^isp1 \d+ times, isp2 \d+ times, isp3 \d+ times$/);
});

test('on Linux 2.6.32 all answers to the client leave by one uplink, by the route cache', async (t) => {
  const [trial] = await triedOn('2.6.32', 'multihome-udp', 'round-robin');
  t.deepEqual(failed([trial!]), []);
  for (const service of ['openvpn-udp', 'udp-echo']) {
    t.deepEqual([...outcomes(trial!, service)].sort(), ['reply-source', 'reply-source', 'works']);
  }
});

test('on Linux 4.4 each flow has an uplink of its own', async (t) => {
  const [trial] = await triedOn('4.4', 'multihome-udp', 'round-robin');
  t.deepEqual(failed([trial!]), []);
  for (const found of statements(trial!, /leave by/)) t.regex(found, /^isp\d 4 times$/);
});

test('the recipe of 2014 works where a source of the own host is let in, and what a kernel lacks is not tried', async (t) => {
  for (const [release, outcome] of [
    ['2.6.32', 'martian-source'],
    ['3.16.0', 'works'],
    ['3.16.7', 'martian-source'],
    ['6.1', 'martian-source'],
  ] as const) {
    const trials = await triedOn(release, 'udp-veth-workaround');
    t.deepEqual(failed(trials), [], release);
    const [recipe, , mended] = trials;
    t.deepEqual(outcomes(recipe!, 'udp-echo'), [outcome, outcome, outcome], release);
    const lacks = release === '2.6.32' ? 'net.ipv4.conf.*.accept_local came with Linux 2.6.33' : undefined;
    t.is(mended!.lacks, lacks, release);
    t.is(mended!.checks.length > 0, lacks === undefined, release);
  }
});

// The second line's flow is masqueraded, and a single route by the first takes it along (c65ef8dc7bb2, 3.8).
for (const [release, masqueraded] of [
  ['3.2', 'stale-nat'],
  ['3.16', 'works'],
  ['4.9', 'works'],
] as const) {
  test(`scripts and a monitor do on Linux ${release} what is stated, when a line fails`, async (t) => {
    t.timeout(120_000, 'it is work, and a busy machine takes its time');
    const trials = await triedOn(release, 'failover', 'ppp-scripts', 'ppp-scripts-flush', 'gateway-monitor');
    t.deepEqual(failed(trials), []);
    t.is(trials.length, 12);
    t.deepEqual(outcomes(trials[0]!, 'udp-after'), ['works', masqueraded]);
  });
}
