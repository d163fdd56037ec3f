import test from 'ava';
import type { Crossing } from '../src/backend/crossing.ts';
import type { Probe } from '../src/backend/lab.ts';
import { LabError } from '../src/net/error.ts';
import { loadCandidate } from '../src/scenario/catalogue.ts';
import { fakeLab } from '../src/scenario/fake-lab.ts';
import { answerTo, lineAddresses, pass, ways, waysBack } from '../src/scenario/sample-home.ts';
import type { CheckResult } from '../src/scenario/result.ts';
import { trialFor, trialName } from '../src/scenario/scenario.ts';
import scenario from './failover-pppd.ts';

const release = '6.1.0';

/** What connections by each line come to, in a part of the time: the line that they go by then, and whether they are answered. */
type Fate = 'by ppp0' | 'by ppp1' | 'lost by ppp0' | 'no route';
type Part = 'before' | 'unnoticed' | 'noticed' | 'gone' | 'after';
interface World {
  readonly fates: Readonly<Record<Exclude<Part, 'before'>, readonly [Fate, Fate]>>;
  readonly saw: string;
  readonly announced: string;
}

const [double, single] = [
  ' nexthop via 203.0.113.1 dev ppp0 weight 8 dead linkdown\n nexthop via 203.0.114.1 dev ppp1 weight 2',
  '',
];
const [removal, deletion] = [
  'Deleted 6: ppp0: <POINTOPOINT> mtu 1492\n',
  'Deleted default \\ nexthop via 203.0.113.1 dev ppp0\n',
];
const [other, none, first]: readonly (readonly [Fate, Fate])[] = [
  ['by ppp1', 'by ppp1'],
  ['no route', 'no route'],
  ['by ppp0', 'by ppp0'],
];
const unnoticed = ['lost by ppp0', 'by ppp1'] as const;
const well = { unnoticed, noticed: other!, gone: other!, after: ['by ppp0', 'by ppp1'] } as const;

/** What comes on a real kernel (6.1) with pppd 2.4.9, by the trials' names. */
const worlds: Readonly<Record<string, World>> = {
  'ppp-onlooker (the ISP hangs up)': {
    ...{ fates: { ...well, gone: none!, after: none! }, saw: single, announced: removal },
  },
  'ppp-onlooker (the wire is cut)': {
    ...{ fates: { ...well, gone: none!, after: none! }, saw: double, announced: removal },
  },
  'ppp-onlooker (the ISP hangs up, defaultroute)': {
    ...{ fates: { ...well, gone: none!, after: first! }, saw: single, announced: deletion + removal },
  },
  'ppp-onlooker (the wire is cut, defaultroute)': {
    fates: { ...well, noticed: none!, gone: none!, after: first! },
    ...{ saw: single, announced: deletion + removal },
  },
  'ppp-onlooker (the ISP hangs up, replacedefaultroute)': {
    ...{ fates: { ...well, gone: none!, after: first! }, saw: single, announced: deletion + removal },
  },
  'ppp-scripts (the ISP hangs up)': { fates: { ...well, gone: none!, after: first! }, saw: '', announced: removal },
  'ppp-scripts (the wire is cut)': { fates: well, saw: '', announced: removal },
  'ppp-scripts-locked (the ISP hangs up)': { fates: well, saw: '', announced: removal },
  'ppp-scripts-locked (the wire is cut)': { fates: well, saw: '', announced: removal },
};

/** Odd addresses go by the first line at first, even ones by the second. */
const lineOf = (destination: string): 0 | 1 => (Number(destination.split('.')[3]) % 2 === 1 ? 0 : 1);

async function carryThrough(
  name: string,
  { fates, saw, announced }: World,
  status = 0,
): Promise<readonly CheckResult[]> {
  const trial = trialFor(
    scenario.trials.find((each) => trialName(each) === name)!,
    release,
  );
  const crossings: Crossing[] = [];
  let [time, port, part]: [number, number, Part] = [1000, 50000, 'before'];
  const fateOf = (destination: string): Fate => {
    const line = lineOf(destination);
    return part === 'before' ? `by ppp${line}` : fates[part][line];
  };
  const play = ({ destination, port: to, protocol }: Probe): boolean => {
    const fate = fateOf(destination);
    const line = fate.endsWith('0') ? 1 : 2;
    const [source, outer] = [`192.168.2.100:${++port}`, `${lineAddresses[line - 1]!}:${port}`];
    const sent = { time: (time += 0.1), protocol, source, destination: `${destination}:${to}`, nat: { source: outer } };
    const way = ways.toWorld(line);
    const cut = fate === 'no route' ? way.slice(0, 2) : fate === 'lost by ppp0' ? way.slice(0, 3) : way;
    const asking = pass({ ...sent, way: cut });
    crossings.push(...asking);
    if (!fate.startsWith('by ')) return false;
    crossings.push(...answerTo(asking, waysBack.toDesktop(line)));
    return true;
  };
  const lab = fakeLab(trial.topology, {
    now: () => (time += 0.1),
    route: (_host, destination) => {
      const fate = fateOf(destination);
      return fate === 'no route'
        ? Promise.reject(new LabError('lab-failed', 'no route'))
        : Promise.resolve(fate.slice(-4));
    },
    probe: () =>
      Promise.resolve({
        hurry: () => Promise.resolve(),
        answered: (probe) => Promise.resolve(play(probe)),
        stop: () => Promise.resolve(),
      }),
    inflict: ({ kind }) => {
      part = kind === 'down' ? 'unnoticed' : kind === 'vanish' ? 'gone' : 'after';
      return Promise.resolve();
    },
    run: (_host, script) => {
      if (script.includes('ip-down-saw')) return Promise.resolve({ status, stderr: saw });
      if (script.includes('grep -v')) return Promise.resolve({ status, stderr: announced });
      if (part === 'unnoticed') part = 'noticed';
      else if (part === 'noticed') part = 'gone';
      return Promise.resolve({ status, stderr: 'no' });
    },
    evidence: () =>
      Promise.resolve({
        crossings: [...crossings].sort((one, two) => one.time - two.time),
        ...{ until: (time += 0.1), filtered: { value: 0, from: time, to: time }, drops: null },
      }),
  });
  return scenario.run(lab, trial, { candidate: await loadCandidate(trial.candidate), release, seed: 3 });
}

const wrong = (checks: readonly CheckResult[]) =>
  checks.flatMap((check) =>
    check.ok ? [] : [check.kind === 'cell' ? `${check.service} ${check.uplink}` : check.name],
  );

test('each trial has a world', (t) => {
  t.deepEqual(Object.keys(worlds), scenario.trials.map(trialName));
  for (const { needs } of scenario.trials) t.deepEqual(needs, ['ppp']);
});

for (const [name, world] of Object.entries(worlds)) {
  test(`${name}: as expected, if it comes so`, async (t) => {
    const checks = await carryThrough(name, world);
    t.deepEqual(wrong(checks), []);
    t.is(checks.filter(({ kind }) => kind === 'cell').length, name.includes('cut') ? 8 : 4);
  });
}

test('that ip-down may be first when the ISP hangs up is as expected, too', async (t) => {
  const scripts = 'ppp-scripts (the ISP hangs up)';
  t.deepEqual(wrong(await carryThrough(scripts, { ...worlds[scripts]!, fates: well })), []);
  const onlooker = 'ppp-onlooker (the ISP hangs up)';
  t.deepEqual(wrong(await carryThrough(onlooker, { ...worlds[onlooker]!, saw: double })), []);
});

const locked = 'ppp-scripts-locked (the wire is cut)';
for (const part of ['unnoticed', 'noticed', 'gone', 'after'] as const) {
  test(`what comes otherwise is not as expected: ${part}`, async (t) => {
    const fates = { ...well, [part]: ['no route', well[part][1]] as const };
    t.deepEqual(wrong(await carryThrough(locked, { ...worlds[locked]!, fates })), [`new-${part} ppp0`]);
  });
}

test('a route that is deleted by another than it should be is not as expected', async (t) => {
  const [silent, aloud] = ['ppp-onlooker (the wire is cut)', 'ppp-onlooker (the wire is cut, defaultroute)'] as const;
  const announcement = ['what is announced of the default route'];
  const found = ['the default route that ip-down finds'];
  const as = async (name: string, changes: Partial<World>) =>
    wrong(await carryThrough(name, { ...worlds[name]!, ...changes }));
  t.deepEqual(await as(silent, { announced: deletion + removal }), announcement);
  t.deepEqual(await as(silent, { announced: '' }), announcement);
  t.deepEqual(await as(silent, { saw: single }), found);
  t.deepEqual(await as(aloud, { announced: removal + deletion }), announcement);
  t.deepEqual(await as(aloud, { announced: removal }), announcement);
  t.deepEqual(await as(aloud, { saw: double }), found);
});

test('a line that nothing goes by at first is told, and nothing else', async (t) => {
  const trial = trialFor(scenario.trials[0]!, release);
  const lab = fakeLab(trial.topology, { route: () => Promise.resolve('ppp1') });
  const checks = await scenario.run(lab, trial, { candidate: await loadCandidate(trial.candidate), release, seed: 3 });
  t.like(checks, [{ name: 'both lines are used', expected: 'ppp0 and ppp1', found: 'ppp1', ok: false }]);
  t.is(checks.length, 1);
});

test('a script of the scenario that fails ends the trial', async (t) => {
  await t.throwsAsync(carryThrough(locked, worlds[locked]!, 1), { instanceOf: LabError, message: /failed: no$/ });
});

test('a script that is not known is tried if pppd runs it', async (t) => {
  t.is(typeof scenario.open(await loadCandidate('source-rules')), 'string');
  t.is(scenario.open(await loadCandidate('ppp-scripts-flush')).length, 2);
});
