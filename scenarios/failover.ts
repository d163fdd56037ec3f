import homeGateway from '../lab/topologies/home-gateway.ts';
import type { Fault } from '../src/backend/fault.ts';
import type { Lab } from '../src/backend/lab.ts';
import { recordFlow, type Flow, type FlowRecord } from '../src/scenario/journey.ts';
import { judgeOutward, lineTaken, outage } from '../src/scenario/outward.ts';
import type { CheckResult, StatementResult } from '../src/scenario/result.ts';
import { defineScenario, type Trial } from '../src/scenario/scenario.ts';
import { readdressed, type Topology } from '../src/topology/topology.ts';
import { expectations, wanted, type Expectation, type Pair } from './failover/expectations.ts';
import { faultNames, faults, type Course, type FaultName } from './failover/faults.ts';
import {
  answered,
  asked,
  askers,
  chunks,
  linesBack,
  patience,
  placesBy,
  ports,
  probesOf,
  routeTo,
  type Asked,
  type Place,
} from './failover/gateway.ts';

interface Setting {
  readonly course: Course;
  readonly expected: Expectation;
  /** Whether new connections must go by both lines at first, or may all go by one. */
  readonly spread: boolean;
}

const well: Pair = ['works', 'works'];

export default defineScenario<Setting>({
  title: 'What survives when a line fails, and are both lines used again?',
  lesson: `A home gateway spreads its connections over two lines, and one of them fails: its interface goes, or goes and comes back with
another address, or its cable is cut at the far end, or its gateway dies behind a good cable; or both lines go at once.

What notices decides what happens. A multipath route alone notices little. When an interface goes, the kernel removes the
whole route, both lines of it. When the far end of a cable is cut, it goes on sending into the cable, unless
ignore_routes_with_linkdown tells it not to. That a gateway is dead, only asking shows.

New connections are well as soon as the route is. Running ones are not: NAT has given them the dead line's address. SNAT
keeps it until conntrack forgets the flow, and the ISP of the other line drops what carries it. MASQUERADE forgets when the
interface goes down, and when a flow leaves by another. TCP dies anyway, for the far end knows it by the old address.

How to mend it: make the default route of the lines that are there, not of what has changed (ppp-scripts-locked); ask
through each line (gateway-monitor); have conntrack forget (ppp-scripts-flush).`,
  services: ['new', 'own', 'udp', 'tcp', 'new-after', 'udp-after'],
  trials: expectations.map(([candidate, fault, expected]) => trial(candidate, fault, expected, true)),
  open: ({ name }) => faultNames.map((fault) => trial(name, fault, wanted[fault], false)),
  run: async (lab, { setting: { course, expected, spread } }) => {
    const [home, own] = await Promise.all([
      placesBy(lab, '198.18.0.1', askers.desktop),
      placesBy(lab, '198.18.16.1', askers.server),
    ]);
    const unused = unusedLines(lab.topology, spread, home, own);
    if (unused) return [unused];
    await Promise.all(home.flatMap((place, index) => serve(lab, place, index === 0)));
    const questions = {
      new: asked(askers.desktop, home, 'tcp', ports.new),
      own: asked(askers.server, own, 'tcp', ports.new),
      udp: asked(askers.desktop, home, 'udp', ports.udp),
    };
    const [ofHome, ofServer] = await Promise.all([
      lab.probe('desktop', probesOf(questions.new, questions.udp)),
      lab.probe('server', probesOf(questions.own)),
    ]);
    /** Waits for what is asked from now on, and returns when it began and ended. */
    const phase = async (fresh: Pair, self: Pair, flow: Pair, besides: Promise<unknown>): Promise<Phase> => {
      const from = lab.now();
      await Promise.all([
        ...[answered(ofHome, questions.new, fresh), answered(ofServer, questions.own, self)],
        ...[answered(ofHome, questions.udp, flow), besides],
      ]);
      return { from, until: lab.now() + tick };
    };
    const streams = home.map(({ address: server, line }) =>
      lab.request('desktop', {
        ...{ kind: 'stream', server, port: ports.stream, sourcePort: streamPort(line), chunks },
        ...(expected.tcp[line] === 'works' && { patience }),
      }),
    );

    // As the short stream is over, which was begun last, the long ones have begun.
    await phase(well, well, well, lab.request('desktop', { ...shortStream, server: home[0]?.address ?? '' }));

    const brokenAt = lab.now();
    await all(lab, course.breaks);
    const broken = routesOf(lab, questions.new);
    const lost = streams.filter((_, index) => expected.tcp[home[index]?.line ?? NaN] !== 'works');
    const during = await phase(expected.new, expected.own, expected.udp, Promise.all([broken, ...lost]));
    const routes = { new: await routesOf(lab, questions.new), own: await routesOf(lab, questions.own) };

    const mendedAt = lab.now();
    await all(lab, course.mends);
    await linesBack(lab, ofHome, questions.new, expected.linesAfter);
    const after = await phase(expected.newAfter, expected.newAfter, expected.udpAfter, Promise.resolve());
    const routesAfter = await routesOf(lab, questions.new);
    const answers = await Promise.all(streams);
    await Promise.all([ofHome.stop(), ofServer.stop()]);
    const evidence = await lab.evidence();
    const topology = course.mends.reduce(changed, lab.topology);
    const records = new Map<Flow, FlowRecord>();
    const recordOf = (flow: Flow): FlowRecord => {
      const record = records.get(flow) ?? recordFlow(topology, evidence, flow);
      records.set(flow, record);
      return record;
    };

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
        return judgeOutward(topology, recordOf(flow), {
          ...{ service, uplink, flow, from, until, route, accepted: 'some', expected: outcome },
        });
      });
    return [
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
        return judgeOutward(topology, recordOf(flow), {
          ...{ service: 'tcp', uplink, flow, from: brokenAt, until: during.until, route, accepted, expected: outcome },
        });
      }),
      ...judge('new-after', questions.new, after, routesAfter, expected.newAfter),
      ...judge('udp-after', questions.udp, after, routesAfter, expected.udpAfter),
      ...outages(
        spread,
        recordOf,
        'from the fault',
        brokenAt,
        during,
        [questions.new, questions.own],
        [expected.new, expected.own],
      ),
      ...outages(spread, recordOf, 'from its mending', mendedAt, after, [questions.new], [expected.newAfter]),
      ...linesUsed(topology, recordOf, questions.new, after, expected.linesAfter),
    ];
  },
});

/** A time in which nothing changed but by the candidate, in seconds. */
interface Phase {
  readonly from: number;
  readonly until: number;
}

function trial(candidate: string, fault: FaultName, expected: Expectation, spread: boolean): Trial<Setting> {
  return {
    candidate,
    variant: fault,
    topology: homeGateway(),
    tunnels: {},
    setting: { course: faults[fault], expected, spread },
  };
}

/** Seconds. The lab's clock is read to the millisecond, and what was answered in the same one is to count. */
const tick = 0.001;
const shortStream = { kind: 'stream', port: ports.short, sourcePort: 42000, chunks: 3 } as const;
const streamPort = (line: number): number => 41000 + line;

/** What is amiss before anything fails: lines that must carry something and don't, or all of them. */
function unusedLines(
  { server }: Topology,
  spread: boolean,
  ...places: readonly (readonly Place[])[]
): StatementResult | null {
  const all = server.uplinks.map((uplink) => uplink.interface);
  const used = places.map((each) => each.map(({ uplink }) => uplink));
  const enough = used.every(({ length }) => length >= (spread ? all.length : 1));
  if (enough) return null;
  const text = (lines: readonly string[]): string => lines.join(' and ') || 'none';
  return {
    kind: 'statement',
    name: 'lines by which new connections from the home network, and of the server, go at first',
    expected: spread ? `${text(all)}, for both` : 'at least one, for both',
    found: used.map(text).join('; '),
    ok: false,
  };
}

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

/** For how long new connections got no answer, which is told but not judged; and whether that ended. */
function outages(
  spread: boolean,
  recordOf: (flow: Flow) => FlowRecord,
  since: string,
  at: number,
  { from, until }: Phase,
  all: readonly Asked[],
  expected: readonly Pair[],
): readonly StatementResult[] {
  return all.flatMap(({ asker, questions }, index) =>
    questions.flatMap(({ flow, place: { line, uplink } }): readonly StatementResult[] => {
      const outcome = expected[index]?.[line] ?? 'any';
      if (outcome === 'any') return [];
      const works = outcome === 'works';
      const { lost, silence } = outage(recordOf(flow), flow, works ? at : from, until);
      // What was on its way as it began doesn't end it.
      const ended = outage(recordOf(flow), flow, from, until).silence !== null;
      // Of one that doesn't end, the cell says all.
      if (!ended && !spread) return [];
      return [
        {
          kind: 'statement',
          name: `${asker.host} to ${flow.server}, which went by ${uplink}: ${since}`,
          expected: works ? 'new connections are answered again' : 'no new connection is answered',
          found: ended
            ? `answered again; the longest silence was ${Math.round((silence ?? 0) * 1000)} ms, with ${lost} packets unanswered`
            : `no new connection is answered: ${lost} packets`,
          ok: ended === works,
        },
      ];
    }),
  );
}

function linesUsed(
  topology: Topology,
  recordOf: (flow: Flow) => FlowRecord,
  { questions }: Asked,
  { from, until }: Phase,
  expected: readonly (string | null)[],
): readonly StatementResult[] {
  const taken = questions.map(({ flow }) => lineTaken(topology, recordOf(flow), { flow, from, until }));
  const text = (lines: readonly (string | null)[]): string =>
    questions.map(({ place }, index) => `what went by ${place.uplink} goes by ${lines[index] ?? 'none'}`).join(', ');
  const [right, found] = [text(questions.map(({ place }) => expected[place.line] ?? null)), text(taken)];
  return [{ kind: 'statement', name: 'afterwards', expected: right, found, ok: right === found }];
}
