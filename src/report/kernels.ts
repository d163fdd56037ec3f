import Table from 'cli-table3';
import picocolors from 'picocolors';
import { trialName } from '../scenario/scenario.ts';
import { summaryOf, summaryText } from './summary.ts';
import type { TapReport, TapScenario } from './tap-tree.ts';
import { printableReport, wrap } from './text.ts';
import { scenarioTotals, totalsText } from './totals.ts';

/** One run on one kernel; null for one that left no report. */
export interface KernelRun {
  /** As the user named the kernel. */
  readonly name: string;
  readonly report: TapReport | null;
}

/** The summaries' words, with the longest of the causes set in by one. */
const cellWidth = 16;

/**
 * The same run on several kernels in one table: a row a candidate of a scenario, a column a kernel; and what each kernel lacked, and
 * came to.
 */
export function kernelTable(runs: readonly KernelRun[], { color }: { readonly color: boolean }): string {
  const colors = picocolors.createColors(color);
  const columns = runs.map(({ name, report }) => ({ name, report: report && printableReport(report) }));
  const head = ['', ...columns.map(heading)].map(colors.bold);
  const rows = new Table({ head, style: { head: [], border: [] } });
  const scenarios = distinct(columns.flatMap(({ report }) => report?.scenarios.map(({ name }) => name) ?? []));
  for (const name of scenarios) {
    const its = columns.map(({ report }) => report?.scenarios.find((scenario) => scenario.name === name));
    const candidates = distinct(its.flatMap((scenario) => scenario?.trials.map(({ candidate }) => candidate) ?? []));
    rows.push([{ content: colors.bold(name), colSpan: columns.length + 1 }]);
    for (const candidate of candidates) {
      const cells = its.map((scenario) => (scenario ? summaryText(summaryOf(scenario, candidate), colors) : '?'));
      rows.push([` ${candidate}`, ...cells]);
    }
  }
  return [rows.toString(), ...columns.flatMap((column) => totals(column, colors)), ''].join('\n');
}

const distinct = (names: readonly string[]): readonly string[] => [...new Set(names)];

function heading({ name, report }: KernelRun): string {
  if (!report) return `${name}\nno report !!`;
  return wrap([report.kernel, ...(report.kernel.startsWith(name) ? [] : [`(${name})`])], cellWidth).join('\n');
}

type Colors = ReturnType<typeof picocolors.createColors>;

function totals({ name, report }: KernelRun, { green, red }: Colors): readonly string[] {
  if (!report) return [red(`${name}: no report`)];
  const each = report.scenarios.map(scenarioTotals);
  const sum = (count: (one: (typeof each)[number]) => number): number => each.reduce((all, one) => all + count(one), 0);
  const [unexpected, errors] = [sum((t) => t.unexpected), sum((t) => t.errors)];
  const text = totalsText({ checks: sum((t) => t.checks), unexpected, errors, lacking: sum((t) => t.lacking) });
  const paint = unexpected + errors > 0 ? red : green;
  return [paint(`Linux ${report.kernel}: ${text}`), ...report.scenarios.flatMap(lacks)];
}

/** What was not tried, and why. */
function lacks({ name, trials }: TapScenario): readonly string[] {
  return trials.flatMap((trial) =>
    trial.lacks === null ? [] : [`  ${name}, ${trialName(trial)}: not on this kernel: ${trial.lacks}`],
  );
}
