/** What goes out through the home gateway, and what is asked of it. */
import type { Lab, Probe, Probing } from '../../src/backend/lab.ts';
import type { Flow } from '../../src/scenario/journey.ts';
import { LabError } from '../../src/net/error.ts';
import { formatIPv4, parseIPv4 } from '../../src/net/address.ts';
import { hashL3, selectNexthop, upperBounds } from '../../src/model/multipath.ts';
import type { Uplink } from '../../src/topology/topology.ts';
import type { LinesAfter, Pair } from './expectation.ts';

/** Who asks: the home network, behind NAT, or the server itself. */
export const askers = {
  desktop: { host: 'desktop', source: '192.168.2.100', arrival: 'eth2' },
  server: { host: 'server' },
} as const;
export type Asker = (typeof askers)[keyof typeof askers];

/** Nothing listens at 9: to be refused is an answer, too. */
export const ports = { new: 9, udp: 7, stream: 80, short: 81, vpn: 1194 };
/** Thousands of bytes, ten a second. */
export const chunks = 80;

/** Seconds that an answer may take that should come. */
export const patience = 15;
/** Seconds until we believe that no answer will come. */
const disbelief = 2.5;
/** Seconds between two looks at routes that aren't right yet, at most. */
const betweenLooks = 0.1;

/** The line that the server would send to `destination` by, in its own word; `null`: it has no route. */
export async function routeTo(lab: Lab, destination: string, asker: Asker): Promise<string | null> {
  return 'source' in asker ? lineOf(lab, destination, asker.source, asker.arrival) : lineOf(lab, destination);
}

async function lineOf(lab: Lab, destination: string, ...from: readonly string[]): Promise<string | null> {
  try {
    return await lab.route('server', destination, ...from);
  } catch (error) {
    if (error instanceof LabError && error.code === 'lab-failed') return null;
    throw error;
  }
}

/** An address of the world's, and the line that it is reached by at first: its place among the uplinks, and its name. */
export interface Place {
  readonly address: string;
  readonly line: number;
  readonly uplink: string;
}

/**
 * For each line the first address of the world's that goes by it, from `first` on; in the order of the lines, without those that
 * none of so many `tries` goes by. A connection of the server's own is looked up twice, without its source and with it: before
 * 6.16 these may choose otherwise, so it is one where both choose the same.
 */
export async function placesBy(lab: Lab, first: string, asker: Asker, tries: number): Promise<readonly Place[]> {
  const { uplinks } = lab.topology.server;
  const found = new Map<string, string>();
  const isMissing = ({ interface: uplink }: Uplink): boolean => !found.has(uplink);
  for (let tried = 0; uplinks.some(isMissing) && tried < tries; tried += 8) {
    const some = Array.from({ length: 8 }, (_, index) => formatIPv4(parseIPv4(first) + tried + index));
    // One after the other: where nexthops take turns, the two look-ups of an address are to be neighbours.
    for (const address of some) {
      const route = await settledRoute(lab, address, asker);
      if (route !== null && !found.has(route)) found.set(route, address);
    }
  }
  return uplinks.flatMap(({ interface: uplink }, line) => {
    const address = found.get(uplink);
    return address === undefined ? [] : [{ address, line, uplink }];
  });
}

async function settledRoute(lab: Lab, destination: string, asker: Asker): Promise<string | null> {
  const route = await routeTo(lab, destination, asker);
  if ('source' in asker) return route;
  const source = lab.topology.server.uplinks.find((uplink) => uplink.interface === route)?.address;
  return source !== undefined && (await lineOf(lab, destination, source)) === route ? route : null;
}

/** A question to each of some places. */
export interface Asked {
  readonly asker: Asker;
  readonly questions: readonly Question[];
}

interface Question {
  readonly place: Place;
  readonly probe: Probe;
  readonly flow: Flow;
}

export function asked(asker: Asker, places: readonly Place[], protocol: 'tcp' | 'udp', port: number): Asked {
  const questions = places.map((place) => ({
    place,
    probe: { protocol, destination: place.address, port },
    flow: { client: asker.host, protocol, sourcePort: 'any', server: place.address, port } as const,
  }));
  return { asker, questions };
}

/** What a client asks again and again. */
export const probesOf = (...all: readonly Asked[]): readonly Probe[] =>
  all.flatMap(({ questions }) => questions.map(({ probe }) => probe));

/** Those of them that should be answered. */
export const probesToWork = ({ questions }: Asked, expected: Pair): readonly Probe[] =>
  questions.flatMap(({ probe, place }) => (expected[place.line] === 'works' ? [probe] : []));

/** Seconds. The lab's clock is read to the millisecond, and what was answered in the same one is to count. */
export const tick = 0.001;

/**
 * Waits until each question, asked from now on, is answered; or until we believe that it won't be, where it shouldn't. Returns
 * when that was for each.
 */
export async function answered(
  lab: Lab,
  probing: Probing,
  { questions }: Asked,
  expected: Pair,
): Promise<readonly number[]> {
  return Promise.all(
    questions.map(async ({ probe, place }) => {
      await probing.answered(probe, expected[place.line] === 'works' ? patience : disbelief);
      return lab.now() + tick;
    }),
  );
}

/** The candidates' weights, in the order of the uplinks. */
const weights = [8, 2];

/**
 * The lines that the desktop's connections to these places should take, when all has been mended; `null`: those that the
 * kernel says, for they hang on chance, or on a seed that we don't know.
 */
export function linesExpected(
  { seeded, topology }: Lab,
  expected: LinesAfter,
  places: readonly Place[],
  seed: number,
): readonly (string | null)[] | null {
  if (typeof expected !== 'string') return places.map(({ line }) => expected[line] ?? null);
  if (expected !== 'reversed' || !seeded) return null;
  const lines = topology.server.uplinks.map((uplink) => uplink.interface).reverse();
  const bounds = upperBounds(weights.toReversed().map((weight) => ({ weight, alive: true })));
  const source = parseIPv4(askers.desktop.source);
  return places.map(({ address }) => {
    const hash = hashL3({ source, destination: parseIPv4(address) }, seed);
    return lines[selectNexthop(bounds, hash) ?? -1] ?? null;
  });
}

/** Addresses to try for one that goes by each line, where which do hangs on chance. */
const chanceTries = 128;

/**
 * Waits until new connections to each place go by these lines, and goes on asking in haste.
 *
 * @param lines `null`: until both lines are used, whatever goes by which
 */
export async function linesBack(
  lab: Lab,
  probing: Probing,
  { asker, questions }: Asked,
  lines: readonly (string | null)[] | null,
): Promise<void> {
  const deadline = lab.now() + patience;
  const right = async (): Promise<boolean> => {
    if (lines === null) {
      return (await placesBy(lab, '198.18.24.1', asker, chanceTries)).length === lab.topology.server.uplinks.length;
    }
    const routes = await Promise.all(questions.map(({ place }) => routeTo(lab, place.address, asker)));
    return routes.every((route, index) => route === lines[index]);
  };
  while (!(await right()) && lab.now() < deadline) {
    // Between two looks something must happen, or on the model no time would pass.
    await Promise.all(questions.map(({ probe }) => probing.answered(probe, betweenLooks)));
    await probing.hurry(questions.map(({ probe }) => probe));
  }
}
