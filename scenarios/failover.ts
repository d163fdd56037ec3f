import homeGateway from '../lab/topologies/home-gateway.ts';
import type { Fault } from '../src/backend/fault.ts';
import type { Lab, Probing } from '../src/backend/lab.ts';
import { byEra, isByEra, mapEras, type ByEra } from '../src/scenario/by-era.ts';
import { recordFlow, type Flow, type FlowRecord } from '../src/scenario/journey.ts';
import { droppedIn } from '../src/scenario/dropped.ts';
import { judgeOutward, outage } from '../src/scenario/outward.ts';
import type { CheckResult } from '../src/scenario/result.ts';
import { defineScenario, type Trial } from '../src/scenario/scenario.ts';
import { readdressed, type Topology } from '../src/topology/topology.ts';
import type { Expectation, Pair } from './failover/expectation.ts';
import { expectations, wantedOfAny } from './failover/expectations.ts';
import { faultNames, faults, type Course, type FaultName } from './failover/faults.ts';
import {
  answered,
  asked,
  askers,
  chunks,
  linesBack,
  linesExpected,
  patience,
  placesBy,
  ports,
  probesOf,
  probesToWork,
  routeTo,
  tick,
  type Asked,
  type Place,
} from './failover/gateway.ts';
import { judgeLines, judgeProportion, many, unusedLines } from './failover/lines-used.ts';
import { outages, type Phase } from './failover/outages.ts';
import { askedThrough, judgeRounds, judgeUp, ofTunnels, openTunnels, roundsOf, tunnels } from './failover/tunnels.ts';

interface Setting {
  readonly course: Course;
  readonly expected: Expectation;
  /** Whether it is a candidate that balances two lines 8 to 2; of another configuration's lines nothing is known. */
  readonly isKnown: boolean;
}

const well: Pair = ['works', 'works'];

/** Addresses to try for one that goes by a line: by both the hash leads soon; a configuration of whatever kind may use one only. */
const [manyTries, someTries] = [1000, 128];

export default defineScenario<Setting>({
  title: 'What survives when a line fails, and are both lines used again?',
  lesson: `A home gateway spreads its connections over two lines, and one of them fails: its interface goes, or goes and comes back with
another address, or its cable is cut at the far end, or its gateway dies behind a good cable; or both lines go at once.

What notices decides what happens. A multipath route alone notices little. When an interface goes, the kernel removes the
whole route, both lines of it. When the far end of a cable is cut, it goes on sending into the cable, unless
ignore_routes_with_linkdown tells it not to. That a gateway is dead, only asking shows.

New connections are well as soon as the route is. Running ones are not: NAT has given them the dead line's address. SNAT
keeps it until conntrack forgets the flow, and the ISP of the other line drops what carries it. MASQUERADE forgets when the
interface goes down, and when a flow leaves by another. TCP dies anyway, for the far end knows it by the old address. A VPN over
UDP is one flow with an end of its own making: the server takes its packets from whatever address they come ('floated'), and a
client that misses its pings begins anew, from another port. So it comes back wherever new connections are well, at once where
a UDP flow survives, and otherwise when it has missed its pings for as long as it was told (here 4 s).

How to mend it: make the default route of the lines that are there, not of what has changed (ppp-scripts-locked); ask
through each line (gateway-monitor); have conntrack forget (ppp-scripts-flush).`,
  services: ['new', 'own', 'udp', 'tcp', 'vpn', 'new-after', 'udp-after', 'vpn-after'],
  trials: expectations.map(([candidate, fault, expected]) => trial(candidate, fault, expected, true)),
  open: ({ name }) => faultNames.map((fault) => trial(name, fault, wantedOfAny[fault], false)),
  run: async (lab, { setting: { course, expected, isKnown } }, { seed }) => {
    const lines = lab.topology.server.uplinks.map((uplink) => uplink.interface);
    const tries = isKnown ? manyTries : someTries;
    const [home, own] = await Promise.all([
      placesBy(lab, '198.18.0.1', askers.desktop, tries),
      placesBy(lab, '198.18.16.1', askers.server, tries),
    ]);
    const unused = unusedLines(lab.topology, isKnown ? lines.length : 1, [home, own]);
    if (unused) return [unused];
    await Promise.all(home.flatMap((place, index) => serve(lab, place, index === 0)));
    const dialled = await openTunnels(lab, home);
    const vpn = ofTunnels(expected);
    const questions = {
      new: asked(askers.desktop, home, 'tcp', ports.new),
      own: asked(askers.server, own, 'tcp', ports.new),
      udp: asked(askers.desktop, home, 'udp', ports.udp),
      vpn: askedThrough(home),
    };
    const [ofHome, ofServer] = await Promise.all([
      lab.probe('desktop', probesOf(questions.new, questions.udp, questions.vpn)),
      lab.probe('server', probesOf(questions.own)),
    ]);
    const probingOf = (service: keyof Wanted): Probing => (service === 'own' ? ofServer : ofHome);
    /** What isn't to be answered need not be asked in haste: for how long it wasn't is not measured. */
    const hurry = (wanted: Wanted): Promise<unknown> =>
      Promise.all(
        services.map((service) => probingOf(service).hurry(probesToWork(questions[service], wanted[service]))),
      );
    /** Waits for what is asked from now on, and returns when it began and ended. */
    const phase = async (wanted: Wanted, besides: Promise<unknown>): Promise<Phase> => {
      const from = lab.now();
      const settled = Promise.all(
        services.map(async (service) => {
          const asked = questions[service];
          return [asked, await answered(lab, probingOf(service), asked, wanted[service])] as const;
        }),
      );
      await besides;
      return { from, settled: new Map(await settled), until: lab.now() + tick };
    };
    const before: Wanted = { new: well, own: well, udp: well, vpn: well };
    await hurry(before);
    await phase(before, Promise.resolve());
    const roundsBefore = await roundsOf(dialled);

    const streams = home.map(({ address: server, line }) =>
      lab.request('desktop', {
        ...{ kind: 'stream', server, port: ports.stream, sourcePort: streamPort(line), chunks },
        ...(expected.tcp[line] === 'works' && { patience }),
      }),
    );
    // As the short stream is over, which was begun last, the long ones have begun.
    await lab.request('desktop', { ...shortStream, server: home[0]?.address ?? '' });

    const wantedDuring: Wanted = { ...expected, vpn: vpn.during };
    await hurry(wantedDuring);
    const brokenAt = lab.now();
    await all(lab, course.breaks);
    const broken = routesOf(lab, questions.new);
    const lost = streams.filter((_, index) => expected.tcp[home[index]?.line ?? NaN] !== 'works');
    const during = await phase(wantedDuring, Promise.all([broken, ...lost]));
    const routes = { new: await routesOf(lab, questions.new), own: await routesOf(lab, questions.own) };
    const roundsDuring = await roundsOf(dialled);

    const { newAfter, udpAfter, linesAfter } = expected;
    const wantedAfter: Wanted = { new: newAfter, own: newAfter, udp: udpAfter, vpn: vpn.after };
    await hurry(wantedAfter);
    const mendedAt = lab.now();
    await all(lab, course.mends);
    const right = linesExpected(lab, expected.linesAfter, home, seed);
    await linesBack(lab, ofHome, questions.new, right);
    const after = await phase(wantedAfter, Promise.resolve());
    const routesAfter = await routesOf(lab, questions.new);
    const roundsAfter = await roundsOf(dialled);
    const silent = isKnown ? await lab.sweep('desktop', many) : null;
    const answers = await Promise.all(streams);
    await Promise.all([ofHome.stop(), ofServer.stop(), ...dialled.map(({ client }) => client.stop())]);
    const evidence = await lab.evidence();
    const topology = course.mends.reduce(changed, lab.topology);
    const dropped = droppedIn(topology, evidence);
    const records = new Map<Flow, FlowRecord>();
    const recordOf = (flow: Flow): FlowRecord => {
      const record = records.get(flow) ?? recordFlow(topology, evidence, flow);
      records.set(flow, record);
      return record;
    };

    const silences = (from: number, { until }: Phase): readonly (number | null)[] =>
      questions.new.questions.map(({ flow }) => outage(recordOf(flow), flow, from, until).silence);
    const judge = (
      service: string,
      { questions: all }: Asked,
      { from, until }: Phase,
      words: readonly (string | null)[],
      outcomes: Pair,
    ): readonly CheckResult[] =>
      all.flatMap(({ flow, place: { line, uplink } }, index) => {
        const outcome = outcomes[line] ?? 'any';
        if (outcome === 'any') return [];
        const route = words[index] ?? null;
        const asked = { service, uplink, flow, from, until, route, accepted: 'some', expected: outcome } as const;
        return judgeOutward(topology, recordOf(flow), asked, dropped);
      });
    return [
      ...judgeUp(home, dialled),
      ...judge('new', questions.new, during, routes.new, expected.new),
      ...judge('own', questions.own, during, routes.own, expected.own),
      ...judge('udp', questions.udp, during, routes.new, expected.udp),
      ...home.flatMap(({ address: server, line, uplink }, index) => {
        const [accepted, route] = [answers[index]?.accepted ?? false, routes.new[index] ?? null];
        const flow: Flow = {
          ...{ client: 'desktop', protocol: 'tcp', sourcePort: streamPort(line), server, port: ports.stream },
        };
        const outcome = expected.tcp[line] ?? 'any';
        if (outcome === 'any') return [];
        // From the fault on, for in what is lost at once is the cause.
        const span = { from: brokenAt, until: during.until };
        const asked = { service: 'tcp', uplink, flow, ...span, route, accepted, expected: outcome };
        return judgeOutward(topology, recordOf(flow), asked, dropped);
      }),
      ...judge('vpn', questions.vpn, during, routes.new, vpn.during),
      ...judge('new-after', questions.new, after, routesAfter, newAfter),
      ...judge('udp-after', questions.udp, after, routesAfter, udpAfter),
      ...judge('vpn-after', questions.vpn, after, routesAfter, vpn.after),
      ...outages(isKnown, recordOf, 'from the fault', brokenAt, during, [
        { asked: questions.new, name: 'new connections', expected: expected.new },
        { asked: questions.own, name: 'new connections', expected: expected.own },
        { asked: questions.vpn, name: 'the tunnel', expected: vpn.during },
      ]),
      ...outages(isKnown, recordOf, 'from its mending', mendedAt, after, [
        { asked: questions.new, name: 'new connections', expected: newAfter },
        { asked: questions.vpn, name: 'the tunnel', expected: vpn.after },
      ]),
      ...(isKnown
        ? [
            ...judgeRounds(
              'since the fault',
              home,
              [roundsBefore, roundsDuring],
              ...[vpn.during, expected.udp, silences(brokenAt, during)],
            ),
            ...judgeRounds(
              'since its mending',
              home,
              [roundsDuring, roundsAfter],
              ...[vpn.during, udpAfter, silences(mendedAt, after)],
            ),
          ]
        : []),
      ...(linesAfter === 'chance' ? [] : [judgeLines(topology, recordOf, questions.new, after, right ?? routesAfter)]),
      ...(silent
        ? [judgeProportion(topology, evidence.crossings, typeof linesAfter === 'string' ? lines : linesAfter, silent)]
        : []),
    ];
  },
});

/** What is asked all the while, and what should come of it. */
const services = ['new', 'own', 'udp', 'vpn'] as const;
type Wanted = Readonly<Record<(typeof services)[number], Pair>>;

function trial(
  candidate: string,
  fault: FaultName,
  expected: Expectation | ByEra<Expectation>,
  isKnown: boolean,
): Trial<ByEra<Setting>> {
  const stated = isByEra(expected) ? expected : byEra(expected);
  const { breaks, mends }: Course = faults[fault];
  return {
    candidate,
    variant: fault,
    topology: homeGateway(),
    tunnels,
    redials: [...breaks, ...mends].some(({ kind }) => kind === 'vanish' || kind === 'return'),
    setting: mapEras(stated, (each) => ({ course: faults[fault], expected: each, isKnown })),
  };
}

const shortStream = { kind: 'stream', port: ports.short, sourcePort: 42000, chunks: 3 } as const;
const streamPort = (line: number): number => 41000 + line;

function serve(lab: Lab, { address, line }: Place, short: boolean): readonly Promise<unknown>[] {
  const echo = { kind: 'udp-echo', name: `udp-echo-${line + 1}`, port: ports.udp } as const;
  return [
    lab.serve('world', { ...echo, binding: { kind: 'address', address } }),
    lab.serve('world', {
      kind: 'stream',
      name: `stream-${line + 1}`,
      port: ports.stream,
      address,
      chunks,
      pace: 'steady',
    }),
    ...(short ? [lab.serve('world', { ...shortStream, name: 'short-stream', address, pace: 'steady' })] : []),
  ];
}

/** Has all of it happen at once. */
async function all(lab: Lab, happening: readonly Fault[]): Promise<void> {
  await Promise.all(happening.map((fault) => lab.inflict(fault)));
}

function changed(topology: Topology, fault: Fault): Topology {
  if (fault.kind !== 'return' || fault.address === undefined) return topology;
  return readdressed(topology, fault.host, fault.interface, fault.address);
}

function routesOf(lab: Lab, { asker, questions }: Asked): Promise<readonly (string | null)[]> {
  return Promise.all(questions.map(({ place }) => routeTo(lab, place.address, asker)));
}
