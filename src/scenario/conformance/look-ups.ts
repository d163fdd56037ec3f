import type { Lab } from '../../backend/lab.ts';
import type { TableLookUp } from '../../backend/look-up.ts';
import type { Shot } from '../../backend/volley.ts';
import { formatIPv4 } from '../../net/address.ts';
import { LabError } from '../../net/error.ts';
import type { PhaseRecord, TrialRecord } from './carry-out.ts';
import type { Difference } from './compare.ts';
import type { Trial } from './trial.ts';

/** One route that was asked for, in one table after another, as the rules say. */
export type LookUp = readonly TableLookUp[];

const marks = 0x7f010000;

/** Has the server look up an address that nobody else asks for, so that what it looks up before can be told from what comes after. */
export async function markLookUps(lab: Lab, number: number): Promise<void> {
  const { host } = lab.topology.server;
  const { status, stderr } = await lab.run(host, `ip route get ${formatIPv4(marks + number)}`);
  if (status !== 0) throw new LabError('lab-failed', `${host} doesn't know its own address: ${stderr}`);
}

/**
 * What was looked up between two marks.
 *
 * @throws LabError `lab-failed` if either is missing: then others may be, too
 */
export function lookUpsBetween(lookUps: readonly TableLookUp[], first: number, last: number): readonly TableLookUp[] {
  const [from, to] = [first, last].map((number) => {
    const place = lookUps.findIndex(({ destination }) => destination === formatIPv4(marks + number));
    if (place < 0)
      throw new LabError('lab-failed', `the server's look-ups are not complete: mark ${number} is missing`);
    return place;
  });
  return lookUps.slice(from, to);
}

/**
 * Puts together what was asked of several tables for one route: the same question, on the same thread, until it is put to the first of
 * the tables again. Every host's first rule leads to the same table, whoever asks.
 */
export function joined(lookUps: readonly TableLookUp[]): readonly LookUp[] {
  const all: TableLookUp[][] = [];
  const open = new Map<string, TableLookUp[]>();
  for (const each of lookUps) {
    const key = `${each.thread} ${question(each)} ${each.mark ?? ''}`;
    const asked = open.get(key);
    if (asked && asked[0]?.table !== each.table) asked.push(each);
    else {
      const begun = [each];
      open.set(key, begun);
      all.push(begun);
    }
  }
  return all;
}

/**
 * Where the two looked up otherwise than each other, of a phase's shots.
 *
 * @param chance by phase and shot: whether there is nothing to compare; absent: always something
 */
export function differencesInLookUps(
  { phases }: Trial,
  kernel: TrialRecord,
  model: TrialRecord,
  chance: readonly (readonly boolean[])[] = [],
): readonly Difference[] {
  return phases.flatMap(({ shots }, phase) => {
    const [one, other] = [kernel[phase]?.lookUps, model[phase]?.lookUps];
    if (!one || !other) return [];
    return shots.flatMap((shot, index): readonly Difference[] => {
      const [said, modelled] = [one[index] ?? [], other[index] ?? []];
      const agree = shot.protocol === 'tcp' ? sameKinds : sameInTurn;
      if (chance[phase]?.[index] || agree(said, modelled)) return [];
      const lines = (all: readonly LookUp[]): readonly string[] => all.flatMap((each) => each.map(describe));
      // Where the two agree, what the model alone can tell is no difference.
      const shown = said.map((each) => modelled.find((same) => isSame(each, same)) ?? each);
      return [{ phase, shot, kernel: lines(shown), model: lines(modelled) }];
    });
  });
}

/** How many look-ups there were in tables for the shots that are compared; null where the kernel doesn't tell of them. */
export const countOf = ({ lookUps }: PhaseRecord, chance: readonly boolean[] = []): number | null =>
  lookUps?.filter((_, shot) => !chance[shot]).flat(2).length ?? null;

const sameInTurn = (kernel: readonly LookUp[], model: readonly LookUp[]): boolean =>
  kernel.length === model.length && kernel.every((each, index) => isSame(each, model[index] ?? []));

/** How often TCP sends, and so what is looked up how often, is a matter of time. */
const sameKinds = (kernel: readonly LookUp[], model: readonly LookUp[]): boolean =>
  kernel.every((each) => model.some((other) => isSame(each, other))) &&
  model.every((each) => kernel.some((other) => isSame(other, each)));

const isSame = (kernel: LookUp, model: LookUp): boolean =>
  kernel.length === model.length &&
  kernel.every((said, index) => {
    const modelled = model[index];
    return (
      modelled !== undefined &&
      `${question(said)} ${answer(said)}` === `${question(modelled)} ${answer(modelled)}` &&
      // The kernel says with which mark only of what came in, and a gateway even where there is none.
      (said.mark === null || said.mark === modelled.mark) &&
      (modelled.gateway === null || said.gateway === modelled.gateway)
    );
  });

const question = ({ protocol, source, sourcePort, destination, destinationPort, ...rest }: TableLookUp): string => {
  const { input, output, tos, scope } = rest;
  const ways = `iif ${input}${output === null ? '' : ` oif ${output}`}`;
  return `${source}:${sourcePort} > ${destination}:${destinationPort} proto ${protocol} ${ways} tos ${tos} scope ${scope}`;
};

const answer = ({ table, error, device }: TableLookUp): string =>
  `table ${table}: ${error === 0 ? `dev ${device ?? 'none'}` : error}`;

const describe = (lookUp: TableLookUp): string => {
  const { gateway, mark } = lookUp;
  const [by, marked] = [gateway === null ? '' : ` via ${gateway}`, mark === null ? '' : ` mark ${mark}`];
  return `${question(lookUp)}${marked} ${answer(lookUp)}${by}`;
};

/** Deals out to shots what is theirs. */
export function lookUpsOf(
  lookUps: readonly TableLookUp[],
  shots: readonly Shot[],
  shotOf: (protocol: string, ends: readonly string[]) => Shot | undefined,
): readonly (readonly LookUp[])[] {
  const own = new Map<Shot, TableLookUp[]>(shots.map((shot) => [shot, []]));
  for (const each of lookUps) {
    const { protocol, source, sourcePort, destination, destinationPort } = each;
    const name = protocols.get(protocol) ?? '';
    const shot = shotOf(name, [`${source}:${sourcePort}`, `${destination}:${destinationPort}`]);
    if (shot) own.get(shot)?.push(each);
  }
  return shots.map((shot) => joined(own.get(shot) ?? []));
}

const protocols = new Map([
  [1, 'icmp'],
  [6, 'tcp'],
  [17, 'udp'],
]);

/** Look-ups as lines, without what the kernel tells of some only. */
export const linesOf = (lookUps: readonly LookUp[]): readonly string[] =>
  lookUps.flat().map((each) => `${question(each)} ${answer(each)}`);
