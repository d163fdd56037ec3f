import type { Crossing, Evidence } from '../../backend/crossing.ts';
import type { Backend, Lab, LabOptions } from '../../backend/lab.ts';
import type { Battery, Responder, Shot } from '../../backend/volley.ts';
import { LabError } from '../../net/error.ts';
import type { Topology } from '../../topology/topology.ts';
import { closing } from '../run.ts';
import { lookUpsBetween, lookUpsOf, markLookUps, type LookUp } from './look-ups.ts';
import { isOwn, ownAddresses } from './traffic.ts';
import { acquaintance, lines, names, ports, resetOf, type Phase, type Step, type Trial } from './trial.ts';

/** What became of a trial, phase by phase. */
export type TrialRecord = readonly PhaseRecord[];

export interface PhaseRecord {
  /** How its steps ended. */
  readonly steps: readonly StepEnd[];
  /** For each shot, what crossed the interfaces: a line for each crossing. */
  readonly crossings: readonly (readonly string[])[];
  /** For each shot, what the server looked up for it; null where the kernel doesn't tell. */
  readonly lookUps: readonly (readonly LookUp[])[] | null;
}

export interface StepEnd {
  readonly host: string;
  readonly status: number;
  /** What it complained of, in words that are none of the comparison. */
  readonly stderr: string;
}

/** Whoever answers, on all three hosts. */
const responders: readonly Responder[] = ['server', 'internet', 'lan'].flatMap((host): readonly Responder[] => [
  { host, protocol: 'udp', port: ports.wildcard },
  { host, protocol: 'tcp', port: ports.stream },
  ...(host === 'server' ? [{ host, protocol: 'dns' as const, port: names.port, name: names.known }] : []),
  ...(host === 'server'
    ? lines.map(({ address }) => ({ host, protocol: 'udp' as const, port: ports.bound, address }))
    : []),
]);

/** When a phase was, on the lab's clock, and how its steps ended. */
interface Span extends Pick<PhaseRecord, 'steps'> {
  readonly from: number;
  readonly until: number;
  /** Of the marks in what was looked up, the one at its beginning; the next is at its end. */
  readonly mark: number;
}

/**
 * Carries trials out in one lab, one after the other.
 *
 * @returns a record of each, and all that the lab has recorded
 * @throws LabError `lab-failed` if it can't be done
 */
export async function carryOut(
  backend: Backend,
  topology: Topology,
  trials: readonly Trial[],
  options: LabOptions,
): Promise<{ readonly records: readonly TrialRecord[]; readonly evidence: Evidence }> {
  const lab = await backend.open(topology, options);
  return closing(lab, async () => {
    const battery = await lab.muster(responders);
    const spans: (readonly Span[])[] = [];
    let marks = 0;
    const mark = async (): Promise<number> => {
      if (options.lookUps) await markLookUps(lab, marks);
      return marks++;
    };
    for (const trial of trials) spans.push(await carryOutOne(lab, battery, trial, mark));
    const evidence = await lab.evidence();
    // Where some look-ups may be missing, none are compared.
    const complete = evidence.lookUpsMissed ? { ...evidence, lookUps: null } : evidence;
    const records = trials.map(({ phases }, index) =>
      phases.map((phase, place) => recordOf(complete, phase, spans[index]?.[place])),
    );
    return { records, evidence };
  });
}

/** Sets the router up and sends what there is to be sent, phase by phase. */
async function carryOutOne(
  lab: Lab,
  battery: Battery,
  { seed, phases }: Trial,
  mark: () => Promise<number>,
): Promise<readonly Span[]> {
  for (const { host, script } of resetOf(seed)) {
    const { status, stderr } = await lab.run(host, script);
    if (status !== 0) throw new LabError('lab-failed', `${host} could not be reset: ${stderr}`);
  }
  const [strange] = await lab.unanswered(acquaintance);
  if (strange) throw new LabError('lab-failed', `${strange.host} has no answer from ${strange.destination}`);
  const spans: Span[] = [];
  for (const { steps, shots } of phases) {
    const ended: StepEnd[] = [];
    for (const { host, script } of inOnes(steps)) {
      const { status, stderr } = await lab.run(host, script);
      ended.push({ host, status, stderr });
    }
    const begun = await mark();
    const from = lab.now();
    await battery.fire(shots);
    // A clock of whole milliseconds.
    const until = lab.now() + 0.001;
    await mark();
    spans.push({ from, until, mark: begun, steps: ended });
  }
  return spans;
}

/** What is done on one host in a row, is one script. */
function inOnes(steps: readonly Step[]): readonly Pick<Step, 'host' | 'script'>[] {
  const scripts: { host: string; script: string }[] = [];
  for (const { host, script } of steps) {
    const last = scripts.at(-1);
    if (last?.host === host) last.script += `\n${script}`;
    else scripts.push({ host, script });
  }
  return scripts;
}

function recordOf({ crossings, lookUps }: Evidence, { shots }: Phase, span: Span | undefined): PhaseRecord {
  if (!span) throw new Error('a phase was not carried out');
  const shotOf = finderOf(shots);
  const records = new Map(shots.map((shot): [Shot, string[]] => [shot, []]));
  for (const crossing of crossings) {
    if (crossing.time < span.from || crossing.time > span.until || crossing.protocol === 'arp') continue;
    const shot = shotOf(crossing.protocol, [crossing.source, crossing.destination]);
    if (shot) records.get(shot)?.push(describe(crossing));
  }
  return {
    steps: span.steps,
    crossings: shots.map((shot) => {
      const record = records.get(shot) ?? [];
      return shot.protocol === 'tcp' ? segments(record, shot.goesOn ?? false) : record;
    }),
    lookUps: lookUps ? lookUpsOf(lookUpsBetween(lookUps, span.mark, span.mark + 1), shots, shotOf) : null,
  };
}

/** Finds the shot that has to do with a packet of that protocol between two ends, `address:port`. */
function finderOf(shots: readonly Shot[]): (protocol: string, ends: readonly string[]) => Shot | undefined {
  const byAddress = new Map<string, Shot>();
  const byPort = new Map<string, Shot>();
  const portIn = (protocol: string, port = ''): string => `${protocol} ${port}`;
  for (const shot of shots) {
    for (const address of ownAddresses(shot)) byAddress.set(address, shot);
    byPort.set(portIn(shot.protocol, String(shot.sourcePort)), shot);
  }
  return (protocol, both) => {
    const ends = both.map((end) => end.split(':'));
    const found = ends.map(([address = '']) => byAddress.get(address)).find(Boolean);
    // Of what has none of anybody's own, as what was sent elsewhere than it was to go, its port still tells.
    if (found || ends.some(([address = '']) => isOwn(address))) return found;
    return ends.map(([, port]) => byPort.get(portIn(protocol, port))).find(Boolean);
  };
}

/**
 * Of a connection, what is not a matter of time. How TCP cuts what it sends, and when it acknowledges, is; and of one whose ways
 * have changed, whether it has ended before somebody resets it to whom its answers are led.
 */
function segments(record: readonly string[], goesOn: boolean): readonly string[] {
  const certain = goesOn ? record.filter((line) => !line.endsWith(' RST')) : record;
  return [...new Set(certain)].sort();
}

function describe({ host, interface: name, direction, source, destination, protocol, summary }: Crossing): string {
  const words = protocol === 'tcp' ? (/SYN-ACK|SYN|RST/.exec(summary)?.[0] ?? 'segment') : summary;
  return `${host} ${name} ${direction} ${source} > ${destination} ${words}`;
}
