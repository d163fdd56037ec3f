import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import crossroads from '../../../lab/topologies/crossroads.ts';
import type { Evidence } from '../../backend/crossing.ts';
import type { Backend } from '../../backend/lab.ts';
import { parseJson } from '../../candidate/dump/json.ts';
import { LabError } from '../../net/error.ts';
import { modelBackend } from '../../model/lab.ts';
import { conformanceText } from '../../report/conformance.ts';
import { conformanceShape, foundIn, recordOf, type ConformanceRecord } from '../../report/conformance-record.ts';
import type { Part } from '../shards.ts';
import { conform, type Conformance, type ConformanceOptions } from './conform.ts';
import { mergeConformance } from './merge.ts';

const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

/** Two eras of the model, one in the kernel's place. */
const between = (one: string, other: string, parts: Partial<ConformanceOptions> = {}): ConformanceOptions => ({
  ...{ topology: crossroads(), count: 150, seed: 5, jobs: 1, attempts: 1, shard: { index: 1, of: 1 } },
  kernel: modelBackend({ release: one, turn }),
  model: modelBackend({ release: other, turn }),
  directory: join(tmpdir(), 'unused'),
  progress: () => undefined,
  ...parts,
});

test('what does the same agrees, and as many journeys are compared as were asked for', async (t) => {
  const heard: number[] = [];
  const found = await conform(between('6.18.44', '6.18.44', { progress: (journeys) => heard.push(journeys) }));
  t.deepEqual(found.disagreements, []);
  t.true(found.journeys >= 150 && found.journeys < 200, `${found.journeys}`);
  t.is(heard.at(-1), found.journeys);
  t.true(found.travelled > found.journeys * 0.8, `${found.travelled}`);
  t.true((found.tried.get('multipath route') ?? 0) > 5);
  t.true((found.decisions.get('nexthop') ?? 0) > 20);
});

test('where the hash has a secret of its own, what it chose is not compared, and all else is', async (t) => {
  t.timeout(120_000);
  const [one, other] = ['5.10', '6.1'].map((release) => between(release, release, { count: 400 }));
  for (const { kernel, ...options } of [one!, other!]) {
    const secretive: Backend = {
      ...kernel,
      open: (topology, lab) => kernel.open(topology, { ...lab, seed: lab.seed + 1 }),
    };
    const found = await conform({ ...options, kernel: secretive });
    t.deepEqual(found.disagreements, [], options.model.release);
    t.true(found.byChance > 50, `${found.byChance}`);
    t.true(found.journeys > 150, `${found.journeys}`);
  }
  const seeded = await conform(between('6.12', '6.12'));
  t.is(seeded.byChance, 0);
});

test('where Linux has changed, trials that show it are found, and made smaller', async (t) => {
  t.timeout(120_000);
  const once = between('6.18.44', '6.12', { count: 20, attempts: 1 });
  const [asFound, smaller] = [await conform(once), await conform({ ...once, attempts: 40 })];
  t.true(asFound.disagreements.length > 0);
  t.is(smaller.disagreements.length, asFound.disagreements.length);
  for (const [place, { differences, again, trial }] of smaller.disagreements.entries()) {
    t.true(again);
    t.true(differences.length > 0);
    for (const { kernel, model } of differences) t.notDeepEqual(kernel, model);
    if (place < 3) {
      t.true(JSON.stringify(trial).length < JSON.stringify(asFound.disagreements[place]?.trial).length);
    }
  }
});

const sharded = (
  of: number,
  other: string,
): Promise<readonly Part<Conformance & { kernel: string; count: number }>[]> =>
  Promise.all(
    Array.from({ length: of }, async (_, slot) => {
      const shard = { index: slot + 1, of };
      const found = await conform(between('6.18.44', other, { shard }));
      return { file: `${slot + 1}.json`, shard, result: { ...found, kernel: '6.18.44', count: 150 } };
    }),
  );
const sorted = (counted: ReadonlyMap<string, number>): unknown => [...counted].sort();

test('shards share the trials among them, and merged they are the whole', async (t) => {
  t.timeout(120_000);
  for (const other of ['6.18.44', '6.12']) {
    const whole = await conform(between('6.18.44', other));
    const parts = await sharded(3, other);
    const merged = mergeConformance([parts[2]!, parts[0]!, parts[1]!]);
    for (const key of ['seed', 'trials', 'journeys', 'travelled'] as const) t.is(merged[key], whole[key], key);
    t.deepEqual(sorted(merged.tried), sorted(whole.tried));
    // Other trials go before in the same lab, so that not all decisions are those of the whole.
    for (const [stage, total] of merged.decisions) {
      t.is(
        total,
        parts.map(({ result }) => result.decisions.get(stage) ?? 0).reduce((sum, each) => sum + each, 0),
      );
    }
    t.deepEqual([...merged.decisions.keys()].sort(), [...whole.decisions.keys()].sort());
    t.deepEqual(
      merged.disagreements.map(({ index }) => index),
      whole.disagreements.map(({ index }) => index),
    );
    t.is(merged.disagreements.length > 0, other === '6.12');
  }
});

test('shards of other trials, or of another kernel, are not merged', (t) => {
  const none = { unsteady: [], drops: null, lookUps: null, disagreements: [], tried: new Map(), decisions: new Map() };
  const [one, two] = [1, 2].map((index) => ({
    ...{ file: `${index}.json`, shard: { index, of: 2 } },
    result: {
      kernel: '6.18.44',
      count: 150,
      seed: 5,
      trials: 1,
      journeys: 1,
      travelled: 1,
      byChance: 0,
      keptBack: 0,
      ...none,
    },
  }));
  for (const [name, value] of Object.entries({ kernel: '5.10.1', count: 151, seed: 6 })) {
    const error = t.throws(() => mergeConformance([one!, { ...two!, result: { ...two!.result, [name]: value } }]), {
      code: 'invalid',
    });
    t.regex(error.message, new RegExp(`^not shards of one whole: 2.json has ${name} ${value}, but 1.json `));
  }
  t.throws(() => mergeConformance([two!]), { code: 'invalid', message: 'shard 1/2 is missing' });
});

test('what is written down of it is read back', async (t) => {
  const found = await conform(between('6.18.44', '6.12', { count: 20 }));
  t.true(found.disagreements.length > 0);
  const facts = { kernel: '6.18.44', count: 150, shard: { index: 1, of: 2 } };
  const text = JSON.stringify(recordOf(found, facts), null, 2);
  const json = parseJson({ text, at: { file: 'conformance.json', line: 1, column: 1 } });
  t.notThrows(() => conformanceShape.holds(json, 'it'));
  t.deepEqual(foundIn(JSON.parse(text) as ConformanceRecord), { ...found, ...facts });
  const spoilt = parseJson({
    text: text.replace('"again"', '"once"'),
    at: { file: 'conformance.json', line: 1, column: 1 },
  });
  t.throws(() => conformanceShape.holds(spoilt, 'it'), {
    message: /^conformance\.json:\d+:\d+: .* has no key "again"$/,
  });
});

test('what differs once, and not when the same trials are carried out again, is no disagreement', async (t) => {
  const options = between('6.18.44', '6.18.44', { count: 20 });
  let labs = 0;
  const unsteady = {
    ...options.kernel,
    open: (...lab: Parameters<typeof options.kernel.open>) => {
      labs += 1;
      return (labs === 1 ? modelBackend({ release: '6.12', turn }) : options.kernel).open(...lab);
    },
  };
  const found = await conform({ ...options, kernel: unsteady });
  t.deepEqual(found.disagreements, []);
  t.true(found.unsteady.length > 0);
  t.is(labs, 2);
});

/** A backend whose labs tell otherwise of what was dropped or looked up than they should. */
const telling = (
  backend: Backend,
  tell: (evidence: Evidence) => Partial<Pick<Evidence, 'drops' | 'lookUps' | 'lookUpsMissed'>>,
): Backend => ({
  ...backend,
  open: async (...options) => {
    const lab = await backend.open(...options);
    return {
      ...lab,
      evidence: async () => {
        const evidence = await lab.evidence();
        return { ...evidence, ...tell(evidence) };
      },
    };
  },
});

test('what the kernel alone drops is a disagreement, and what it says nothing of is none', async (t) => {
  const options = between('6.18.44', '6.18.44', { count: 20 });
  const more = telling(options.kernel, ({ crossings, drops }) => {
    const first = crossings.find(({ protocol, source }) => protocol === 'udp' && source.startsWith('198.'));
    t.truthy(first);
    const more = first ? [{ ...first, reason: 'IP_RPFILTER', function: 'ip_rcv_finish_core' }] : [];
    return { drops: [...(drops ?? []), ...more] };
  });
  const found = await conform({ ...options, kernel: more });
  t.is(found.disagreements.length, 1);
  const [difference, ...others] = found.disagreements[0]?.differences ?? [];
  // It is told of for each address that is the shot's own.
  for (const { shot } of others) t.deepEqual(shot, difference?.shot);
  t.deepEqual(difference?.model, []);
  t.regex(difference?.kernel[0] ?? '', / dropped 198.*: IP_RPFILTER$/);
  const silent = await conform({ ...options, kernel: telling(options.kernel, () => ({ drops: null })) });
  t.is(silent.drops, null);
  t.deepEqual(silent.disagreements, []);
});

test('a look-up that the kernel alone makes is a disagreement, and what it says nothing of is none', async (t) => {
  const options = between('6.18.44', '6.18.44', { count: 20 });
  const more = telling(options.kernel, ({ lookUps }) => {
    const place = lookUps?.findIndex(({ protocol, source }) => protocol === 0 && source.startsWith('198.')) ?? -1;
    t.true(place >= 0);
    return { lookUps: lookUps?.toSpliced(place, 0, ...lookUps.slice(place, place + 1)) ?? null };
  });
  const found = await conform({ ...options, kernel: more });
  t.is(found.disagreements.length, 1);
  t.is(found.disagreements[0]?.differences.length, 1);
  t.true((found.lookUps ?? 0) > 100, String(found.lookUps));
  const silent = await conform({ ...options, kernel: telling(options.kernel, () => ({ lookUps: null })) });
  t.is(silent.lookUps, null);
  t.deepEqual(silent.disagreements, []);
});

test('a lab whose look-ups may not be complete is carried out again, and not for ever', async (t) => {
  const options = between('6.18.44', '6.18.44', { count: 20 });
  const lackingIn = (labs: number): { readonly kernel: Backend; readonly opened: () => number } => {
    let count = 0;
    const kernel = telling(options.kernel, ({ lookUps }) =>
      ++count <= labs ? { lookUps: lookUps?.slice(1, 9) ?? null, lookUpsMissed: 2 } : {},
    );
    return { kernel, opened: () => count };
  };
  const twice = lackingIn(2);
  const found = await conform({ ...options, kernel: twice.kernel });
  t.is(twice.opened(), 3);
  t.is(found.keptBack, 2);
  t.deepEqual(found.disagreements, []);
  t.true((found.lookUps ?? 0) > 100, String(found.lookUps));
  t.regex(conformanceText(found), /2 labs were carried out once more/);

  await t.throwsAsync(conform({ ...options, kernel: lackingIn(Infinity).kernel }), {
    code: 'lab-failed',
    message: /kept look-ups from bpftrace in 5 labs/,
  });
});

test('when a lab fails, no other is begun', async (t) => {
  const options = between('6.18.44', '6.18.44', { count: 1300, jobs: 2 });
  let opened = 0;
  const kernel: Backend = {
    ...options.kernel,
    open: (...lab) => {
      if (++opened === 1) throw new LabError('lab-failed', 'the first one fails');
      return options.kernel.open(...lab);
    },
  };
  await t.throwsAsync(conform({ ...options, kernel }), { message: 'the first one fails' });
  t.is(opened, 2);
});
