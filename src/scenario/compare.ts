import type { Crossing } from '../backend/crossing.ts';
import {
  outcomesOf,
  type CellResult,
  type CheckResult,
  type Journey,
  type RunResult,
  type StatementResult,
  type TrialResult,
  type Verdict,
} from './result.ts';

/**
 * Holds the model to the kernel: the kernel's results, and for each trial whether the model's are the same, check by
 * check, with their causes, and for each cell crossing by crossing.
 *
 * @throws Error if the two runs are not of the same trials
 */
export function compareRuns(kernel: RunResult, model: RunResult): RunResult {
  return {
    ...kernel,
    backend: 'both',
    milliseconds: kernel.milliseconds + model.milliseconds,
    scenarios: kernel.scenarios.map((scenario, index) => ({
      ...scenario,
      trials: scenario.trials.map((trial, place) => {
        const twin = model.scenarios[index]?.trials[place];
        if (twin?.candidate !== trial.candidate || twin.variant !== trial.variant) {
          throw new Error(`no trial of ${trial.candidate} to compare with`);
        }
        if (trial.lacks !== undefined || twin.lacks !== undefined) {
          // What was tried on one of them only is not compared, and said to be lacking; but what went wrong there is said.
          const [tried, untried] = trial.lacks === undefined ? [trial, twin] : [twin, trial];
          return tried.error || tried.checks.some(({ ok }) => !ok) ? tried : untried;
        }
        return { ...trial, checks: [...trial.checks, compareTrials(trial, twin)] };
      }),
    })),
  };
}

function compareTrials(kernel: TrialResult, model: TrialResult): StatementResult {
  const differences = differencesOf(kernel, model);
  const cells = kernel.checks.filter(({ kind }) => kind === 'cell').length;
  const journeys = kernel.chance
    ? 'chance having the choice of each journey'
    : `${cells} ${cells === 1 ? 'journey' : 'journeys'} crossing by crossing`;
  const expected = `the same ${kernel.checks.length} verdicts, ${journeys}`;
  return {
    kind: 'statement',
    name: 'the model does as the kernel does',
    expected,
    found: differences.length === 0 ? expected : differences.join('\n'),
    ok: differences.length === 0,
  };
}

function differencesOf(kernel: TrialResult, model: TrialResult): readonly string[] {
  if (kernel.error || model.error) {
    const [one, other] = [kernel.error?.message ?? 'no error', model.error?.message ?? 'no error'];
    return [`could not be carried through: kernel: ${one}; model: ${other}`];
  }
  if (kernel.checks.length !== model.checks.length) {
    return [`${kernel.checks.length} checks on the kernel, ${model.checks.length} on the model`];
  }
  return kernel.checks.flatMap((check, index) => {
    const twin = model.checks[index];
    return twin ? compareChecks(check, twin, kernel.chance ?? false) : [];
  });
}

function compareChecks(kernel: CheckResult, model: CheckResult, chance: boolean): readonly string[] {
  if (kernel.kind === 'statement' || model.kind === 'statement') {
    if (kernel.kind !== 'statement' || model.kind !== 'statement') return ['another kind of check'];
    const same =
      kernel.name === model.name &&
      withoutCounts(kernel.expected) === withoutCounts(model.expected) &&
      kernel.ok === model.ok;
    return same ? [] : [`${kernel.name}: kernel: ${kernel.found}; model: ${model.found}`];
  }
  const name = `${kernel.service} at ${kernel.uplink}`;
  const free = outcomesOf(kernel.expected).length > 1 && kernel.ok && model.ok;
  if (kernel.expected !== model.expected || (!free && kernel.found !== model.found)) {
    const said = ({ expected, found }: CellResult): string => `${found} where ${expected} is expected`;
    return [`${name}: kernel: ${said(kernel)}; model: ${said(model)}`];
  }
  const differences =
    chance || free
      ? []
      : [
          ...compareJourneys(kernel.journey, model.journey),
          ...compareVerdicts(kernel.journey.verdict, model.journey.verdict),
        ];
  return differences.map((text) => `${name}: ${text}`);
}

/** How many packets there were to be counted may be a matter of time: what isn't answered is sent again. */
function withoutCounts(expected: string): string {
  return expected.replaceAll(/\b\d+(?: to \d+)?\b/g, 'n');
}

/** Ports above are given out by chance. */
const firstChancePort = 32768;

/** NAT looks for a free port among those of the same rank. */
const ranks: readonly (readonly [from: number, to: number])[] = [
  [1, 511],
  [512, 1023],
  [1024, 65535],
];

export function compareJourneys(kernel: Journey, model: Journey): readonly string[] {
  const asked = [kernel, model].flatMap(({ request: [first] }) => (first ? portsIn(describe(first)) : []));
  const rename = renaming(new Set(asked.filter((port) => Number(port) < firstChancePort)));
  return (['request', 'reply'] as const).flatMap((part) => {
    const [one, other] = [kernel[part].map(describe), model[part].map(describe)];
    const same = one.length === other.length && one.every((crossing, index) => rename(crossing, other[index] ?? ''));
    return same ? [] : [`another ${part}\n${sideBySide(one, other)}`];
  });
}

export function compareVerdicts(kernel: Verdict, model: Verdict): readonly string[] {
  return (Object.keys(kernel) as (keyof Verdict)[])
    .filter((key) => kernel[key] !== model[key])
    .map((key) => `${key}: kernel: ${kernel[key]}; model: ${model[key]}`);
}

/** Of several packets that wait for the same neighbour, the one that asks for it is the first, which is a matter of time. */
function describe({ host, interface: name, direction, source, destination, protocol }: Crossing): string {
  return `${host} ${name} ${direction} ${protocol} ${protocol === 'arp' ? 'whoever' : source} > ${destination}`;
}

/**
 * Compares texts in which ports may differ that chance has chosen, if each of the one stands for one of the other.
 *
 * @param asked the ports that client and service have for themselves, which no NAT has to look for
 */
function renaming(asked: ReadonlySet<string>): (one: string, other: string) => boolean {
  const forward = new Map<string, string>();
  const backward = new Map<string, string>();
  const rankOf = (port: string): number => ranks.findIndex(([from, to]) => Number(port) >= from && Number(port) <= to);
  const mayStandFor = (port: string, twin: string): boolean =>
    port === twin || (!asked.has(port) && !asked.has(twin) && rankOf(port) === rankOf(twin));
  const withoutPorts = (text: string): string => text.replaceAll(/:\d+/g, ':*');
  return (one, other) => {
    const twins = portsIn(other);
    return (
      withoutPorts(one) === withoutPorts(other) &&
      portsIn(one).every((port, index) => {
        const twin = twins[index] ?? '';
        if (!mayStandFor(port, twin)) return false;
        if ((forward.get(port) ?? twin) !== twin || (backward.get(twin) ?? port) !== port) return false;
        forward.set(port, twin);
        backward.set(twin, port);
        return true;
      })
    );
  };
}

function portsIn(text: string): readonly string[] {
  return Array.from(text.matchAll(/:(\d+)/g), ([, port = '']) => port);
}

/** Two lists of lines, the kernel's and the model's, as two columns. */
export function sideBySide(kernel: readonly string[], model: readonly string[]): string {
  const width = Math.max('kernel'.length, ...kernel.map(({ length }) => length));
  const rows = Array.from({ length: Math.max(kernel.length, model.length) }, (_, index) => [
    kernel[index] ?? '',
    model[index] ?? '',
  ]);
  return [['kernel', 'model'], ...rows]
    .map(([one = '', other = '']) => `  ${one.padEnd(width)}  ${other}`.trimEnd())
    .join('\n');
}
