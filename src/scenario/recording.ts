import type { Crossing, Protocol } from '../backend/crossing.ts';
import type { CellResult, CheckResult, RunResult, StatementResult, TrialResult, Verdict } from './result.ts';

/* What a run on the kernel found, kept for those who hold the model to it without one. */

/** The first line: which kernel, and how it was run. */
type Head = Pick<RunResult, 'kernel' | 'profile' | 'seed'>;

/** A trial's line; those of its checks follow. */
interface RecordedTrial extends Pick<TrialResult, 'candidate' | 'variant' | 'chance'> {
  readonly scenario: string;
}

/** A cell of the matrix: its service, uplink, expected and found outcome, and its journey (see `pathText`). */
interface RecordedCell extends Pick<CellResult, 'service' | 'uplink' | 'expected' | 'found'> {
  readonly request: string;
  readonly reply: string;
  readonly verdict: Verdict;
}

type RecordedCheck = RecordedCell | Omit<StatementResult, 'kind'>;

/**
 * What is worth keeping of a run on the kernel, all that `compareRuns` looks at, as lines of JSON.
 *
 * @throws Error if a trial could not be carried through, or the run wasn't on the kernel
 */
export function formatRecording({ backend, kernel, profile, seed, scenarios }: RunResult): string {
  if (backend !== 'kernel') throw new Error(`a run on the ${backend} shows nothing of the kernel`);
  // A distribution's own name for its build says nothing to others.
  const head: Head = { kernel: kernel.replace(/-.*/, ''), profile, seed };
  const lines = scenarios.flatMap(({ name, trials }) =>
    trials.flatMap(({ candidate, variant, chance, error, checks }) => {
      if (error) throw new Error(`${name}: ${candidate} could not be carried through: ${error.message}`);
      const trial: RecordedTrial = { scenario: name, candidate, variant, ...(chance && { chance }) };
      return [trial, ...checks.map(recordCheck)];
    }),
  );
  return [head, ...lines].map((line) => `${JSON.stringify(line)}\n`).join('');
}

function recordCheck(check: CheckResult): RecordedCheck {
  if (check.kind === 'statement') {
    const { name, expected, found, ok } = check;
    return { name, expected, found, ok };
  }
  const { service, uplink, expected, found, journey } = check;
  const [request, reply] = [pathText(journey.request), pathText(journey.reply)];
  return { service, uplink, expected, found, request, reply, verdict: journey.verdict };
}

/**
 * A run as `formatRecording` has written it. Of crossings, hosts, interfaces, directions, endpoints and protocols are as
 * they were; times and sizes, which nobody compares, are 0.
 */
export function readRecording(text: string): RunResult {
  const [first = '{}', ...lines] = text.trimEnd().split('\n');
  const scenarios = new Map<string, (TrialResult & { readonly checks: CheckResult[] })[]>();
  let checks: CheckResult[] = [];
  for (const line of lines.map((each) => JSON.parse(each) as RecordedTrial | RecordedCheck)) {
    if ('scenario' in line) {
      const { scenario, ...trial } = line;
      checks = [];
      const trials = scenarios.get(scenario) ?? [];
      scenarios.set(scenario, [...trials, { ...trial, checks, milliseconds: 0 }]);
    } else checks.push(readCheck(line));
  }
  const named = [...scenarios].map(([name, trials]) => ({ name, title: '', services: [], trials, milliseconds: 0 }));
  return { backend: 'kernel', ...(JSON.parse(first) as Head), startedAt: '', scenarios: named, milliseconds: 0 };
}

function readCheck(check: RecordedCheck): CheckResult {
  if ('name' in check) return { kind: 'statement', ...check };
  const { service, uplink, expected, found, request, reply, verdict } = check;
  return {
    ...{ kind: 'cell', service, uplink, expected, found, ok: expected === found, detail: '' },
    journey: { request: readPath(request), reply: readPath(reply), verdict },
  };
}

/**
 * A packet's way in words: `protocol source>destination` where it begins and wherever they change, and of each crossing
 * `host/interface/direction`.
 */
function pathText(path: readonly Crossing[]): string {
  let before = '';
  return path
    .flatMap(({ host, interface: name, direction, source, destination, protocol }) => {
      const flow = `${protocol} ${source}>${destination}`;
      const words = [...(flow === before ? [] : [flow]), `${host}/${name}/${direction}`];
      before = flow;
      return words;
    })
    .join(' ');
}

function readPath(text: string): readonly Crossing[] {
  const unknown = { time: 0, identity: '', bytes: 0, summary: '' };
  const path: Crossing[] = [];
  let [protocol, source, destination]: [Protocol, string, string] = ['udp', '', ''];
  for (const word of text.split(' ').filter(Boolean)) {
    const [one = '', other = '', direction] = word.split(/[/>]/);
    if (word.includes('>')) [source, destination] = [one, other];
    else if (direction === 'in' || direction === 'out') {
      path.push({ ...unknown, host: one, interface: other, direction, source, destination, protocol });
    } else protocol = one as Protocol;
  }
  return path;
}
