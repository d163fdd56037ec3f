import test from 'ava';
import type { Crossing } from '../src/backend/crossing.ts';
import { loadCandidate } from '../src/scenario/catalogue.ts';
import { fakeLab, trace } from '../src/scenario/fake-lab.ts';
import type { StatementResult } from '../src/scenario/result.ts';
import { nothingDropped, recorded } from '../src/scenario/sample-walk.ts';
import scenario from './vpn-failover.ts';

const addresses: Readonly<Record<string, string>> = { ppp0: '203.0.113.2', ppp1: '203.0.114.77', tun0: '10.9.0.2' };
const isps: Readonly<Record<string, string>> = { ppp0: 'isp1', ppp1: 'isp2' };
const { topology } = scenario.trials[0]!;

/** The tunnel's line, phase by phase: both up, ppp0 down, up with an empty table, with a full one, a new client. */
type Course = readonly [string, string, string, string, string];
/** By candidate, and by the line that the hash gives to what has no source. */
const table: Readonly<Record<string, Readonly<Record<'ppp0' | 'ppp1', Course>>>> = {
  'home-pins': {
    ppp0: ['ppp0', 'ppp1', 'ppp1', 'ppp0', 'ppp0'],
    ppp1: ['ppp0', 'ppp1', 'ppp1', 'ppp0', 'ppp0'],
  },
  'home-connmark': {
    ppp0: ['ppp0', 'ppp1', 'ppp0', 'ppp0', 'ppp0'],
    ppp1: ['ppp0', 'ppp1', 'ppp1', 'ppp1', 'ppp0'],
  },
  'home-connmark-nft': {
    ppp0: ['ppp0', 'ppp1', 'ppp0', 'ppp0', 'ppp0'],
    ppp1: ['ppp0', 'ppp1', 'ppp1', 'ppp1', 'ppp0'],
  },
};
const phases = ['both lines up', 'ppp0 down', 'ppp0 up, its table empty', 'its table filled', 'the client begun anew'];

interface World {
  readonly hashed: 'ppp0' | 'ppp1';
  readonly course?: Course;
  /** The address that the tunnel's packets have at an ISP. */
  readonly source?: string;
  /** By which line mail goes, whatever the phase. */
  readonly mail?: string;
  /** Whether what is for the company leaves by the tunnel while there is one. */
  readonly leaks?: boolean;
  /** Whether it is still answered when the tunnel is gone. */
  readonly remains?: boolean;
  readonly accepted?: boolean;
}

async function carryThrough(name: string, world: World): Promise<readonly StatementResult[]> {
  const trial = scenario.trials.find(({ candidate }) => candidate === name)!;
  const { hashed, course = table[name]![hashed] } = world;
  const crossings: Crossing[] = [];
  let [phase, time, dials] = [0, 0, 0];
  const next = (): Promise<void> => {
    phase++;
    return Promise.resolve();
  };
  const answer = (accepted: boolean) => Promise.resolve({ accepted, said: [], bytes: null });
  const send = (line: string, source: string, destination: string, at: number, end = ''): void => {
    const way = line === 'tun0' ? 'server:tun0 vpn:tun0 company' : `server ${isps[line]!}${end}`;
    crossings.push(...trace(topology, way, { source, destination, identity: `${at}`, time: at }));
  };
  const lab = fakeLab(topology, {
    unanswered: () => Promise.resolve([]),
    route: (_host, _to, source) =>
      Promise.resolve(Object.keys(isps).find((line) => addresses[line] === source) ?? hashed),
    serve: () => Promise.resolve({ said: () => Promise.resolve([]), stop: () => Promise.resolve() }),
    inflict: next,
    apply: (candidate) => {
      if (!candidate.script.endsWith('/line-up.sh')) throw new Error(`not to be run: ${candidate.script}`);
      return next();
    },
    dial: (_host, { up }) => {
      if (!up?.endsWith(`/${name}/openvpn-up.sh`)) throw new Error('a tunnel without its table');
      if (++dials === 2) phase = 4;
      const rounds = { connected: 1, restarted: 0 };
      const stop = () => {
        if (dials === 2) phase = 5;
        return answer(true);
      };
      return Promise.resolve({ until: () => Promise.resolve(rounds), stop });
    },
    request: (_host, { server, port, sourcePort }) => {
      const called = `${server}:${port}`;
      time += 10;
      const line = course[phase] ?? hashed;
      if (server === '198.51.100.70') {
        const by = world.mail ?? (phase === 1 ? 'ppp1' : 'ppp0');
        send(by, `${addresses[by]!}:${sourcePort}`, called, time, ' internet mail');
        return answer(world.accepted ?? true);
      }
      const tunnelled = phase < 5 ? !world.leaks : world.remains === true;
      const by = tunnelled ? 'tun0' : line;
      // Two packets in the tunnel, and one of the tunnel's own between them.
      for (const at of [time, time + 2]) send(by, `${addresses[by]!}:${sourcePort}`, called, at);
      send(line, `${world.source ?? addresses[line]!}:50000`, '198.51.100.133:1130', time + 1);
      return answer(world.accepted ?? tunnelled);
    },
    evidence: () => Promise.resolve({ crossings: recorded(crossings), until: 1000, ...nothingDropped }),
  });
  const candidate = await loadCandidate(name);
  const checks = await scenario.run(lab, trial, { candidate, release: '6.18.0', seed: 3 });
  return checks.filter((check) => check.kind === 'statement');
}

const failed = (checks: readonly StatementResult[]) => checks.filter(({ ok }) => !ok).map(({ name }) => name);
const ofTunnel = (phase: string) => ['server', 'desktop'].map((host) => `${phase}: ${host} to the company`);

test('the trials are those of the table', (t) => {
  t.deepEqual(
    scenario.trials.map(({ candidate }) => candidate),
    Object.keys(table),
  );
});

for (const [name, courses] of Object.entries(table)) {
  for (const [hashed, course] of Object.entries(courses) as ['ppp0' | 'ppp1', Course][]) {
    test(`${name}, the hash giving ${hashed}: what Linux does passes; another line in any phase fails`, async (t) => {
      const checks = await carryThrough(name, { hashed });
      t.is(checks.length, 14);
      t.deepEqual(failed(checks), []);
      for (const [index, phase] of phases.entries()) {
        const other = course.map((line, at) => (at === index ? (line === 'ppp0' ? 'ppp1' : 'ppp0') : line));
        t.deepEqual(failed(await carryThrough(name, { hashed, course: other as unknown as Course })), ofTunnel(phase));
      }
    });
  }

  test(`${name}: a foreign source, mail by one line, a leak, and a tunnel that outlives itself fail`, async (t) => {
    const run = async (world: Partial<World>) => failed(await carryThrough(name, { hashed: 'ppp0', ...world }));
    t.deepEqual(await run({ source: '192.168.2.99' }), phases.flatMap(ofTunnel));
    t.deepEqual(await run({ mail: 'ppp0' }), ['ppp0 down: server to mail']);
    t.is((await run({ mail: 'ppp1' })).length, 2);
    t.deepEqual(await run({ leaks: true }), phases.flatMap(ofTunnel));
    t.deepEqual(await run({ remains: true }), ['the tunnel gone: server to the company']);
    t.is((await run({ accepted: false })).length, 13);
  });
}
