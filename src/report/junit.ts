import { checkName, explainCheck } from './failures.ts';
import { trialName } from '../scenario/scenario.ts';
import type { TapCheck, TapError, TapReport, TapScenario, TapTrial } from './tap-tree.ts';
import { printableReport } from './text.ts';

/** One `testsuite`: a trial, or a scenario that had none. */
interface Suite {
  readonly name: string;
  /** For the cases within: GitLab and Jenkins group by it. */
  readonly className: string;
  readonly checks: readonly TapCheck[];
  readonly error: TapError | null;
  readonly lacks: string | null;
  readonly milliseconds: number;
}

type Attributes = Readonly<Record<string, string | number>>;

/**
 * The report as JUnit XML as GitLab and Jenkins read it: a `testsuite` a trial, a `testcase` a check, a `failure` with the
 * journey for one that found something else than expected, an `error` for what could not be carried through.
 *
 * Source: https://github.com/testmoapp/junitxml, https://docs.gitlab.com/ci/testing/unit_test_reports/
 */
export function junit(report: TapReport): string {
  const { scenarios, milliseconds, ...run } = printableReport(report);
  const suites = scenarios.flatMap(suitesOf);
  const total = { name: 'multihome-lab', ...counts(suites), ...time(milliseconds) };
  const lines = element(
    'testsuites',
    total,
    suites.flatMap((suite) => suiteLines(suite, run)),
  );
  return ['<?xml version="1.0" encoding="UTF-8"?>', ...lines, ''].join('\n');
}

function suitesOf(scenario: TapScenario): readonly Suite[] {
  const { name, error, milliseconds } = scenario;
  const itself = error === null ? [] : [{ name, className: name, checks: [], error, lacks: null, milliseconds }];
  return [...scenario.trials.map((trial) => trialSuite(scenario, trial)), ...itself];
}

function trialSuite(scenario: TapScenario, trial: TapTrial): Suite {
  const { checks, error, lacks, milliseconds } = trial;
  const name = trialName(trial);
  return {
    name: `${scenario.name}: ${name}`,
    className: `${scenario.name}.${name}`,
    checks,
    error,
    lacks,
    milliseconds,
  };
}

function suiteLines(suite: Suite, run: Omit<TapReport, 'scenarios' | 'milliseconds'>): readonly string[] {
  const { startedAt, ...properties } = run;
  const attributes = { name: suite.name, ...counts([suite]), ...time(suite.milliseconds), timestamp: startedAt };
  return element('testsuite', attributes, [
    ...element(
      'properties',
      {},
      Object.entries(properties).flatMap(([name, value]) => element('property', { name, value }, [])),
    ),
    ...suite.checks.flatMap((check) => caseLines(suite, check)),
    ...errorLines(suite),
    ...lackLines(suite),
  ]);
}

function caseLines({ className }: Suite, check: TapCheck): readonly string[] {
  const attributes = { name: checkName(check), classname: className };
  const { ok, kind, expected, found } = check;
  const failure = { message: `expected ${expected}, found ${found}`, type: kind === 'cell' ? found : kind };
  return element('testcase', attributes, ok ? [] : textElement('failure', failure, explainCheck(check)));
}

function errorLines({ className, error }: Suite): readonly string[] {
  if (error === null) return [];
  const { message, hint } = error;
  const content = textElement('error', { message, type: 'error' }, [message, hint]);
  return element('testcase', { name: 'carried through', classname: className }, content);
}

function lackLines({ className, lacks }: Suite): readonly string[] {
  if (lacks === null) return [];
  const content = element('skipped', { message: `not on this kernel: ${lacks}` }, []);
  return element('testcase', { name: 'tried', classname: className }, content);
}

function counts(suites: readonly Suite[]): Attributes {
  const checks = suites.flatMap((suite) => suite.checks);
  const failures = checks.filter((check) => !check.ok).length;
  const errors = suites.filter((suite) => suite.error !== null).length;
  const skipped = suites.filter((suite) => suite.lacks !== null).length;
  return { tests: checks.length + errors + skipped, failures, errors, skipped };
}

const time = (milliseconds: number): Attributes => ({ time: (milliseconds / 1000).toFixed(3) });

function element(name: string, attributes: Attributes, content: readonly string[]): readonly string[] {
  if (content.length === 0) return [`<${tag(name, attributes)}/>`];
  return [`<${tag(name, attributes)}>`, ...content.map((line) => `  ${line}`), `</${name}>`];
}

/** An element whose line breaks and indentation are its text. */
function textElement(name: string, attributes: Attributes, lines: readonly string[]): readonly string[] {
  return [`<${tag(name, attributes)}>${lines.map(escapeXml).join('\n')}</${name}>`];
}

const tag = (name: string, attributes: Attributes): string =>
  [name, ...Object.entries(attributes).map(([key, value]) => `${key}="${escapeXml(String(value))}"`)].join(' ');

const entities: Readonly<Record<string, string>> = { '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot', "'": 'apos' };

/** For text and attributes; what XML 1.0 cannot hold at all, `printable` has replaced. */
const escapeXml = (text: string): string => text.replace(/[&<>"']/g, (character) => `&${entities[character] ?? ''};`);
