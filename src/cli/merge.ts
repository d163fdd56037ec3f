import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Argument, Option, type Command } from 'commander';
import { membersOf, parseJson } from '../candidate/dump/json.ts';
import { LabError } from '../net/error.ts';
import { conformanceShape, foundIn, type ConformanceRecord } from '../report/conformance-record.ts';
import { runShape } from '../report/run-shape.ts';
import { root } from '../scenario/catalogue.ts';
import { mergeConformance } from '../scenario/conformance/merge.ts';
import type { RunResult, Shard } from '../scenario/result.ts';
import { mergeRuns } from '../scenario/shards.ts';
import { finishConformance } from './conformance.ts';
import { finish, formats } from './execute.ts';
import { openResults } from './results.ts';

interface MergeFlags {
  readonly format: (typeof formats)[number];
}

export function addMergeCommand(program: Command): void {
  program
    .command('merge')
    .description('make one report of all shards of a run, or of all shards of conformance')
    .addArgument(
      new Argument('<results...>', "the shards' results: folders, or the results.json or conformance.json in them"),
    )
    .addOption(new Option('--format <format>', 'what to print').choices(formats).default('pretty'))
    .addHelpText('after', '\nExit status: as of the run in one piece; 2 if they are not each shard of it, once.')
    .action(merge);
}

/** What a results folder holds. */
type Found = { readonly file: string } & (
  | { readonly kind: 'run'; readonly value: RunResult }
  | { readonly kind: 'conformance'; readonly value: ConformanceRecord }
);

async function merge(places: readonly string[], { format }: MergeFlags): Promise<void> {
  const found = await Promise.all(places.map(read));
  const runs = found.filter((each) => each.kind === 'run');
  const conformances = found.filter((each) => each.kind === 'conformance');
  const [run, conformance] = [runs[0], conformances[0]];
  if (run && conformance) {
    throw new LabError('invalid', `${run.file} is of a run, but ${conformance.file} of conformance`);
  }
  if (conformance) {
    if (format !== 'pretty' && format !== 'json') {
      throw new LabError('invalid', `--format: conformance has no ${format}`, 'say pretty or json');
    }
    const whole = mergeConformance(
      conformances.map((each) => ({ file: each.file, shard: shardIn(each), result: foundIn(each.value) })),
    );
    const { kernel, count, ...figures } = whole;
    await finishConformance(figures, { kernel, count }, format, await openResults(join(root, 'results')));
    return;
  }
  const whole = mergeRuns(runs.map((each) => ({ file: each.file, shard: shardIn(each), result: each.value })));
  await finish(whole, format, await openResults(join(root, 'results')));
}

/** @throws LabError `invalid` where it is the whole */
function shardIn<Its extends Shard>({
  file,
  value,
}: {
  readonly file: string;
  readonly value: { readonly shard?: Its };
}): Its {
  if (value.shard === undefined) throw new LabError('invalid', `${file}: this is no shard, but all of it`);
  return value.shard;
}

const names = ['results.json', 'conformance.json'];

/** @throws LabError `invalid` where there is nothing, or something else */
async function read(place: string): Promise<Found> {
  const file = await fileAt(place);
  const text = await readFile(file, 'utf8').catch((error: unknown) => cannotRead(place, error));
  const json = parseJson({ text, at: { file, line: 1, column: 1 } });
  const what = "a shard's results";
  if (membersOf(json, what).take('scenarios')) {
    runShape.holds(json, what);
    return { file, kind: 'run', value: JSON.parse(text) as RunResult };
  }
  conformanceShape.holds(json, what);
  return { file, kind: 'conformance', value: JSON.parse(text) as ConformanceRecord };
}

/** The file of a folder's results; what isn't a folder is the file. */
async function fileAt(place: string): Promise<string> {
  const isFile = (file: string): Promise<boolean> =>
    stat(file).then(
      (stats) => stats.isFile(),
      () => false,
    );
  const stats = await stat(place).catch((error: unknown) => cannotRead(place, error));
  if (!stats.isDirectory()) return place;
  for (const name of names) if (await isFile(join(place, name))) return join(place, name);
  throw new LabError('invalid', `${place}: there is no ${names.join(' and no ')} in it`);
}

function cannotRead(place: string, error: unknown): never {
  throw new LabError('invalid', `${place}: cannot be read: ${(error as Error).message}`);
}
