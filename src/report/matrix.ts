import Table from 'cli-table3';
import picocolors from 'picocolors';
import { outcomesOf, type Outcome } from '../scenario/result.ts';
import { trialName } from '../scenario/scenario.ts';
import { causeNames, meaning } from './outcome.ts';
import type { TapCell, TapCheck, TapReport, TapScenario, TapTrial } from './tap-tree.ts';
import { printableReport, wrap } from './text.ts';
import { scenarioTotals, totalsText } from './totals.ts';

type Colors = ReturnType<typeof picocolors.createColors>;

/** Six services of this width and a row heading fit on 140 columns. The longest cause has 15 letters. */
const cellWidth = 16;
const headingWidth = 22;

/**
 * One table a scenario, for people: a row a trial, a column a service, in each cell the outcome at each uplink. What was not
 * expected is marked `!!`, with the expectation. Below it: the causes that occurred, and what else failed.
 */
export function matrix(report: TapReport, { color }: { readonly color: boolean }): string {
  const colors = picocolors.createColors(color);
  const { backend, kernel, profile, seed, scenarios } = printableReport(report);
  const run = `${backend} backend, Linux ${kernel}, profile ${profile}, seed ${seed}`;
  return [colors.dim(run), ...scenarios.map((scenario) => scenarioText(scenario, colors)), ''].join('\n');
}

function scenarioText(scenario: TapScenario, colors: Colors): string {
  const { name, title } = scenario;
  const parts = [['', `${colors.bold(name)}  ${title}`], table(scenario, colors), totalsLine(scenario, colors)];
  return [
    ...parts.flat(),
    ...legend(scenario, colors),
    ...lacks(scenario),
    ...otherFailures(scenario).map(colors.red),
  ].join('\n');
}

function table(scenario: TapScenario, colors: Colors): readonly string[] {
  if (scenario.trials.length === 0) return [];
  const services = [...new Set([...scenario.services, ...cellsOf(scenario.trials).map((cell) => cell.service)])];
  const uplinks = uplinksOf(cellsOf(scenario.trials));
  const rows = new Table({ head: ['candidate', ...services].map(colors.bold), style: { head: [], border: [] } });
  for (const trial of scenario.trials) {
    const cells = cellsOf([trial]);
    const columns = services.map((service) => cells.filter((cell) => cell.service === service));
    rows.push([trialHeading(trial, colors), ...columns.map((column) => cellText(column, uplinks, colors))]);
  }
  return [rows.toString()];
}

function trialHeading({ candidate, variant, checks, error, lacks }: TapTrial, colors: Colors): string {
  const ok = checks.filter((check) => check.ok).length;
  const count = `${ok}/${checks.length} as expected`;
  const lines = [
    ...wrap(candidate.split(' '), headingWidth),
    ...(variant === '' ? [] : wrap(`(${variant})`.split(' '), headingWidth)),
    ...(checks.length === 0 ? [] : [ok === checks.length ? colors.dim(count) : colors.red(`${count} !!`)]),
    ...(error === null ? [] : [colors.red('error !!')]),
    ...(lacks === null ? [] : [colors.dim('not on this kernel')]),
  ];
  return lines.join('\n');
}

/** `works`; or, where the uplinks differ, each outcome with the uplinks it holds at. */
function cellText(cells: readonly TapCell[], uplinks: readonly string[], colors: Colors): string {
  if (cells.length === 0) return colors.dim('not tried');
  const groups = [...new Set(cells.map(groupKey))].map((key) => cells.filter((cell) => groupKey(cell) === key));
  const everywhere = groups.length === 1 && uplinksOf(cells).length === uplinks.length;
  const lines = groups.flatMap((group) =>
    wrap([...(everywhere ? [] : uplinksOf(group)), ...outcomeWords(group)], cellWidth).map(outcomePaint(group, colors)),
  );
  return lines.join('\n');
}

function outcomePaint(group: readonly TapCell[], { green, yellow, red }: Colors): (text: string) => string {
  if (group.some((cell) => !cell.ok)) return red;
  return group.some((cell) => cell.found !== 'works') ? yellow : green;
}

const groupKey = ({ ok, found, expected }: TapCell): string => (ok ? found : `${found}, not ${expected}`);

/** The outcome that the group's cells share. */
const outcomeWords = ([cell]: readonly TapCell[]): readonly string[] =>
  cell === undefined ? [] : cell.ok ? [cell.found] : [cell.found, '!! expected', cell.expected];

function totalsLine(scenario: TapScenario, colors: Colors): string {
  const totals = scenarioTotals(scenario);
  const { unexpected, errors } = totals;
  const uplinks = uplinksOf(cellsOf(scenario.trials));
  const reading =
    uplinks.length > 1 ? colors.dim(`; an outcome alone holds at every uplink: ${uplinks.join(', ')}`) : '';
  return (unexpected + errors > 0 ? colors.red : colors.green)(totalsText(totals)) + reading;
}

/** What the causes in the table mean. */
function legend(scenario: TapScenario, colors: Colors): readonly string[] {
  const shown = new Set<Outcome>(
    cellsOf(scenario.trials).flatMap(({ ok, found, expected }) => [found, ...(ok ? [] : outcomesOf(expected))]),
  );
  const causes = causeNames.filter((cause) => shown.has(cause));
  const width = Math.max(0, ...causes.map((cause) => cause.length));
  return causes.map((cause) => `  ${colors.yellow(cause.padEnd(width))}  ${meaning(cause)}`);
}

/** What was not tried, and why. */
function lacks({ trials }: TapScenario): readonly string[] {
  return trials.flatMap((trial) =>
    trial.lacks === null ? [] : [`  ${trialName(trial)}: not on this kernel: ${trial.lacks}`],
  );
}

/** What failed and has no cell in the table. */
function otherFailures({ trials, error }: TapScenario): readonly string[] {
  const lines = trials.flatMap((trial) => [
    ...trial.checks.flatMap((check) => failedStatement(check)).map((line) => `${trialName(trial)}: ${line}`),
    ...(trial.error === null ? [] : [`${trialName(trial)}: error: ${trial.error.message}`, `  ${trial.error.hint}`]),
  ]);
  return [...lines, ...(error === null ? [] : [error.message])]
    .filter((line) => line.trim() !== '')
    .map((l) => `!! ${l}`);
}

const failedStatement = (check: TapCheck): readonly string[] =>
  check.kind === 'statement' && !check.ok ? [`${check.name}: expected ${check.expected}, found ${check.found}`] : [];

const cellsOf = (trials: readonly TapTrial[]): readonly TapCell[] =>
  trials.flatMap((trial) => trial.checks).filter((check) => check.kind === 'cell');

const uplinksOf = (cells: readonly TapCell[]): readonly string[] => [...new Set(cells.map((cell) => cell.uplink))];
