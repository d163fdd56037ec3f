import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { Command } from 'commander';
import { sampleRun } from '../report/sample-run.ts';
import { addMergeCommand } from './merge.ts';

// What is merged, and into what, is tested where the whole command line is.

const run = JSON.stringify(sampleRun);
const shard = JSON.stringify({ ...sampleRun, shard: { index: 1, of: 2, whole: [] } });
const conformance = JSON.stringify({
  ...{
    kernel: '6.18.44',
    count: 1,
    seed: 1,
    trials: 1,
    journeys: 1,
    travelled: 1,
    byChance: 0,
    keptBack: 0,
    unsteady: [],
    drops: null,
    lookUps: null,
  },
  ...{ tried: {}, decisions: {}, disagreements: [] },
  shard: { index: 1, of: 2 },
});

const refused: readonly (readonly [string, Readonly<Record<string, string>>, readonly string[], RegExp])[] = [
  ['what is not there', {}, ['nowhere'], /nowhere: cannot be read: ENOENT/],
  ['a folder without results', { 'a/x': '' }, ['a'], /\ba: there is no results\.json and no conformance\.json in it$/],
  ['a file that is no JSON', { a: '{\n"x"' }, ['a'], /\ba:2:4: this is not JSON: colon expected$/],
  [
    'a file that is JSON of something else',
    { a: '[]' },
    ['a'],
    /\ba:1:1: expected a shard's results, got a list of 0$/,
  ],
  ['results that lack something', { a: '{"journeys": 1}' }, ['a'], /\ba:1:1: a shard's results has no key "kernel"$/],
  ['a whole run', { 'a/results.json': run }, ['a'], /a\/results\.json: this is no shard, but all of it$/],
  ['a shard alone', { 'a/results.json': shard }, ['a'], /^shard 2\/2 is missing$/],
  ['a shard twice', { a: shard }, ['a', 'a'], /^shard 1\/2 is there more than once: \S+a and \S+a$/],
  ['a shard of conformance alone', { 'a/conformance.json': conformance }, ['a'], /^shard 2\/2 is missing$/],
  [
    'runs and conformance together',
    { 'a/results.json': shard, 'b/conformance.json': conformance },
    ['b', 'a'],
    /a\/results\.json is of a run, but \S+b\/conformance\.json of conformance$/,
  ],
  ['conformance as TAP', { a: conformance }, ['a', '--format=tap'], /^--format: conformance has no tap$/],
];

for (const [name, files, words, message] of refused) {
  test(`refused: ${name}`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'merge-test-'));
    t.teardown(() => rm(folder, { recursive: true }));
    for (const [file, text] of Object.entries(files)) {
      await mkdir(join(folder, file, '..'), { recursive: true });
      await writeFile(join(folder, file), text);
    }
    const program = new Command();
    addMergeCommand(program);
    const args = words.map((word) => (word.startsWith('--') ? word : join(folder, word)));
    await t.throwsAsync(program.parseAsync(['merge', ...args], { from: 'user' }), { code: 'invalid', message });
  });
}
