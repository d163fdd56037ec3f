import { LabError } from '../net/error.ts';
import {
  outcomesOf,
  type CellResult,
  type Expected,
  type RunResult,
  type StatementResult,
  type Verdict,
} from '../scenario/result.ts';
import { diagnosticOf } from './diagnostic.ts';
import type { Diagnostic } from './diagnostic.ts';
import { causeNames, outcomes } from './outcome.ts';
import { readPoints } from './tap-points.ts';
import type { TapPoint } from './tap-points.ts';
import { printable } from './text.ts';
import { scenarioTotals } from './totals.ts';

/** A run as its TAP document tells it: a `RunResult` whose crossings are lines of text. */
export interface TapReport extends Omit<RunResult, 'scenarios' | 'shard'> {
  readonly scenarios: readonly TapScenario[];
}

export interface TapScenario {
  readonly name: string;
  readonly title: string;
  readonly services: readonly string[];
  readonly trials: readonly TapTrial[];
  /** Set when nothing was tried at all. */
  readonly error: TapError | null;
  readonly milliseconds: number;
}

export interface TapTrial {
  readonly candidate: string;
  readonly variant: string;
  readonly checks: readonly TapCheck[];
  /** Why the trial could not be carried through; a trial without checks has one, too. */
  readonly error: TapError | null;
  /** What it needs that the kernel lacks, so that it was not begun. */
  readonly lacks: string | null;
  readonly milliseconds: number;
}

export interface TapError {
  readonly message: string;
  readonly hint: string;
}

export type TapCheck = TapCell | StatementResult;

export interface TapCell extends Omit<CellResult, 'journey'> {
  readonly journey: {
    readonly request: readonly string[];
    readonly reply: readonly string[];
    readonly verdict: Verdict;
  };
}

/**
 * Reads back a document that `tapDocument` wrote.
 *
 * @throws {LabError} `lab-failed`: not strict TAP 14, incomplete, or a diagnostic that says something else than it should.
 */
export async function readTap(text: string): Promise<TapReport> {
  const { comments, points } = await readPoints(text);
  const facts = diagnosticOf(Object.fromEntries(comments.flatMap(fact)), 'comments');
  return {
    backend: facts.word('backend', ['kernel', 'model', 'both']),
    kernel: facts.text('kernel'),
    profile: facts.text('profile'),
    seed: factNumber(facts, 'seed'),
    startedAt: facts.text('startedAt'),
    milliseconds: factNumber(facts, 'milliseconds'),
    scenarios: points.map(readScenario),
  };
}

/** `key: value`, the value perhaps quoted; no other comment is a fact. */
function fact(comment: string): readonly (readonly [string, string])[] {
  const { key, value } = /^(?<key>\w+):(?: (?<value>.*))?$/u.exec(comment)?.groups ?? {};
  if (key === undefined) return [];
  if (value?.startsWith('"') !== true) return [[key, value ?? '']];
  try {
    return [[key, String(JSON.parse(value))]];
  } catch (cause) {
    throw new LabError('lab-failed', `TAP: comments, ${key}: expected a quoted string, got ${printable(value)}`, '', {
      cause,
    });
  }
}

function factNumber(facts: Diagnostic, key: string): number {
  const text = facts.text(key);
  const value = Number(text);
  if (text === '' || Number.isNaN(value)) {
    throw new LabError('lab-failed', `TAP: comments, ${key}: expected a number, got '${printable(text)}'`);
  }
  return value;
}

function readScenario(point: TapPoint): TapScenario {
  const where = point.description;
  if (point.skipped !== null) throw new LabError('lab-failed', `TAP: '${printable(where)}' is skipped`);
  const diagnostic = diagnosticOf(point.diagnostic, where);
  diagnostic.word('kind', ['scenario']);
  const { parts, error } = splitError(point, where);
  const scenario: TapScenario = {
    name: diagnostic.text('name'),
    title: diagnostic.text('title'),
    services: diagnostic.texts('services'),
    trials: parts.map((part) => readTrial(part, where)),
    error,
    milliseconds: duration(point, where),
  };
  for (const [key, counted] of Object.entries(scenarioTotals(scenario))) {
    const stated = diagnostic.number(key);
    if (stated !== counted)
      throw new LabError('lab-failed', `TAP: ${where}: states ${stated} ${key}, holds ${counted}`);
  }
  return scenario;
}

function readTrial(point: TapPoint, around: string): TapTrial {
  const where = `${around} > ${point.description}`;
  const diagnostic = diagnosticOf(point.diagnostic, where);
  diagnostic.word('kind', ['trial']);
  const names = { candidate: diagnostic.text('candidate'), variant: diagnostic.text('variant') };
  if (point.skipped !== null) {
    const [lacks, milliseconds] = [diagnostic.text('lacks'), duration(point, where)];
    return { ...names, checks: [], error: null, lacks, milliseconds };
  }
  const { parts, error } = splitError(point, where);
  return {
    ...names,
    checks: parts.map((part) => readCheck(part, where)),
    error,
    lacks: null,
    milliseconds: duration(point, where),
  };
}

function duration({ milliseconds }: TapPoint, where: string): number {
  if (milliseconds === null)
    throw new LabError('lab-failed', `TAP: ${where}, duration_ms: expected a number, got nothing`);
  return milliseconds;
}

/** The points of a subtest: those for its parts, and the failed one that says why there are no more. */
function splitError(
  { subtest }: TapPoint,
  where: string,
): { readonly parts: readonly TapPoint[]; readonly error: TapError | null } {
  const last = subtest.at(-1);
  if (last === undefined) throw new LabError('lab-failed', `TAP: ${where}: expected points within it, got none`);
  const diagnostic = diagnosticOf(last.diagnostic, `${where} > ${last.description}`);
  if (last.ok || diagnostic.text('kind') !== 'error') return { parts: subtest, error: null };
  return {
    parts: subtest.slice(0, -1),
    error: { message: diagnostic.text('message'), hint: diagnostic.text('hint') },
  };
}

function readCheck({ ok, description, diagnostic: value, skipped }: TapPoint, around: string): TapCheck {
  if (skipped !== null) throw new LabError('lab-failed', `TAP: ${around}: '${printable(description)}' is skipped`);
  const diagnostic = diagnosticOf(value, `${around} > ${description}`);
  const kind = diagnostic.word('kind', ['cell', 'statement']);
  switch (kind) {
    case 'cell':
      return { kind, ok, ...readCell(diagnostic) };
    case 'statement': {
      const [name, expected, found] = [diagnostic.text('name'), diagnostic.text('expected'), diagnostic.text('found')];
      return { kind, name, expected, found, ok };
    }
  }
}

function readCell(diagnostic: Diagnostic): Omit<TapCell, 'kind' | 'ok'> {
  const journey = diagnostic.mapping('journey');
  return {
    service: diagnostic.text('service'),
    uplink: diagnostic.text('uplink'),
    expected: readExpected(diagnostic),
    found: diagnostic.word('found', outcomes),
    detail: diagnostic.text('detail'),
    journey: {
      request: journey.texts('request'),
      reply: journey.texts('reply'),
      verdict: readVerdict(diagnostic.mapping('verdict')),
    },
  };
}

function readExpected(diagnostic: Diagnostic): Expected {
  const text = diagnostic.text('expected') as Expected;
  if (outcomesOf(text).every((outcome) => outcomes.includes(outcome))) return text;
  return diagnostic.word('expected', outcomes);
}

function readVerdict(verdict: Diagnostic): Verdict {
  return {
    answered: verdict.boolean('answered'),
    accepted: verdict.boolean('accepted'),
    arrivedBy: verdict.textOrNull('arrivedBy'),
    leftBy: verdict.textOrNull('leftBy'),
    sourceMatches: verdict.boolean('sourceMatches'),
    cause: verdict.textOrNull('cause') === null ? null : verdict.word('cause', causeNames),
  };
}
