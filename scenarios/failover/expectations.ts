/** What comes of each fault under each candidate, and why. */
import type { Outcome } from '../../src/scenario/result.ts';
import type { FaultName } from './faults.ts';

/** What comes of what went by the first line before the fault, and of what went by the second. `any`: chance decides. */
export type Pair = readonly [Outcome | 'any', Outcome | 'any'];

export interface Expectation {
  /** New connections from the home network, and from the server itself, while the fault lasts. */
  readonly new: Pair;
  readonly own: Pair;
  /** A UDP flow and a TCP stream from the home network, begun before it. */
  readonly udp: Pair;
  readonly tcp: Pair;
  /** New connections, and the UDP flow, when it has been mended; and the lines that new connections take then. */
  readonly newAfter: Pair;
  readonly udpAfter: Pair;
  readonly linesAfter: readonly [string | null, string | null];
}

const well: Pair = ['works', 'works'];
const either: Pair = ['any', 'any'];
const both = ['ppp0', 'ppp1'] as const;
const mended = { newAfter: well, udpAfter: well, linesAfter: both };

/** The default route is gone, and the streams' clients have nothing to confirm by, or nothing to confirm. */
const noRoute: Pair = ['no-route', 'no-route'];
const routeless = { new: noRoute, own: noRoute, udp: noRoute };
const forGood = { newAfter: noRoute, udpAfter: noRoute, linesAfter: [null, null] } as const;

/** What goes by the first line goes nowhere, and nobody notices. */
const deadFirst: Pair = ['dead-nexthop', 'works'];
const unnoticed: Expectation = {
  ...{ new: deadFirst, own: deadFirst, udp: deadFirst, tcp: ['reply-lost', 'works'] },
  ...mended,
};

/** The first line's flows go by the second, with the first's address where SNAT gave it to them. */
const moved: Expectation = {
  new: well,
  own: well,
  udp: ['stale-nat', 'works'],
  tcp: ['reply-lost', 'works'],
  ...mended,
};

/**
 * The second line's flows go by the first until it is back. MASQUERADE lets go of them when the line's interface goes down;
 * then SNAT gives them the first line's address, and that they keep.
 */
const movedBack: Expectation = {
  ...{ new: well, own: well, udp: well, tcp: ['works', 'reply-lost'] },
  ...{ newAfter: well, udpAfter: ['works', 'stale-nat'], linesAfter: both },
};

/**
 * Without any line. Which is gone first is chance, and so is whether a stream's data or its confirmation is lost; and which is
 * back first, and gives the second's flow its address.
 */
const flapped: Expectation = {
  ...{ ...routeless, tcp: ['any', 'any'] },
  ...{ newAfter: well, udpAfter: ['works', 'any'], linesAfter: both },
};

/** The whole default route went with one interface, and ip-down takes its line for the last one. */
const lost = { ...routeless, tcp: ['reply-lost', 'no-route'] } as const;
const lost2 = { ...routeless, tcp: ['no-route', 'reply-lost'] } as const;

/**
 * What is wanted of whatever configuration. Streams of a line that fails can't go on, for the far end knows them by its address;
 * and while both lines are gone, nothing can.
 */
export const wanted: Readonly<Record<FaultName, Expectation>> = {
  'line down': wantedWith({ tcp: ['any', 'works'] }),
  'carrier lost': wantedWith({ tcp: ['any', 'works'] }),
  'gateway dead': wantedWith({ tcp: ['any', 'works'] }),
  'another address': wantedWith({ tcp: ['works', 'any'] }),
  'both lines flap': wantedWith({ new: either, own: either, udp: either, tcp: either }),
};

function wantedWith(fault: Partial<Expectation>): Expectation {
  return { new: well, own: well, udp: well, tcp: well, ...mended, ...fault };
}

const aloneByItself: readonly (readonly [FaultName, Expectation])[] = [
  ['line down', { ...lost, ...forGood }],
  ['another address', { ...lost2, ...forGood }],
  ['both lines flap', { ...flapped, ...forGood }],
];
const unlocked: readonly (readonly [FaultName, Expectation])[] = [
  ['line down', { ...lost, newAfter: well, udpAfter: well, linesAfter: ['ppp0', 'ppp0'] }],
  ['carrier lost', unnoticed],
  ['gateway dead', unnoticed],
  // The line that comes back makes a single route: SNAT's flow follows it with the other's address, MASQUERADE's is made anew.
  ['another address', { ...lost2, newAfter: well, udpAfter: ['stale-nat', 'works'], linesAfter: ['ppp1', 'ppp1'] }],
];

const byCandidate: Readonly<Record<string, readonly (readonly [FaultName, Expectation])[]>> = {
  'balance-8-2': [...aloneByItself, ['carrier lost', unnoticed], ['gateway dead', unnoticed]],
  'balance-8-2-linkdown': [...aloneByItself, ['carrier lost', moved], ['gateway dead', unnoticed]],
  // Both lines at once are a matter of chance: see the scenario line-races.
  'ppp-scripts': unlocked,
  'ppp-scripts-locked': [
    ['line down', moved],
    ['carrier lost', unnoticed],
    ['gateway dead', unnoticed],
    ['another address', movedBack],
    ['both lines flap', flapped],
  ],
  // It notices what ppp-scripts-locked does, and no more.
  'ppp-scripts-flush': [
    ['line down', { ...moved, udp: well }],
    ['another address', { ...movedBack, udpAfter: well }],
    ['both lines flap', { ...flapped, udpAfter: well }],
  ],
  'gateway-monitor': [
    ['line down', moved],
    ['carrier lost', moved],
    ['gateway dead', moved],
    ['another address', movedBack],
    ['both lines flap', flapped],
  ],
};

export const expectations: readonly (readonly [candidate: string, fault: FaultName, Expectation])[] = Object.entries(
  byCandidate,
).flatMap(([candidate, cases]) => cases.map(([fault, expected]) => [candidate, fault, expected] as const));
