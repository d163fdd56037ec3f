import test from 'ava';
import fc from 'fast-check';
import { parseJson } from '../candidate/dump/json.ts';
import { runShape } from './run-shape.ts';
import { anyRun, sampleRun } from './sample-run.ts';

const check = (run: unknown): void => {
  const at = { file: 'results.json', line: 1, column: 1 };
  runShape.holds(parseJson({ text: JSON.stringify(run, null, 1), at }), 'a run');
};

test('any run has the shape of one', (t) => {
  t.notThrows(() => check(sampleRun));
  t.notThrows(() => check({ ...sampleRun, shard: { index: 1, of: 2, whole: [{ scenario: 'a', trials: ['b'] }] } }));
  fc.assert(fc.property(anyRun, check));
});

/** The paths to all values within. */
function pathsIn(value: unknown, path: readonly string[] = []): readonly (readonly string[])[] {
  const inner = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return [path, ...inner.flatMap(([key, its]) => pathsIn(its, [...path, key]))];
}

/** The value with another in place of what the path leads to. */
function changed(value: unknown, [key, ...rest]: readonly string[], to: unknown): unknown {
  if (key === undefined) return to;
  const inner = changed((value as Record<string, unknown>)[key], rest, to);
  return Array.isArray(value)
    ? (value as unknown[]).map((item, index) => (String(index) === key ? inner : item))
    : { ...(value as object), [key]: inner };
}

test('whatever of it has another kind, or is missing, is named with its place', (t) => {
  const [scenario] = sampleRun.scenarios;
  const [failed, broken] = [scenario!.trials[0]!, scenario!.trials.at(-1)!];
  const small = {
    ...{ ...sampleRun, shard: { index: 1, of: 2, whole: [{ scenario: 'a', trials: ['b'] }] } },
    scenarios: [{ ...scenario, trials: [{ ...failed, checks: failed.checks.slice(0, 2) }, broken] }],
  };
  check(small);
  const paths = pathsIn(small).slice(1);
  t.true(paths.length > 60);
  for (const path of paths) {
    const wrong = changed(small, path, []);
    const isList = Array.isArray(path.reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], small));
    for (const run of isList ? [changed(small, path, 'x')] : [wrong, changed(small, path, { x: [] })]) {
      t.throws(
        () => check(run),
        { code: 'invalid', message: /^results\.json:\d+:\d+: expected |has no key/ },
        path.join(),
      );
    }
    if (/^\d+$|^chance$|^error$|^shard$/.test(path.at(-1)!)) continue;
    const error = t.throws(() => check(changed(small, path, undefined)), { code: 'invalid' }, path.join());
    t.regex(error.message, /^results\.json:\d+:\d+: .* has no key "/);
  }
});

test('words are of their closed lists, and counts are whole', (t) => {
  const seed = t.throws(() => check({ ...sampleRun, seed: 1.5 }));
  t.is(seed.message, 'results.json:5:10: expected a run: seed, a whole number up to 9007199254740991, got 1.5');
  const backend = t.throws(() => check({ ...sampleRun, backend: 'neither' }));
  t.is(backend.message, 'results.json:2:13: expected a run: backend, one of kernel, model, both, got "neither"');
  const many = { index: 1, of: 10_000, whole: [] };
  t.throws(() => check({ ...sampleRun, shard: many }), { message: /shard: of, a whole number up to 9999, got 10000/ });
});
