/** What comes of each fault under each candidate, and why. */
import type { Expected } from '../../src/scenario/result.ts';
import { byEra, joinEras, mapEras, type ByEra } from '../../src/scenario/by-era.ts';
import { choice, type Choice } from '../eras/choice.ts';
import type { Expectation, LinesAfter, Pair } from './expectation.ts';
import type { FaultName } from './faults.ts';

const well: Pair = ['works', 'works'];
const chance: Pair = ['any', 'any'];
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

/** Which line's address NAT has given a flow is a matter of turns; on the other line it passes nowhere. */
const byLuck: Pair = ['works or stale-nat', 'works or stale-nat'];
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
/** Whether MASQUERADE forgets a flow that leaves by another line, or lets it go there with an address that passes nowhere. */
const forgetsMoved = byEra(false, {
  since: '3.8',
  is: true,
  because: "a masqueraded connection's route is followed (c65ef8dc7bb2)",
});

const unlocked: readonly Case[] = [
  // The line that comes back makes a single route, which MASQUERADE's flow follows.
  [
    'line down',
    joinEras(choice, forgetsMoved, (how, forgets): Expectation => {
      const today: Expectation = { ...lost, newAfter: well, udpAfter: well, linesAfter: ['ppp0', 'ppp0'] };
      const inTurn = how === 'in turn';
      const udpAfter = forgets ? well : inTurn ? byLuck : (['works', 'stale-nat'] as const);
      return { ...today, ...(inTurn && streamInTurn), udpAfter };
    }),
  ],
  ['carrier lost', unnoticedCarrier],
  ['gateway dead', unnoticedGateway],
  // The line that comes back makes a single route: SNAT's flow follows it with the other's address, MASQUERADE's is made anew;
  // but not if a packet of its went by the other line as its own was going, for then SNAT has it, too.
  [
    'another address',
    byChoice(
      { ...lost2, newAfter: well, udpAfter: ['stale-nat', 'works or stale-nat'], linesAfter: ['ppp1', 'ppp1'] },
      { 'in turn': { ...streamInTurn, udpAfter: byLuck } },
    ),
  ],
];

/**
 * When both lines have the default route again. Where turns were kept, each destination takes another, what runs keeps the address
 * that it has, and a stream that went on may be lost after all. Where each packet takes a turn, streams were so from the beginning.
 */
const keptAgain = { udpAfter: byLuck, linesAfter: 'any' } as const;
const eachAgain = { tcp: chance, udpAfter: byLuck, linesAfter: 'chance' } as const;

const remade = {
  moved: byChoice(moved, {
    kept: { ...keptAgain, tcp: ['reply-lost', 'any'] },
    'in turn': { ...eachAgain, udp: byLuck },
  }),
  movedBack: byChoice(movedBack, { kept: { ...keptAgain, tcp: ['any', 'reply-lost'] }, 'in turn': eachAgain }),
  flapped: byChoice(flapped, { kept: keptAgain, 'in turn': eachAgain }),
};

/** The same where conntrack is told to forget: what runs is made anew whenever a route is. */
function forgotten(remade: ByEra<Expectation>, during: Partial<Expectation> = {}): ByEra<Expectation> {
  return joinEras(choice, remade, (how, each) => ({
    ...each,
    ...during,
    ...(how !== 'in turn' && { udpAfter: well }),
  }));
}

/**
 * The whole default route went with one interface, and Shorewall takes a provider without routes for disabled already. What
 * was running by the other line is marked for it, and goes on. The line that is enabled again has a single route.
 *
 * An interface goes in two steps: it is down first, and gone some milliseconds later, and the route with it. A packet that comes
 * in between goes by the other line. If its answer is as quick, the flow is marked for that line, and goes on.
 */
const ifBetween: Expected = 'no-route or works';
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
    ['line down', remade.moved],
    ['carrier lost', unnoticedCarrier],
    ['gateway dead', unnoticedGateway],
    ['another address', remade.movedBack],
    ['both lines flap', remade.flapped],
  ],
  // It notices what ppp-scripts-locked does, and no more.
  'ppp-scripts-flush': [
    ['line down', forgotten(remade.moved, { udp: well })],
    ['another address', forgotten(remade.movedBack)],
    ['both lines flap', forgotten(remade.flapped)],
  ],
  'gateway-monitor': [
    ['line down', remade.moved],
    ['carrier lost', remade.moved],
    ['gateway dead', remade.moved],
    ['another address', remade.movedBack],
    ['both lines flap', remade.flapped],
  ],
  // Shorewall's own lock lets both lines' scripts in at times: what comes of that is chance.
  shorewall: [
    ...balanced,
    [
      'line down',
      { ...disabled, udp: [ifBetween, 'works'], tcp: ['reply-lost', 'works'], linesAfter: ['ppp0', 'ppp0'] },
    ],
    [
      'another address',
      { ...disabled, udp: ['works', ifBetween], tcp: ['works', 'reply-lost'], linesAfter: ['ppp1', 'ppp1'] },
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
