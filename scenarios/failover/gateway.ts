/** What goes out through the home gateway, and what is asked of it. */
import type { Lab, Probe, Probing } from '../../src/backend/lab.ts';
import type { Flow } from '../../src/scenario/journey.ts';
import { LabError } from '../../src/net/error.ts';
import { formatIPv4, parseIPv4 } from '../../src/net/address.ts';
import type { Pair } from './expectations.ts';

/** Who asks: the home network, behind NAT, or the server itself. */
export const askers = {
  desktop: { host: 'desktop', source: '192.168.2.100', arrival: 'eth2' },
  server: { host: 'server' },
} as const;
export type Asker = (typeof askers)[keyof typeof askers];

/** Nothing listens at 9: to be refused is an answer, too. */
export const ports = { new: 9, udp: 7, stream: 80, short: 81 };
/** Thousands of bytes, ten a second. */
export const chunks = 40;

/** Seconds that an answer may take that should come. */
export const patience = 15;
/** Seconds until we believe that no answer will come. */
const disbelief = 2.5;
/** Seconds between two looks at routes that aren't right yet, at most. */
const betweenLooks = 0.1;

/** Addresses to try for one that goes by a line; that a line with two of ten connections has none of these, never happens. */
const enough = 128;

/** The line that the server would send to `destination` by, in its own word; `null`: it has no route. */
export async function routeTo(lab: Lab, destination: string, asker: Asker): Promise<string | null> {
  const forwarded = 'source' in asker ? ([asker.source, asker.arrival] as const) : [];
  try {
    return await lab.route('server', destination, ...forwarded);
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

/** For each line the first address of the world's, from `first` on, that goes by it; in the order of the lines, without those that none goes by. */
export async function placesBy(lab: Lab, first: string, asker: Asker): Promise<readonly Place[]> {
  const { uplinks } = lab.topology.server;
  const found = new Map<string, string>();
  for (let tried = 0; found.size < uplinks.length && tried < enough; tried += 8) {
    const some = Array.from({ length: 8 }, (_, index) => formatIPv4(parseIPv4(first) + tried + index));
    const routes = await Promise.all(some.map((address) => routeTo(lab, address, asker)));
    for (const [index, route] of routes.entries()) {
      if (route !== null && !found.has(route)) found.set(route, some[index] ?? '');
    }
  }
  return uplinks.flatMap(({ interface: uplink }, line) => {
    const address = found.get(uplink);
    return address === undefined ? [] : [{ address, line, uplink }];
  });
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

/** Waits until each question, asked from now on, is answered; or until we believe that it won't be, where it shouldn't. */
export async function answered(probing: Probing, { questions }: Asked, expected: Pair): Promise<void> {
  await Promise.all(
    questions.map(({ probe, place }) =>
      probing.answered(probe, expected[place.line] === 'works' ? patience : disbelief),
    ),
  );
}

/** Waits until new connections go by the lines that they went by at first, as far as that is expected. */
export async function linesBack(
  lab: Lab,
  probing: Probing,
  { asker, questions }: Asked,
  lines: readonly (string | null)[],
): Promise<void> {
  const deadline = lab.now() + patience;
  const right = async (): Promise<boolean> => {
    const routes = await Promise.all(questions.map(({ place }) => routeTo(lab, place.address, asker)));
    return routes.every((route, index) => route === lines[questions[index]?.place.line ?? NaN]);
  };
  // Between two looks something must happen, or on the model no time would pass.
  while (!(await right()) && lab.now() < deadline) {
    await Promise.all(questions.map(({ probe }) => probing.answered(probe, betweenLooks)));
  }
}
