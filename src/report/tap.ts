import type { CellResult, CheckResult, RunResult, ScenarioResult, TrialResult } from '../scenario/result.ts';
import { trialName } from '../scenario/scenario.ts';
import { cellName, crossingText } from './outcome.ts';
import { printable, quoted } from './text.ts';
import { scenarioTotals } from './totals.ts';
import { yamlLines } from './yaml.ts';
import type { YamlMapping } from './yaml.ts';

interface Point {
  readonly ok: boolean;
  readonly description: string;
  readonly diagnostic: YamlMapping;
  /** Why it was not tried. */
  readonly skip?: string;
  readonly subtest?: readonly Point[];
}

interface TrialError {
  readonly message: string;
  readonly hint: string;
}

/**
 * The run as a TAP version 14 document, and nothing else: a subtest a scenario, in it a subtest a trial, in it a point a check;
 * each point with a YAML diagnostic. What did not run is never a pass: a trial without checks and a scenario without trials hold
 * a failed point that says so, a run without scenarios bails out. A trial that needs what the kernel lacks is a skipped point.
 *
 * Source: https://testanything.org/tap-version-14-specification.html
 */
export function tapDocument(run: RunResult): string {
  const { backend, kernel, profile, seed, startedAt, milliseconds, scenarios } = run;
  const facts = Object.entries({ backend, kernel, profile, seed, startedAt, milliseconds }).map(factComment);
  const body =
    scenarios.length === 0
      ? [...facts, 'Bail out! no scenario was run']
      : [plan(scenarios), ...facts, ...scenarios.map(scenarioPoint).flatMap(pointLines)];
  return ['TAP version 14', ...body, ''].join('\n');
}

/** `# key: value`, the value quoted only where it would not read back as it is. */
function factComment([key, value]: readonly [string, string | number]): string {
  const text = String(value);
  const plain = text === printable(text) && text === text.trim() && !text.startsWith('"');
  return `# ${key}: ${plain ? text : quoted(text)}`;
}

function scenarioPoint(scenario: ScenarioResult): Point {
  const { name, title, services, milliseconds } = scenario;
  const error = scenario.trials.length > 0 ? null : { message: 'the scenario has no trial', hint: '' };
  const trials = scenario.trials.map((trial) => ({ ...trial, error: trialError(trial), lacks: trial.lacks ?? null }));
  const totals = { ...scenarioTotals({ trials, error }) };
  const diagnostic = { kind: 'scenario', name, title, services, ...totals, duration_ms: milliseconds };
  return parent(name, diagnostic, [...scenario.trials.map(trialPoint), ...errorPoints(error)]);
}

function trialPoint(trial: TrialResult): Point {
  const { candidate, variant, milliseconds, lacks } = trial;
  const diagnostic = { kind: 'trial', candidate, variant, duration_ms: milliseconds };
  if (lacks !== undefined) {
    const skip = `not on this kernel: ${lacks}`;
    return { ok: true, description: trialName(trial), diagnostic: { ...diagnostic, lacks }, skip };
  }
  return parent(trialName(trial), diagnostic, [...trial.checks.map(checkPoint), ...errorPoints(trialError(trial))]);
}

function trialError({ checks, error, lacks }: TrialResult): TrialError | null {
  if (error !== undefined) return error;
  return checks.length > 0 || lacks !== undefined ? null : { message: 'the trial ran no check', hint: '' };
}

function parent(description: string, diagnostic: YamlMapping, subtest: readonly Point[]): Point {
  return { ok: subtest.every((point) => point.ok), description, diagnostic, subtest };
}

function errorPoints(error: TrialError | null): readonly Point[] {
  if (error === null) return [];
  const { message, hint } = error;
  return [{ ok: false, description: 'carried through', diagnostic: { kind: 'error', message, hint } }];
}

function checkPoint(check: CheckResult): Point {
  if (check.kind === 'cell') return cellPoint(check);
  const { kind, name, expected, found, ok } = check;
  return { ok, description: name, diagnostic: { kind, name, expected, found } };
}

function cellPoint(cell: CellResult): Point {
  const { kind, service, uplink, expected, found, detail, ok, journey } = cell;
  const { answered, accepted, arrivedBy, leftBy, sourceMatches, cause } = journey.verdict;
  const verdict = { answered, accepted, arrivedBy, leftBy, sourceMatches, cause };
  const crossings = { request: journey.request.map(crossingText), reply: journey.reply.map(crossingText) };
  const expectation = expected === 'works' ? 'works' : `fails by ${expected}`;
  return {
    ok,
    description: `${cellName(cell)} ${expectation}`,
    diagnostic: { kind, service, uplink, expected, found, detail, verdict, journey: crossings },
  };
}

function pointLines({ ok, description, diagnostic, skip, subtest }: Point, index: number): readonly string[] {
  const name = escapeDescription(description);
  const block = ['---', ...yamlLines(diagnostic), '...'];
  return [
    ...(subtest === undefined
      ? []
      : [`# Subtest: ${name}`, ...indent(4, [plan(subtest), ...subtest.flatMap(pointLines)])]),
    `${ok ? 'ok' : 'not ok'} ${index + 1} - ${name}${skip === undefined ? '' : ` # SKIP ${escapeDescription(skip)}`}`,
    ...indent(2, block),
  ];
}

const plan = (points: readonly unknown[]): string => `1..${points.length}`;

const indent = (width: number, lines: readonly string[]): readonly string[] =>
  lines.map((line) => ' '.repeat(width) + line);

/**
 * TAP 14, 'Escaping': `#` would begin a directive. A `{` at the end would begin a subtest for node-tap, so a full stop goes
 * after it; descriptions are for people, the diagnostics carry the exact names.
 */
const escapeDescription = (text: string): string =>
  printable(text)
    .replace(/[\\#]/g, '\\$&')
    .replace(/\{\s*$/, '{.');
