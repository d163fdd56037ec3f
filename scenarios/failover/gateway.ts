/** What goes out through the home gateway, and what is asked of it. */
import type { Lab, Probe, Probing } from '../../src/backend/lab.ts';
import type { Flow } from '../../src/scenario/journey.ts';
import { LabError } from '../../src/net/error.ts';
import { formatIPv4, parseIPv4 } from '../../src/net/address.ts';
import { hashL3, selectNexthop, upperBounds } from '../../src/model/multipath.ts';
import type { LinesAfter, Pair } from './expectations.ts';

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

/**
 * For each line an address of the world's that goes by it, from `first` on. A connection of the server's own is looked up twice,
 * without its source and with it: before 6.16 these may choose otherwise, so it is one where both choose the same.
 */
export async function destinationsBy(
  lab: Lab,
  lines: readonly string[],
  first: string,
  asker: Asker,
): Promise<readonly string[]> {
  const found = new Map<string, string>();
  for (let next = parseIPv4(first); found.size < lines.length; next += 8) {
    const some = Array.from({ length: 8 }, (_, index) => formatIPv4(next + index));
    // One after the other: where nexthops take turns, the two look-ups of an address are to be neighbours.
    for (const address of some) {
      const route = await settledRoute(lab, address, asker);
      if (route !== null && !found.has(route)) found.set(route, address);
    }
    if (next - parseIPv4(first) > 1000)
      throw new LabError('lab-failed', 'of 1,000 addresses none goes by one of the lines');
  }
  return lines.map((line) => found.get(line) ?? '');
}

async function settledRoute(lab: Lab, destination: string, asker: Asker): Promise<string | null> {
  const route = await routeTo(lab, destination, asker);
  if ('source' in asker) return route;
  const source = lab.topology.server.uplinks.find((uplink) => uplink.interface === route)?.address;
  return source !== undefined && (await lab.route('server', destination, source)) === route ? route : null;
}

/** A question to a destination of each line. */
export interface Asked {
  readonly asker: Asker;
  readonly probes: readonly Probe[];
  readonly flows: readonly Flow[];
}

export function asked(asker: Asker, destinations: readonly string[], protocol: 'tcp' | 'udp', port: number): Asked {
  return {
    asker,
    probes: destinations.map((destination) => ({ protocol, destination, port })),
    flows: destinations.map((server) => ({ client: asker.host, protocol, sourcePort: 'any', server, port })),
  };
}

/** Seconds. The lab's clock is read to the millisecond, and what was answered in the same one is to count. */
export const tick = 0.001;

/**
 * Waits until each question, asked from now on, is answered; or until we believe that it won't be, where it shouldn't. Returns
 * when that was for each.
 */
export async function answered(
  lab: Lab,
  probing: Probing,
  { probes }: Asked,
  expected: Pair,
): Promise<readonly number[]> {
  return Promise.all(
    probes.map(async (probe, line) => {
      await probing.answered(probe, expected[line] === 'works' ? patience : disbelief);
      return lab.now() + tick;
    }),
  );
}

/** The candidates' weights, in the order of the uplinks. */
const weights = [8, 2];

/**
 * The lines that the desktop's connections to these destinations should take, when all has been mended; `null`: those that the
 * kernel says, for they hang on chance, or on a seed that we don't know.
 */
export function linesExpected(
  { seeded, topology }: Lab,
  expected: LinesAfter,
  destinations: readonly string[],
  seed: number,
): readonly (string | null)[] | null {
  if (typeof expected !== 'string') return expected;
  if (expected !== 'reversed' || !seeded) return null;
  const lines = topology.server.uplinks.map((uplink) => uplink.interface).reverse();
  const bounds = upperBounds(weights.toReversed().map((weight) => ({ weight, alive: true })));
  const source = parseIPv4(askers.desktop.source);
  return destinations.map((address) => {
    const hash = hashL3({ source, destination: parseIPv4(address) }, seed);
    return lines[selectNexthop(bounds, hash) ?? -1] ?? null;
  });
}

/** Waits until new connections go by these lines. */
export async function linesBack(lab: Lab, { asker, probes }: Asked, lines: readonly (string | null)[]): Promise<void> {
  const deadline = lab.now() + patience;
  const right = async (): Promise<boolean> => {
    const routes = await Promise.all(probes.map(({ destination }) => routeTo(lab, destination, asker)));
    return routes.every((route, index) => route === lines[index]);
  };
  // Each look takes the time that it takes to ask the server.
  while (!(await right()) && lab.now() < deadline);
}
