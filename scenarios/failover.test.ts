import test from 'ava';
import type { Crossing } from '../src/backend/crossing.ts';
import type { Lab, Probe, Rounds } from '../src/backend/lab.ts';
import { LabError } from '../src/net/error.ts';
import { loadCandidate } from '../src/scenario/catalogue.ts';
import { answerTo, lineAddresses, pass, ways, waysBack } from '../src/scenario/sample-home.ts';
import { inEra, isByEra } from '../src/scenario/by-era.ts';
import { outcomesOf, type Expected, type Outcome } from '../src/scenario/result.ts';
import { trialFor, type Trial } from '../src/scenario/scenario.ts';
import type { Expectation, Pair } from './failover/expectation.ts';
import { expectations } from './failover/expectations.ts';
import { many } from './failover/lines-used.ts';
import { judgeRounds } from './failover/tunnels.ts';
import scenario from './failover.ts';

type Phase = 'before' | 'during' | 'after';

const release = '6.18.0';
const cases = scenario.trials.map((trial, index) => {
  const stated = expectations[index]![2];
  return { trial: trialFor(trial, release), expected: isByEra(stated) ? inEra(stated, release) : stated };
});
const name = ({ candidate, variant }: Trial): string => `${candidate} (${variant})`;

/** Odd addresses go by the first line, even ones by the second. */
const lineByOddity = (destination: string): number => (Number(destination.split('.')[3]) % 2 === 1 ? 0 : 1);

const both = ['ppp0', 'ppp1'] as const;
/**
 * By what a real kernel (Linux 6.18, seed 1) sends to 198.18.0.1 and 198.18.0.2 from the desktop, where the second line's nexthop
 * comes first (`ip route get`).
 */
const reversed = ['ppp1', 'ppp0'] as const;

/** What comes of a tunnel by each line, in each phase: what of its packets, and whether its client begins anew. */
interface Tunnels {
  readonly during: Pair;
  readonly after: Pair;
  readonly anew: Readonly<Record<Phase, readonly [boolean, boolean]>>;
}

/** What it comes to where chance has the choice of two. */
function decided(expected: Expectation): Expectation {
  const one = (outcome: Pair[number]): Pair[number] => (outcome === 'any' ? outcome : outcomesOf(outcome)[0]!);
  const pair = ([first, second]: Pair): Pair => [one(first), one(second)];
  const { new: fresh, own, udp, tcp, newAfter, udpAfter, linesAfter } = expected;
  return {
    ...{ new: pair(fresh), own: pair(own), udp: pair(udp), tcp: pair(tcp) },
    ...{ newAfter: pair(newAfter), udpAfter: pair(udpAfter), linesAfter },
  };
}

/** A tunnel's client begins anew where a UDP flow doesn't work, and then it works where new connections do. */
function tunnelsOf({ udp, udpAfter, new: fresh, newAfter }: Expectation): Tunnels {
  const works = (flow: Pair[number], other: Pair[number]) => (flow === 'works' ? 'works' : other);
  return {
    during: [works(udp[0], fresh[0]), works(udp[1], fresh[1])],
    after: [works(udpAfter[0], newAfter[0]), works(udpAfter[1], newAfter[1])],
    anew: {
      before: [false, false],
      during: [udp[0] !== 'works', udp[1] !== 'works'],
      after: [udpAfter[0] !== 'works', udpAfter[1] !== 'works'],
    },
  };
}

/** By how many of many destinations each line is used, the lines that are given being used 8 to 2. */
function sharesOf(linesAfter: Expectation['linesAfter']): readonly [number, number] {
  const lines = typeof linesAfter === 'string' ? both : linesAfter;
  if (lines.every((line) => line === null)) return [0, 0];
  const second = lines.includes('ppp0') ? (lines.includes('ppp1') ? 102 : 0) : many.length;
  return [many.length - second, second];
}

/** Carries a trial through in a lab where all comes as it is said to. */
async function carryThrough(
  trial: Trial,
  world: Expectation,
  tunnels = tunnelsOf(world),
  shares = sharesOf(world.linesAfter),
  areUp: readonly [boolean, boolean] = [true, true],
  lineOf = lineByOddity,
  /** Seconds between one thing that happens and the next. */
  step = 0.01,
) {
  let [time, phase, port]: [number, Phase, number] = [1000, 'before', 50000];
  const crossings: Crossing[][] = [];
  const fail = (): never => {
    throw new Error('the scenario does not do that');
  };
  const rounds = areUp.map((isUp) => ({ connected: isUp ? 1 : 0, restarted: 0 }));
  const begin = (next: Phase): void => {
    phase = next;
    for (const [line, isAnew] of tunnels.anew[next].entries()) if (isAnew) rounds[line]!.restarted++;
  };
  const isTunnel = (destination: string): boolean => destination.startsWith('10.8.');
  const fate = (host: string, { protocol, destination }: Probe, line: number): Expected | 'any' => {
    if (phase === 'before') return 'works';
    if (isTunnel(destination)) return tunnels[phase][line]!;
    const during = host === 'server' ? world.own : protocol === 'udp' ? world.udp : world.new;
    return (phase === 'during' ? during : protocol === 'udp' ? world.udpAfter : world.newAfter)[line]!;
  };
  /** The line by which the server sends what went by `line` at first, as far as it has one. */
  const lineNow = (line: number): number | null => {
    if (phase === 'before') return line;
    if (phase === 'after') {
      const { linesAfter } = world;
      const then =
        linesAfter === 'any' || linesAfter === 'chance' ? both : linesAfter === 'reversed' ? reversed : linesAfter;
      return then[line] === null ? null : Number(then[line]!.slice(3));
    }
    const outcome = world.new[line];
    return outcome === 'no-route' ? null : outcome === 'dead-nexthop' ? line : 1;
  };
  const play = (host: string, { protocol, destination, port: to }: Probe, outcome: Expected | 'any', line: number) => {
    const own = host === 'server';
    const by = (lineNow(line) ?? 0) + 1;
    const way = { works: ways.toWorld(by), 'stale-nat': ways.toIsp(by) }[outcome as string] ?? ways.toServer;
    const source = `${lineAddresses[outcome === 'stale-nat' ? 2 - by : by - 1]!}:${++port}`;
    const asking = pass({
      ...{ time: (time += step), protocol, destination: `${destination}:${to}`, nat: { source } },
      ...{ way: own ? way.slice(2) : way, source: own ? source : `192.168.2.100:${port}` },
    });
    crossings.push([...asking]);
    const back = waysBack.toDesktop(by);
    if (outcome === 'works') crossings.push([...answerTo(asking, own ? back.slice(0, -2) : back)]);
  };
  const lab: Lab = {
    topology: trial.topology,
    seeded: true,
    ...{ unanswered: fail, apply: fail, sysctl: fail, scatter: fail, change: fail },
    ...{ interleave: fail, run: fail, muster: fail, close: fail },
    sweep: (host, destinations) => {
      if (host !== 'desktop') fail();
      for (const [index, destination] of destinations.entries()) {
        const line = index < shares[0] ? 0 : index < shares[0] + shares[1] ? 1 : null;
        if (line === null) continue;
        const ping = { source: '192.168.2.100', destination, protocol: 'icmp' } as const;
        crossings.push([...pass({ time: (time += step), way: ways.toIsp(line + 1), ...ping })]);
      }
      return Promise.resolve(destinations.slice(shares[0] + shares[1]));
    },
    dial: (_host, { tunnel }) =>
      Promise.resolve({
        until: (condition) => {
          const now: Rounds = { ...rounds[Number(tunnel.slice(-1))]! };
          return condition(now) ? Promise.resolve(now) : Promise.reject(new LabError('lab-failed', 'not up'));
        },
        stop: () => Promise.resolve({ accepted: true, said: [], bytes: null }),
      }),
    now: () => (time += step),
    route: (_host, destination) => {
      const line = lineNow(lineOf(destination));
      if (line === null) return Promise.reject(new LabError('lab-failed', 'no route'));
      return Promise.resolve(`ppp${line}`);
    },
    serve: () => Promise.resolve({ said: () => Promise.resolve([]), stop: () => Promise.resolve() }),
    request: (_host, request) => {
      if (request.kind !== 'stream') return fail();
      const outcome = request.port === 81 ? 'works' : world.tcp[lineOf(request.server)]!;
      const probe: Probe = { protocol: 'tcp', destination: request.server, port: request.port };
      const last = port;
      port = request.sourcePort - 1;
      play('desktop', probe, 'works', lineOf(request.server));
      port = last;
      return Promise.resolve({ accepted: outcome === 'works', said: [], bytes: null });
    },
    probe: (host) =>
      Promise.resolve({
        hurry: () => Promise.resolve(),
        answered: (probe) => {
          const inside = isTunnel(probe.destination);
          const line = inside ? Number(probe.destination.split('.')[2]) : lineOf(probe.destination);
          const outcome = fate(host, probe, line);
          const outer: Probe = { protocol: 'udp', destination: `198.18.0.${line === 0 ? 1 : 2}`, port: 1194 };
          play(host, inside ? outer : probe, outcome, line);
          return Promise.resolve(outcome === 'works');
        },
        stop: () => Promise.resolve(),
      }),
    inflict: (fault) => {
      const mends = fault.kind === 'return' || fault.kind === 'up' || fault.kind === 'revive';
      if (!mends && phase === 'before') {
        begin('during');
        // What becomes of the streams, whose clients only confirm what comes.
        for (const [line, outcome] of world.tcp.entries()) {
          const destination = `198.18.0.${line === 0 ? 1 : 2}`;
          const ends = [`${destination}:80`, `${lineAddresses[line]!}:${41000 + line}`] as const;
          time += step;
          if (outcome === 'reply-lost') {
            crossings.push([
              ...pass({ time, protocol: 'tcp', way: waysBack.toIsp(line + 1), source: ends[0], destination: ends[1] }),
            ]);
          } else if (outcome === 'no-route') {
            const confirmation = { source: `192.168.2.100:${41000 + line}`, destination: ends[0] };
            crossings.push([...pass({ time, protocol: 'tcp', way: ways.toServer, ...confirmation })]);
          }
        }
      }
      if (mends && phase === 'during') begin('after');
      time += step;
      return Promise.resolve();
    },
    evidence: () =>
      Promise.resolve({
        crossings: crossings.flat().sort((one, other) => one.time - other.time),
        ...{ until: (time += step), filtered: { value: 0, from: time, to: time }, drops: null },
      }),
  };
  const candidate = await loadCandidate(trial.candidate);
  return scenario.run(lab, trial, { candidate, release, seed: 1 });
}

for (const { trial, expected } of cases) {
  test(`${name(trial)}: as expected, if it comes so`, async (t) => {
    const checks = await carryThrough(trial, decided(expected));
    t.deepEqual(
      checks.filter(({ ok }) => !ok),
      [],
    );
    t.true(checks.filter(({ kind }) => kind === 'cell').length >= 8);
  });
}

const columns = ['new', 'own', 'udp', 'tcp', 'newAfter', 'udpAfter'] as const;
const services = { new: 'new', own: 'own', udp: 'udp', tcp: 'tcp', newAfter: 'new-after', udpAfter: 'udp-after' };
const { trial, expected } = cases.find(({ trial: { candidate } }) => candidate === 'ppp-scripts-locked')!;

for (const column of columns) {
  for (const line of [0, 1]) {
    test(`what comes otherwise is not as expected: ${column} by line ${line + 1}`, async (t) => {
      const other: Outcome =
        expected[column][line] === 'works' ? (column === 'tcp' ? 'reply-lost' : 'no-route') : 'works';
      const pair = expected[column].map((outcome, index) => (index === line ? other : outcome)) as unknown as Pair;
      const checks = await carryThrough(trial, { ...expected, [column]: pair }, tunnelsOf(expected));
      const wrong = checks.filter((check) => !check.ok && check.kind === 'cell');
      t.deepEqual(
        wrong.map((cell) => cell.kind === 'cell' && [cell.service, cell.uplink]),
        [[services[column], `ppp${line}`]],
      );
    });
  }
}

test('what comes of a tunnel otherwise is not as expected, by its packets and by its client', async (t) => {
  const right = tunnelsOf(expected);
  const dead = await carryThrough(trial, expected, { ...right, during: ['works', 'no-route'] });
  t.deepEqual(
    dead.filter(({ ok }) => !ok).map((check) => (check.kind === 'cell' ? [check.service, check.uplink] : check.found)),
    [['vpn', 'ppp1'], 'not answered: 1 packets'],
  );
  const anew = await carryThrough(trial, expected, {
    ...right,
    anew: { ...right.anew, during: [false, true], after: [false, true] },
  });
  t.deepEqual(
    anew
      .filter(({ ok }) => !ok)
      .map((check) => check.kind === 'statement' && [check.name, check.expected, check.found]),
    [
      ['since the fault: the tunnel that went by ppp0 at first', 'is begun anew', 'goes on'],
      ['since the fault: the tunnel that went by ppp1 at first', 'goes on', 'is begun anew'],
      ['since its mending: the tunnel that went by ppp1 at first', 'goes on', 'is begun anew'],
    ],
  );
});

test('a tunnel that was begun anew because there was no way at all for long enough is as expected', async (t) => {
  const anew = { ...tunnelsOf(expected).anew, during: [true, true] } as const;
  const world = { ...tunnelsOf(expected), anew };
  const checks = await carryThrough(trial, expected, world, undefined, undefined, undefined, 1);
  t.deepEqual(
    checks.filter(({ ok }) => !ok),
    [],
  );
  const own = checks.find((check) => check.kind === 'statement' && check.name.endsWith('by ppp1 at first'));
  t.regex(own?.found ?? '', /^is begun anew: for \d+[.]\d s there was no way at all$/);
});

test('a tunnel may be begun anew once when there was no way for three seconds, and once more for each four', (t) => {
  const place = { line: 0, uplink: 'ppp0', address: '198.18.0.2' } as const;
  const told = (times: number, silence: number | null): boolean | undefined =>
    judgeRounds(
      'then',
      [place],
      [[{ connected: 1, restarted: 0 }], [{ connected: 1 + times, restarted: times }]],
      ['works', 'works'],
      ['works', 'works'],
      [silence],
    )[0]?.ok;
  t.deepEqual(
    [told(0, 0), told(1, 2.9), told(1, 3), told(2, 6.9), told(2, 7), told(3, 7)],
    [true, false, true, false, true, false],
  );
  t.true(told(5, null));
});

test('a tunnel that never comes up is told, and all else is asked', async (t) => {
  const checks = await carryThrough(trial, expected, tunnelsOf(expected), sharesOf(expected.linesAfter), [true, false]);
  t.deepEqual(
    checks.filter(({ ok }) => !ok),
    [
      {
        ...{ kind: 'statement', name: 'before anything fails: the tunnel by ppp1', ok: false },
        ...{ expected: 'comes up', found: 'not in 30 s' },
      },
    ],
  );
  t.true(checks.some((check) => check.kind === 'cell' && check.service === 'udp-after'));
});

test('of a line that nothing goes by at first is told, and nothing else', async (t) => {
  const checks = await carryThrough(trial, expected, undefined, undefined, undefined, () => 0);
  t.deepEqual(checks, [
    {
      kind: 'statement',
      name: 'lines by which new connections from the home network, and of the server, go at first',
      ...{ expected: '2 of 2, for both', found: 'ppp0; ppp0', ok: false },
    },
  ]);
});

test('lines that are not used in proportion are told', async (t) => {
  const name = 'afterwards: the lines of 512 destinations, weights 8 and 2 (99.9999 % of all seeds)';
  const wanted = '363 to 451 by ppp0, 61 to 149 by ppp1, 512 answered';
  const foundWith = async (shares: readonly [number, number]) =>
    (await carryThrough(trial, expected, tunnelsOf(expected), shares)).filter(({ ok }) => !ok);
  t.deepEqual(await foundWith([363, 149]), []);
  t.deepEqual(await foundWith([451, 61]), []);
  for (const [shares, found] of [
    [[512, 0], '512 by ppp0, 0 by ppp1, 512 answered'],
    [[256, 256], '256 by ppp0, 256 by ppp1, 512 answered'],
    [[400, 100], '400 by ppp0, 100 by ppp1, 500 answered'],
  ] as const) {
    t.deepEqual(await foundWith(shares), [{ kind: 'statement', name, expected: wanted, found, ok: false }]);
  }
});

test('a line that is not used again is told', async (t) => {
  const world: Expectation = { ...expected, linesAfter: ['ppp1', 'ppp1'] };
  const checks = await carryThrough(trial, world, tunnelsOf(world), sharesOf(['ppp0', 'ppp1']));
  const wrong = checks.filter((check) => !check.ok);
  t.deepEqual(wrong, [
    {
      ...{ kind: 'statement', name: 'afterwards', ok: false },
      expected: 'what went by ppp0 goes by ppp0, what went by ppp1 goes by ppp1',
      found: 'what went by ppp0 goes by ppp1, what went by ppp1 goes by ppp1',
    },
  ]);
});

test('nexthops that have changed places are seen', async (t) => {
  const { trial, expected } = cases.find(({ expected: { linesAfter } }) => linesAfter === 'reversed')!;
  const checks = await carryThrough(trial, { ...expected, linesAfter: both });
  t.deepEqual(
    checks.filter(({ ok }) => !ok).map((check) => check.kind === 'statement' && check.expected),
    ['what went by ppp0 goes by ppp1, what went by ppp1 goes by ppp0'],
  );
});
