import Table from 'cli-table3';
import picocolors from 'picocolors';
import { summaryOf, summaryText } from './summary.ts';
import type { TapReport, TapScenario } from './tap-tree.ts';
import { printableReport } from './text.ts';
import { scenarioTotals, totalsText } from './totals.ts';

type Colors = ReturnType<typeof picocolors.createColors>;

/** Words of this width, and two dozen letters for candidates. */
const cellWidth = 13;

/**
 * The whole of a run in one table: a row a candidate, a column a scenario. `fails` holds for every service at every uplink,
 * `partly` for some; where a scenario has statements instead of services, they hold `as stated`.
 */
export function overview(report: TapReport, { color }: { readonly color: boolean }): string {
  const colors = picocolors.createColors(color);
  const { backend, kernel, profile, seed, scenarios } = printableReport(report);
  const head = ['candidate', ...scenarios.map(({ name }) => wrapName(name))].map(colors.bold);
  const rows = new Table({ head, style: { head: [], border: [] } });
  for (const candidate of candidatesOf(scenarios)) {
    rows.push([candidate, ...scenarios.map((scenario) => summaryText(summaryOf(scenario, candidate), colors))]);
  }
  const run = `${backend} backend, Linux ${kernel}, profile ${profile}, seed ${seed}`;
  return [colors.dim(run), rows.toString(), totalsLine(scenarios, colors), ''].join('\n');
}

/** In the order of their names. */
function candidatesOf(scenarios: readonly TapScenario[]): readonly string[] {
  return [...new Set(scenarios.flatMap(({ trials }) => trials.map(({ candidate }) => candidate)))].sort();
}

/** A scenario's name in lines, broken at its dashes. */
function wrapName(name: string): string {
  const parts = name.split(/(?<=-)/);
  return parts
    .reduce<string[]>((lines, part) => {
      const last = lines.at(-1);
      if (last === undefined || last.length + part.length > cellWidth) return [...lines, part];
      return [...lines.slice(0, -1), last + part];
    }, [])
    .join('\n');
}

function totalsLine(scenarios: readonly TapScenario[], { green, red }: Colors): string {
  const totals = scenarios.map(scenarioTotals);
  const sum = (count: (each: (typeof totals)[number]) => number): number =>
    totals.reduce((all, each) => all + count(each), 0);
  const [unexpected, errors] = [sum((t) => t.unexpected), sum((t) => t.errors)];
  const text = totalsText({ checks: sum((t) => t.checks), unexpected, errors, lacking: sum((t) => t.lacking) });
  return (unexpected + errors > 0 ? red : green)(text);
}
