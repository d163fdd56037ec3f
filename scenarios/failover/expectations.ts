/** What comes of each fault under each candidate, and why. */
import { mapEras, type ByEra } from '../../src/scenario/by-era.ts';
import type { Expected } from '../../src/scenario/result.ts';
import { choice, type Choice } from '../eras/choice.ts';
import type { FaultName } from './faults.ts';

/** What comes of what went by the first line before the fault, and of what went by the second. `any`: chance decides. */
export type Pair = readonly [Expected | 'any', Expected | 'any'];

/**
 * The lines of new connections to where they went by the first at first, and to where they went by the second. `reversed`: those
 * that the hash gives by a route whose nexthops have changed places. `any`: both lines are used, and chance decides which has the
 * first nexthop. `chance`: each connection takes a turn.
 */
export type LinesAfter = readonly [string | null, string | null] | 'reversed' | 'any' | 'chance';

/** Whether chance decides what comes of it. */
export function leftToChance(expected: Pair[number]): boolean {
  return expected === 'any' || expected.includes(' or ');
}

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
  readonly linesAfter: LinesAfter;
}

const well: Pair = ['works', 'works'];
const both: LinesAfter = ['ppp0', 'ppp1'];
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

const chance: Pair = ['any', 'any'];

/**
 * What is wanted of whatever configuration. Streams of a line that fails can't go on, for the far end knows them by its address;
 * and while both lines are gone, nothing can.
 */
export const wantedOfAny: Readonly<Record<FaultName, Expectation>> = {
  'line down': wantedWith({ tcp: ['any', 'works'] }),
  'carrier lost': wantedWith({ tcp: ['any', 'works'] }),
  'gateway dead': wantedWith({ tcp: ['any', 'works'] }),
  'another address': wantedWith({ tcp: ['works', 'any'] }),
  'both lines flap': wantedWith({ new: chance, own: chance, udp: chance, tcp: chance }),
};

function wantedWith(fault: Partial<Expectation>): Expectation {
  return { new: well, own: well, udp: well, tcp: well, ...mended, ...fault };
}

const chanceAfter = { newAfter: well, udpAfter: chance, linesAfter: 'chance' } as const;
/** Each packet takes its turn: of many, some go by the line that works; a flow that has an address goes by both. */
const eachInTurn: Partial<Expectation> = { new: well, own: well, udp: chance, tcp: chance, ...chanceAfter };
/** The line that a stream's data or confirmation is lost by is a matter of turns. */
const streamInTurn: Partial<Expectation> = { tcp: ['reply-lost or no-route', 'reply-lost or no-route'] };

/** Where the choice among nexthops bears on what comes of a fault. */
function byChoice(
  today: Expectation,
  otherwise: Partial<Record<Exclude<Choice, 'by addresses'>, Partial<Expectation>>>,
): ByEra<Expectation> {
  return mapEras(choice, (how) => ({ ...today, ...(how !== 'by addresses' && otherwise[how]) }));
}

const goneOrDead: Pair = ['works or dead-nexthop', 'works or dead-nexthop'];
/** Each of the server's own connections has a hash of its own, so some go by the line that works. */
const ownByFlow: Partial<Expectation> = { own: well };
const unnoticedGateway = byChoice(unnoticed, { 'in turn': eachInTurn, 'by flow': ownByFlow });
/** No nexthop is the worse for it, but the cache is emptied: each destination takes another turn. */
const emptied: Partial<Expectation> = { new: goneOrDead, own: goneOrDead, udp: chance, tcp: chance, ...chanceAfter };
const unnoticedCarrier = byChoice(unnoticed, { kept: emptied, 'in turn': eachInTurn, 'by flow': ownByFlow });

type Case = readonly [FaultName, Expectation | ByEra<Expectation>];

const aloneByItself: readonly Case[] = [
  ['line down', byChoice({ ...lost, ...forGood }, { 'in turn': streamInTurn })],
  ['another address', byChoice({ ...lost2, ...forGood }, { 'in turn': streamInTurn })],
  ['both lines flap', { ...flapped, ...forGood }],
];
const unlocked: readonly Case[] = [
  ['line down', { ...lost, newAfter: well, udpAfter: well, linesAfter: ['ppp0', 'ppp0'] }],
  ['carrier lost', unnoticed],
  ['gateway dead', unnoticed],
  // The line that comes back makes a single route: SNAT's flow follows it with the other's address, MASQUERADE's is made anew.
  ['another address', { ...lost2, newAfter: well, udpAfter: ['stale-nat', 'works'], linesAfter: ['ppp1', 'ppp1'] }],
];

/**
 * The whole default route went with one interface, and Shorewall takes a provider without routes for disabled already. What
 * was running by the other line is marked for it, and goes on. The line that is enabled again has a single route.
 */
const disabled = { new: noRoute, own: noRoute, newAfter: well, udpAfter: well } as const;
/**
 * Its rules for sources keep the server's own connections to a place to the line that gave the first one its source; where the
 * hash takes ports in, that is not the one that was asked for.
 */
const ownBySource: Partial<Expectation> = { own: goneOrDead };
const balanced: readonly Case[] = [
  ['carrier lost', byChoice(unnoticed, { kept: emptied, 'in turn': eachInTurn, 'by flow': ownBySource })],
  ['gateway dead', byChoice(unnoticed, { 'in turn': eachInTurn, 'by flow': ownBySource })],
];

const byCandidate: Readonly<Record<string, readonly Case[]>> = {
  'balance-8-2': [...aloneByItself, ['carrier lost', unnoticedCarrier], ['gateway dead', unnoticedGateway]],
  'balance-8-2-linkdown': [
    ...aloneByItself,
    ['carrier lost', byChoice(moved, { 'in turn': { udp: chance, tcp: chance, ...chanceAfter } })],
    ['gateway dead', unnoticedGateway],
  ],
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
  // Shorewall's own lock lets both lines' scripts in at times: what comes of that is chance.
  shorewall: [
    ...balanced,
    [
      'line down',
      { ...disabled, udp: ['no-route', 'works'], tcp: ['reply-lost', 'works'], linesAfter: ['ppp0', 'ppp0'] },
    ],
    [
      'another address',
      { ...disabled, udp: ['works', 'no-route'], tcp: ['works', 'reply-lost'], linesAfter: ['ppp1', 'ppp1'] },
    ],
  ],
  // A line that is enabled has the last nexthop.
  'shorewall-reenable': [
    ...balanced,
    ['line down', { ...moved, linesAfter: 'reversed' }],
    ['another address', { ...movedBack, udpAfter: well }],
    ['both lines flap', { ...flapped, linesAfter: 'any' }],
  ],
};

export const expectations: readonly (readonly [candidate: string, ...Case])[] = Object.entries(byCandidate).flatMap(
  ([candidate, cases]) => cases.map(([fault, expected]) => [candidate, fault, expected] as const),
);
