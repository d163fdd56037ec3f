import picocolors from 'picocolors';
import { trialName } from '../scenario/scenario.ts';
import { cellName, meaning, verdictText } from './outcome.ts';
import type { TapCheck, TapError, TapReport } from './tap-tree.ts';
import { printableReport } from './text.ts';

/** A label, and the lines beside it. */
type Entry = readonly [label: string, lines: readonly string[]];

interface Failure {
  readonly name: string;
  readonly entries: readonly Entry[];
}

/**
 * A short block for each check that found something else than expected and each trial that could not be carried through: what
 * was expected and found, and the journey hop by hop. Empty if there is none.
 */
export function explainFailures(report: TapReport, { color }: { readonly color: boolean }): string {
  const { red, bold, dim } = picocolors.createColors(color);
  const blocks = failuresOf(printableReport(report)).map(({ name, entries }) =>
    [red(bold(`!! ${name}`)), ...entryLines(entries, dim).map((line) => `   ${line}`), ''].join('\n'),
  );
  return blocks.join('\n');
}

/** The same as plain lines, for one check. */
export const explainCheck = (check: TapCheck): readonly string[] => entryLines(checkEntries(check), String);

function failuresOf(report: TapReport): readonly Failure[] {
  return report.scenarios.flatMap((scenario) => [
    ...scenario.trials.flatMap((trial) => {
      const where = `${scenario.name} > ${trialName(trial)}`;
      const failed = trial.checks.filter((check) => !check.ok);
      return [
        ...failed.map((check) => ({ name: `${where} > ${checkName(check)}`, entries: checkEntries(check) })),
        ...errorFailure(where, trial.error),
      ];
    }),
    ...errorFailure(scenario.name, scenario.error),
  ]);
}

const errorFailure = (name: string, error: TapError | null): readonly Failure[] =>
  error === null ? [] : [{ name, entries: errorEntries(error) }];

const errorEntries = ({ message, hint }: TapError): readonly Entry[] => [
  ['error', [message]],
  ...(hint === '' ? [] : [['hint', [hint]] as const]),
];

/** What the check is called among its trial's. */
export const checkName = (check: TapCheck): string => (check.kind === 'cell' ? cellName(check) : check.name);

function checkEntries(check: TapCheck): readonly Entry[] {
  if (check.kind === 'statement') {
    return [
      ['expected', [check.expected]],
      ['found', [check.found]],
    ];
  }
  const { request, reply, verdict } = check.journey;
  return [
    ['expected', [`${check.expected}: ${meaning(check.expected)}`]],
    ['found', [`${check.found}: ${meaning(check.found)}`]],
    ['detail', [check.detail]],
    ['verdict', [verdictText(verdict)]],
    ['request', hops(request)],
    ['reply', hops(reply)],
  ];
}

const hops = (crossings: readonly string[]): readonly string[] => (crossings.length === 0 ? ['none'] : crossings);

/** Labels in one column, their lines in the next. */
function entryLines(entries: readonly Entry[], paintLabel: (label: string) => string): readonly string[] {
  const width = Math.max(0, ...entries.map(([label]) => label.length));
  return entries.flatMap(([label, lines]) =>
    lines.map((line, index) => `${paintLabel((index === 0 ? label : '').padEnd(width))}  ${line}`.trimEnd()),
  );
}
