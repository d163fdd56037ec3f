import test from 'ava';
import type { Crossing } from '../src/backend/crossing.ts';
import type { Lab, Probe } from '../src/backend/lab.ts';
import { LabError } from '../src/net/error.ts';
import { loadCandidate } from '../src/scenario/catalogue.ts';
import { answerTo, lineAddresses, pass, ways, waysBack } from '../src/scenario/sample-home.ts';
import { inEra, isByEra } from '../src/scenario/by-era.ts';
import type { Expected, Outcome } from '../src/scenario/result.ts';
import { trialFor, type Trial } from '../src/scenario/scenario.ts';
import { expectations, type Expectation, type Pair } from './failover/expectations.ts';
import scenario from './failover.ts';

type Phase = 'before' | 'during' | 'after';

const release = '6.18.0';
const cases = scenario.trials.map((trial, index) => {
  const stated = expectations[index]![2];
  return { trial: trialFor(trial, release), expected: isByEra(stated) ? inEra(stated, release) : stated };
});
const name = ({ candidate, variant }: Trial): string => `${candidate} (${variant})`;

/** Odd addresses go by the first line, even ones by the second. */
const lineOf = (destination: string): number => (Number(destination.split('.')[3]) % 2 === 1 ? 0 : 1);

/** Carries a trial through in a lab where all comes as it is said to. */
async function carryThrough(trial: Trial, world: Expectation) {
  let [time, phase, port]: [number, Phase, number] = [1000, 'before', 50000];
  const crossings: Crossing[][] = [];
  const fail = (): never => {
    throw new Error('the scenario does not do that');
  };
  const fate = (host: string, protocol: string, line: number): Expected | 'any' => {
    if (phase === 'before') return 'works';
    const during = host === 'server' ? world.own : protocol === 'udp' ? world.udp : world.new;
    return (phase === 'during' ? during : protocol === 'udp' ? world.udpAfter : world.newAfter)[line]!;
  };
  /** The line by which the server sends what went by `line` at first, as far as it has one. */
  const lineNow = (line: number): number | null => {
    if (phase === 'before') return line;
    if (phase === 'after') {
      const { linesAfter } = world;
      const now = linesAfter === 'any' ? null : (linesAfter[line] ?? null);
      return now === null ? null : Number(now.slice(3));
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
      ...{ time: ++time, protocol, destination: `${destination}:${to}`, nat: { source } },
      ...{ way: own ? way.slice(2) : way, source: own ? source : `192.168.2.100:${port}` },
    });
    crossings.push([...asking]);
    const back = waysBack.toDesktop(by);
    if (outcome === 'works') crossings.push([...answerTo(asking, own ? back.slice(0, -2) : back)]);
  };
  const lab: Lab = {
    topology: trial.topology,
    seeded: true,
    ...{ unanswered: fail, apply: fail, sysctl: fail, sweep: fail, scatter: fail, dial: fail, change: fail },
    ...{ interleave: fail, run: fail, muster: fail, close: fail },
    now: () => ++time,
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
      const begin = port;
      port = request.sourcePort - 1;
      play('desktop', probe, 'works', lineOf(request.server));
      port = begin;
      return Promise.resolve({ accepted: outcome === 'works', said: [], bytes: null });
    },
    probe: (host) =>
      Promise.resolve({
        answered: (probe) => {
          const line = lineOf(probe.destination);
          const outcome = fate(host, probe.protocol, line);
          play(host, probe, outcome, line);
          return Promise.resolve(outcome === 'works');
        },
        stop: () => Promise.resolve(),
      }),
    inflict: (fault) => {
      const mends = fault.kind === 'return' || fault.kind === 'up' || fault.kind === 'revive';
      if (!mends && phase === 'before') {
        phase = 'during';
        // What becomes of the streams, whose clients only confirm what comes.
        for (const [line, outcome] of world.tcp.entries()) {
          const destination = `198.18.0.${line === 0 ? 1 : 2}`;
          const ends = [`${destination}:80`, `${lineAddresses[line]!}:${41000 + line}`] as const;
          time++;
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
      if (mends) phase = 'after';
      time++;
      return Promise.resolve();
    },
    evidence: () =>
      Promise.resolve({
        crossings: crossings.flat().sort((one, other) => one.time - other.time),
        ...{ until: ++time, filtered: { value: 0, from: time, to: time }, drops: null },
      }),
  };
  const candidate = await loadCandidate(trial.candidate);
  return scenario.run(lab, trial, { candidate, release, seed: 1 });
}

for (const { trial, expected } of cases) {
  test(`${name(trial)}: as expected, if it comes so`, async (t) => {
    const checks = await carryThrough(trial, expected);
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
      const checks = await carryThrough(trial, { ...expected, [column]: pair });
      const wrong = checks.filter((check) => !check.ok && check.kind === 'cell');
      t.deepEqual(
        wrong.map((cell) => cell.kind === 'cell' && [cell.service, cell.uplink]),
        [[services[column], `ppp${line}`]],
      );
    });
  }
}

test('a line that is not used again is told', async (t) => {
  const checks = await carryThrough(trial, { ...expected, linesAfter: ['ppp1', 'ppp1'] });
  const wrong = checks.filter((check) => !check.ok);
  t.deepEqual(wrong, [
    {
      ...{ kind: 'statement', name: 'afterwards', ok: false },
      expected: 'what went by ppp0 goes by ppp0, what went by ppp1 goes by ppp1',
      found: 'what went by ppp0 goes by ppp1, what went by ppp1 goes by ppp1',
    },
  ]);
});
