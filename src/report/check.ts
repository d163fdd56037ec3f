import Table from 'cli-table3';
import picocolors from 'picocolors';
import type { Cause } from '../backend/cause.ts';
import { controlName } from '../scenario/control.ts';
import { causeNames, cellName, meaning } from './outcome.ts';
import { remedy } from './remedy.ts';
import type { TapCell, TapCheck, TapReport, TapScenario, TapTrial } from './tap-tree.ts';
import { printableReport, wrap } from './text.ts';
import { scenarioTotals } from './totals.ts';

type Colors = ReturnType<typeof picocolors.createColors>;

/** Letters of a line of prose. */
const lineWidth = 110;

/**
 * What becomes of one configuration, for people: in each scenario a table of services and uplinks, and what was counted; then
 * each cause that occurred, with where it did, what it means, and what to do about it.
 */
export function checkText(report: TapReport, { color }: { readonly color: boolean }): string {
  const colors = picocolors.createColors(color);
  const { backend, kernel, profile, seed, scenarios } = printableReport(report);
  const run = `${backend} backend, Linux ${kernel}, profile ${profile}, seed ${seed}`;
  const parts = [
    colors.dim(run),
    ...scenarios.map((scenario) => scenarioText(scenario, colors)),
    ...causesText(scenarios, colors),
    totalsLine(scenarios, colors),
  ];
  return `${parts.join('\n\n')}\n`;
}

function scenarioText({ name, title, trials }: TapScenario, colors: Colors): string {
  const heading = `${colors.bold(name)}  ${title}`;
  return [heading, ...table(trials, colors), ...trials.flatMap((trial) => factLines(trial, colors))].join('\n');
}

/** A column for each uplink, in it a line for each service; cases are one below the other. */
function table(trials: readonly TapTrial[], colors: Colors): readonly string[] {
  const all = trials.flatMap(cellsOf);
  if (all.length === 0) return [];
  const uplinks = [...new Set(all.map((cell) => cell.uplink))].sort();
  const varied = trials.some(({ variant }) => variant !== '');
  const head = [...(varied ? ['case'] : []), 'service', ...uplinks];
  const rows = new Table({ head: head.map(colors.bold), style: { head: [], border: [] } });
  for (const trial of trials) {
    const cells = cellsOf(trial);
    const services = [...new Set(cells.map((cell) => cell.service))];
    const columns = uplinks.map((uplink) =>
      services.map((service) =>
        outcomeText(
          cells.find((cell) => cell.service === service && cell.uplink === uplink),
          colors,
        ),
      ),
    );
    if (cells.length > 0)
      rows.push([...(varied ? [trial.variant] : []), ...[services, ...columns].map((l) => l.join('\n'))]);
  }
  return [rows.toString()];
}

function outcomeText(cell: TapCell | undefined, { green, red, dim }: Colors): string {
  if (cell === undefined) return dim('not asked');
  return cell.ok ? green(cell.found) : red(cell.found);
}

/** What was counted or otherwise found, and what kept a trial from its end. */
function factLines({ variant, checks, error }: TapTrial, { red, dim }: Colors): readonly string[] {
  const about = variant === '' ? '' : `${variant}: `;
  const facts = checks.flatMap((check) => {
    if (check.kind === 'cell' || (check.ok && check.name === controlName)) return [];
    const { name, found, expected, ok } = check;
    const line = `${about}${name}: ${found}`;
    return ok ? paragraph('   ', line).map(dim) : paragraph('!! ', `${line}; wanted: ${expected}`).map(red);
  });
  if (error === null) return facts;
  return [...facts, ...paragraph('!! ', `${about}${error.message} ${error.hint}`.trimEnd()).map(red)];
}

/** Each cause, in the order of a packet's way: what it means, where it occurred, an example of it, and what to do. */
function causesText(scenarios: readonly TapScenario[], { yellow, bold }: Colors): readonly string[] {
  const failed = scenarios.flatMap(({ name, trials }) =>
    trials.flatMap((trial) => failedCells(trial).map((cell) => ({ scenario: name, trial, cell }))),
  );
  return causeNames.flatMap((cause: Cause) => {
    const own = failed.filter(({ cell }) => cell.found === cause);
    const [first] = own;
    if (!first) return [];
    const places = [...new Set(own.map(({ scenario }) => scenario))].map((scenario) => {
      const services = own.filter((each) => each.scenario === scenario).map(({ cell }) => cell.service);
      return `${scenario} (${[...new Set(services)].join(', ')})`;
    });
    const example = `${first.trial.variant && `${first.trial.variant}: `}${cellName(first.cell)}: ${first.cell.detail}`;
    return [
      [
        ...paragraph('', `${cause}: ${meaning(cause)}`).map((line, index) =>
          index === 0 ? line.replace(cause, bold(yellow(cause))) : line,
        ),
        ...paragraph('  where       ', places.join('; ')),
        ...paragraph('  such as     ', example),
        ...paragraph('  what to do  ', remedy(cause)),
      ].join('\n'),
    ];
  });
}

/** Text in lines, with a label before the first and the others set in by as much. */
function paragraph(label: string, text: string): readonly string[] {
  const indent = ' '.repeat(label.length);
  return wrap(text.split(' '), lineWidth - label.length).map((line, index) =>
    index === 0 ? `${label}${line}` : `${indent}${line.trimStart()}`,
  );
}

function totalsLine(scenarios: readonly TapScenario[], { green, red }: Colors): string {
  const totals = scenarios.map(scenarioTotals);
  const sum = (count: (each: (typeof totals)[number]) => number): number =>
    totals.reduce((all, each) => all + count(each), 0);
  const [checks, failed, errors] = [sum((t) => t.checks), sum((t) => t.unexpected), sum((t) => t.errors)];
  if (failed + errors === 0) return green(`${checks} checks, all well`);
  return red(`${checks} checks, ${checks - failed} well, ${failed} not${errors > 0 ? `, errors: ${errors}` : ''}`);
}

const isCell = (check: TapCheck): check is TapCell => check.kind === 'cell';
const cellsOf = ({ checks }: TapTrial): readonly TapCell[] => checks.filter(isCell);
const failedCells = (trial: TapTrial): readonly TapCell[] => cellsOf(trial).filter(({ ok }) => !ok);
