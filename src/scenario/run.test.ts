import test from 'ava';
import threeIsps from '../../lab/topologies/three-isps.ts';
import type { Feature } from '../backend/feature.ts';
import type { Backend, Lab, LabOptions, Ping } from '../backend/lab.ts';
import { LabError } from '../net/error.ts';
import type { Topology } from '../topology/topology.ts';
import type { CheckResult } from './result.ts';
import { runPlans, type Plan, type Progress, type RunOptions } from './run.ts';
import type { Circumstances, Scenario, Trial } from './scenario.ts';

/** What a test has its labs do; each is told the trial's name. What is left out succeeds at once. */
interface Behaviour {
  readonly open?: (name: string) => Promise<void> | void;
  readonly unanswered?: (name: string, pings: readonly Ping[]) => readonly Ping[];
  readonly apply?: (name: string) => void;
  readonly run?: (name: string, circumstances: Circumstances) => Promise<readonly CheckResult[]>;
  readonly close?: (name: string) => void;
  /** Is told the feature instead. */
  readonly lacks?: (feature: Feature) => string | null;
}

const topology = threeIsps();
const done: CheckResult = { kind: 'statement', name: 'it ran', expected: 'yes', found: 'yes', ok: true };

/** A run of trials of these names, with an account of what became of each, in order. */
function prepare(names: readonly string[], behaviour: Behaviour, options: Partial<RunOptions> = {}) {
  const log: string[] = [];
  const progress: Progress[] = [];
  const settings: LabOptions[] = [];
  const pinged: Ping[] = [];
  const unexpected = (): never => {
    throw new Error('not asked for');
  };
  const nameOf = ({ label }: LabOptions): string => label.slice(label.indexOf('--') + 2);
  const backend: Backend = {
    name: 'model',
    release: '6.12.0-fake',
    assertReady: unexpected,
    lacks: async (feature) => Promise.resolve(behaviour.lacks?.(feature) ?? null),
    open: async (network, given): Promise<Lab> => {
      const name = nameOf(given);
      log.push(`open ${name}`);
      settings.push(given);
      await behaviour.open?.(name);
      log.push(`opened ${name}`);
      return {
        topology: network,
        seeded: true,
        unanswered: async (pings) => {
          pinged.push(...pings);
          return Promise.resolve(behaviour.unanswered?.(name, pings) ?? []);
        },
        apply: async (candidate) => {
          log.push(`apply ${candidate.name}`);
          behaviour.apply?.(name);
          return Promise.resolve();
        },
        route: unexpected,
        sysctl: unexpected,
        sweep: unexpected,
        scatter: unexpected,
        serve: unexpected,
        request: unexpected,
        dial: unexpected,
        change: unexpected,
        now: unexpected,
        inflict: unexpected,
        interleave: unexpected,
        run: unexpected,
        muster: unexpected,
        probe: unexpected,
        evidence: unexpected,
        close: async () => {
          log.push(`close ${name}`);
          behaviour.close?.(name);
          return Promise.resolve();
        },
      };
    },
  };
  const planOf = (name: string, candidates: readonly string[], network: Topology = topology): Plan => {
    const trials = candidates.map((candidate): Trial => ({
      candidate,
      variant: '',
      topology: network,
      tunnels: {},
      setting: null,
    }));
    const scenario: Scenario = {
      title: `title of ${name}`,
      lesson: '',
      services: ['ssh'],
      trials,
      open: () => trials,
      run: async (_lab, { candidate }, circumstances) => {
        log.push(`run ${candidate}`);
        return behaviour.run?.(candidate, circumstances) ?? [done];
      },
    };
    const candidate = (each: string) => ({ name: each, title: '', lesson: '', script: `/${each}/up.sh`, sources: {} });
    return { name, scenario, trials: trials.map((trial) => ({ trial, candidate: candidate(trial.candidate) })) };
  };
  const start = (plans: readonly Plan[] = [planOf('one', names)]) =>
    runPlans(plans, {
      backend,
      profile: 'kernel',
      seed: 7,
      jobs: 100,
      builders: 100,
      directory: '/nowhere',
      onProgress: (each) => progress.push(each),
      ...options,
    });
  return { log, progress, settings, pinged, planOf, start };
}

/** A promise to be kept or broken by hand. */
function gate<T = void>() {
  let open: (value: T) => void = () => undefined;
  const passed = new Promise<T>((resolve) => {
    open = resolve;
  });
  return { open, passed };
}

/** Lets everything happen that waits for nothing but its turn. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

const never = () => new Promise<never>(() => undefined);

test('results come in the order of the scenarios, whatever order the trials end in', async (t) => {
  const names = ['a', 'b', 'c', 'd'];
  const gates = new Map(names.map((name) => [name, gate<readonly CheckResult[]>()]));
  const { start, planOf, progress } = prepare([], { run: (name) => gates.get(name)!.passed });
  const run = start([planOf('one', ['a', 'b']), planOf('two', ['c', 'd'])]);
  for (const name of ['d', 'b', 'c', 'a']) {
    gates.get(name)!.open([{ ...done, name }]);
    await settled();
  }
  const { scenarios, backend, kernel, profile, seed, startedAt } = await run;
  t.deepEqual(
    scenarios.map(({ name, title, services, trials }) => ({
      name,
      title,
      services,
      trials: trials.map((trial) => [trial.candidate, trial.checks[1]?.kind === 'statement' && trial.checks[1].name]),
    })),
    [
      {
        name: 'one',
        title: 'title of one',
        services: ['ssh'],
        trials: [
          ['a', 'a'],
          ['b', 'b'],
        ],
      },
      {
        name: 'two',
        title: 'title of two',
        services: ['ssh'],
        trials: [
          ['c', 'c'],
          ['d', 'd'],
        ],
      },
    ],
  );
  t.deepEqual(
    { backend, kernel, profile, seed },
    { backend: 'model', kernel: '6.12.0-fake', profile: 'kernel', seed: 7 },
  );
  t.is(new Date(startedAt).toISOString(), startedAt);
  t.deepEqual(
    progress.map(({ scenario, trial, result }) => `${scenario} ${trial} ${result ? result.checks.length : 'begun'}`),
    ['one a begun', 'one b begun', 'two c begun', 'two d begun', 'two d 2', 'one b 2', 'two c 2', 'one a 2'],
  );
});

test('a trial: open, control, candidate, scenario, close', async (t) => {
  let seen: Circumstances | undefined;
  const { start, log, settings, pinged } = prepare(['a'], {
    run: async (_, circumstances) => {
      seen = circumstances;
      return Promise.resolve([done]);
    },
  });
  const run = await start();
  t.deepEqual(log, ['open a', 'opened a', 'apply a', 'run a', 'close a']);
  t.deepEqual(settings, [{ profile: 'kernel', seed: 7, tunnels: {}, directory: '/nowhere', label: 'one--a' }]);
  t.deepEqual(seen, {
    candidate: { name: 'a', title: '', lesson: '', script: '/a/up.sh', sources: {} },
    release: '6.12.0-fake',
    seed: 7,
  });
  // The control: the far end of each of the eight links, and each ISP's router from the client.
  t.deepEqual(
    pinged.map(({ host, destination }) => `${host} ${destination}`),
    [
      ...['isp1 203.0.113.2', 'isp2 203.0.114.2', 'isp3 203.0.115.2'],
      ...['isp1 192.0.2.1', 'isp2 192.0.2.5', 'isp3 192.0.2.9', 'cgnat 192.0.2.13'],
      ...['client 198.51.100.1', 'client 203.0.113.1', 'client 203.0.114.1', 'client 203.0.115.1'],
    ],
  );
  t.deepEqual(run.scenarios[0]?.trials[0]?.checks, [
    {
      kind: 'statement',
      name: 'control: without a candidate, the network carries traffic',
      expected: '11 of 11 pings answered',
      found: '11 of 11 pings answered',
      ok: true,
    },
    done,
  ]);
});

test("a lab's files are named after its trial in letters that any file system takes", async (t) => {
  const { start, planOf, settings, progress } = prepare([], {});
  const plan = planOf('one', ['a']);
  const trials = plan.trials.map(({ trial, candidate }) => ({
    candidate,
    trial: { ...trial, variant: 'isp1/isp2 do not filter: 100 %' },
  }));
  const { scenarios } = await start([{ ...plan, trials }]);
  t.is(settings[0]?.label, 'one--a-isp1-isp2-do-not-filter-100');
  t.deepEqual(
    progress.map(({ trial }) => trial),
    Array(2).fill('a (isp1/isp2 do not filter: 100 %)'),
  );
  t.is(scenarios[0]?.trials[0]?.variant, 'isp1/isp2 do not filter: 100 %');
});

for (const [jobs, builders] of [
  [1, 1],
  [3, 1],
  [3, 2],
  [8, 8],
] as const) {
  test(`${jobs} labs at once, ${builders} of them under construction: no more, and no fewer`, async (t) => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    const now = { labs: 0, building: 0 };
    const most = { labs: 0, building: 0 };
    const count = (what: 'labs' | 'building', change: number): void => {
      now[what] += change;
      most[what] = Math.max(most[what], now[what]);
    };
    const { start, log } = prepare(
      names,
      {
        open: async () => {
          count('building', 1);
          await settled();
          count('building', -1);
          count('labs', 1);
        },
        run: async () => {
          for (let turn = 0; turn < 20; turn++) await settled();
          return [done];
        },
        close: () => {
          count('labs', -1);
        },
      },
      { jobs, builders },
    );
    const { scenarios } = await start();
    t.deepEqual(most, { labs: jobs, building: builders });
    t.deepEqual(now, { labs: 0, building: 0 });
    t.deepEqual(
      log.filter((line) => line.startsWith('open ')),
      names.map((name) => `open ${name}`),
    );
    t.is(scenarios[0]?.trials.length, names.length);
  });
}

test('a lab under construction counts as one of the labs at once', async (t) => {
  const { start, log } = prepare(['a', 'b', 'c'], { open: never }, { jobs: 2 });
  void start();
  await settled();
  t.deepEqual(log, ['open a', 'open b']);
});

test('a control that fails ends the trial: no candidate is applied, no scenario carried through', async (t) => {
  const { start, log } = prepare(['a', 'b'], {
    unanswered: (name, pings) => (name === 'a' ? [pings[0]!, pings[10]!] : []),
  });
  const { scenarios } = await start();
  t.deepEqual(scenarios[0]?.trials[0]?.checks, [
    {
      kind: 'statement',
      name: 'control: without a candidate, the network carries traffic',
      expected: '11 of 11 pings answered',
      found: '9 of 11 pings answered, not isp1 to 203.0.113.2, not client to 203.0.115.1',
      ok: false,
    },
  ]);
  t.is(scenarios[0]?.trials[0]?.error, undefined);
  t.is(scenarios[0]?.trials[1]?.checks.length, 2);
  t.deepEqual(
    log.filter((line) => line.endsWith(' a')),
    ['open a', 'opened a', 'close a'],
  );
});

const steps = ['open', 'unanswered', 'apply', 'run', 'close'] as const;
type Step = (typeof steps)[number];

/** Labs of which trial `a` fails at a step. */
function failing(step: Step, error: Error): Behaviour {
  const fail = (name: string): never[] => {
    if (name === 'a') throw error;
    return [];
  };
  return step === 'run' ? { run: async (name) => Promise.resolve([...fail(name), done]) } : { [step]: fail };
}

for (const step of steps) {
  const failure = new LabError('lab-failed', `it broke at ${step}`, 'mend it');
  test(`what fails in a trial is that trial's error: ${step}`, async (t) => {
    const { start, log, progress } = prepare(['a', 'b'], failing(step, failure));
    const { scenarios } = await start();
    const [a, b] = scenarios[0]!.trials;
    t.deepEqual(a?.error, { message: `it broke at ${step}`, hint: 'mend it' });
    t.deepEqual(a?.checks, []);
    t.is(b?.error, undefined);
    t.is(b?.checks.length, 2);
    t.is(log.filter((line) => line === 'close a').length, step === 'open' ? 0 : 1);
    t.is(log.filter((line) => line === 'close b').length, 1);
    t.is(progress.filter(({ result }) => result !== null).length, 2);
  });

  for (const error of [
    new LabError('cannot-run', 'no namespaces here', 'be root'),
    new LabError('invalid', 'no such profile'),
    new TypeError('a mistake'),
  ]) {
    test(`what is wrong with more than a trial ends the run: ${error.message} at ${step}`, async (t) => {
      const { start, log } = prepare(['a', 'b'], failing(step, error), { jobs: 1 });
      t.is(await t.throwsAsync(start()), error);
      t.is(log.filter((line) => line === 'close a').length, step === 'open' ? 0 : 1);
      t.false(log.includes('open b'), 'no other trial is begun');
    });
  }
}

test('an error of the scenario says more than one of closing the lab after it', async (t) => {
  const { start } = prepare(['a'], {
    run: () => Promise.reject(new LabError('lab-failed', 'the server died')),
    close: () => {
      throw new Error('cannot write the log');
    },
  });
  const { scenarios } = await start();
  t.is(scenarios[0]?.trials[0]?.error?.message, 'the server died');
});

test('when the run ends early, every lab is closed first, once, even one whose scenario would never end', async (t) => {
  const broken = new LabError('cannot-run', 'out of memory');
  const building = gate();
  const ends = gate<readonly CheckResult[]>();
  const { start, log, progress } = prepare(
    ['stuck', 'ended', 'under construction', 'fatal', 'waiting'],
    {
      open: (name) => (name === 'under-construction' ? building.passed : undefined),
      run: (name) =>
        name === 'stuck' ? never() : name === 'ended' ? ends.passed : Promise.reject<CheckResult[]>(broken),
    },
    { jobs: 4 },
  );
  let rejected = false;
  const run = start().catch((error: unknown) => {
    rejected = true;
    return error;
  });
  // `fatal` has failed by now; one lab is being built still, and the run waits for it.
  await settled();
  t.false(rejected);
  t.deepEqual(log.filter((line) => line.startsWith('close')).sort(), ['close ended', 'close fatal', 'close stuck']);
  building.open();
  t.is(await run, broken);
  t.is(log.filter((line) => line === 'close under-construction').length, 1);
  t.false(log.includes('apply under construction'));
  t.false(log.some((line) => line.endsWith('waiting')));
  // What comes too late is of no consequence.
  ends.open([done]);
  const before = log.length;
  await settled();
  t.is(log.length, before);
  t.true(progress.every(({ result }) => result === null));
});

test('a lab whose turn to be built comes after the run ended is not built', async (t) => {
  const building = gate();
  const { start, log } = prepare(
    ['a', 'b'],
    {
      open: async () => {
        await building.passed;
        throw new LabError('cannot-run', 'no namespaces here');
      },
    },
    { builders: 1 },
  );
  const run = start();
  await settled();
  building.open();
  await t.throwsAsync(run, { message: 'no namespaces here' });
  t.deepEqual(log, ['open a']);
});

test('of several errors that end the run, the first does', async (t) => {
  const gates = new Map(['a', 'b'].map((name) => [name, gate()]));
  const { start } = prepare(['a', 'b'], {
    open: async (name) => {
      await gates.get(name)!.passed;
      throw new LabError('cannot-run', name);
    },
  });
  const run = start();
  for (const name of ['b', 'a']) {
    gates.get(name)!.open();
    await settled();
  }
  await t.throwsAsync(run, { message: 'b' });
});

test('what the kernel lacks is told, and no lab is opened for it; that it can not be found out is an error of the trial', async (t) => {
  const said: Readonly<Record<string, () => string | null>> = {
    there: () => null,
    lacking: () => 'this kernel has none',
    unknown: () => {
      throw new LabError('lab-failed', 'no way to tell');
    },
  };
  for (const [name, lacks] of Object.entries(said)) {
    const { start, planOf, log } = prepare([], { lacks });
    const plan = planOf('one', ['a']);
    const trials = plan.trials.map((each) => ({ ...each, trial: { ...each.trial, needs: ['netem'] as const } }));
    const [trial] = (await start([{ ...plan, trials }])).scenarios[0]!.trials;
    t.is(trial?.lacks, name === 'lacking' ? 'this kernel has none' : undefined);
    t.is(trial?.error?.message, name === 'unknown' ? 'no way to tell' : undefined);
    t.is(log.length > 0, name === 'there');
  }
});

test('a trial in which chance loses packets says so', async (t) => {
  for (const loss of [0, 0.01]) {
    const { start, planOf } = prepare([], {});
    const links = topology.links.map((link) => ({ ...link, impairment: { delay: 0.01, loss } }));
    const run = await start([planOf('one', ['a'], { ...topology, links })]);
    t.is(run.scenarios[0]?.trials[0]?.chance, loss > 0 ? true : undefined);
  }
});

test('an invalid topology ends the run before anything is built from it', async (t) => {
  const { start, planOf, log } = prepare([], {});
  const plan = planOf('one', ['a'], { ...topology, server: { ...topology.server, uplinks: [] } });
  await t.throwsAsync(start([plan]), { message: 'topology three-isps: server: it has no uplinks' });
  t.deepEqual(log, []);
});

test('a feature that cannot even be tried ends the run', async (t) => {
  const { start, planOf } = prepare([], {
    lacks: () => {
      throw new LabError('cannot-run', 'no namespaces here');
    },
  });
  const plan = planOf('one', ['dials']);
  const trials = plan.trials.map(({ trial, candidate }) => ({
    trial: { ...trial, needs: ['ppp'] as const },
    candidate,
  }));
  await t.throwsAsync(start([{ ...plan, trials }]), { message: 'no namespaces here' });
});

test('nothing to run', async (t) => {
  const { start, planOf } = prepare([], {});
  t.deepEqual((await start([])).scenarios, []);
  const { scenarios } = await start([planOf('one', [])]);
  t.deepEqual(scenarios[0]?.trials, []);
  t.is(scenarios[0]?.milliseconds, 0);
});
