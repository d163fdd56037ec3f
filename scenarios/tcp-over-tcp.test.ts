import test from 'ava';
import type { Crossing } from '../src/backend/crossing.ts';
import { loadCandidate } from '../src/scenario/catalogue.ts';
import { fakeLab, trace } from '../src/scenario/fake-lab.ts';
import { nothingDropped, recorded } from '../src/scenario/sample-walk.ts';
import { trialName, type Trial } from '../src/scenario/scenario.ts';
import { failed } from './carrier-nat/fake-carrier.ts';
import scenario from './tcp-over-tcp.ts';

/** How many packets of the tunnel's pass, in each direction. */
const packets = 660;
const [vpn, client] = ['111.222.33.44:1194', '203.0.113.10:40001'];

interface World {
  /** The line loses one packet of so many. */
  readonly line: number | null;
  /** And the tunnel one of those inside. */
  readonly inner: number | null;
  readonly received: number;
}

/** What a Linux of today does in each trial. */
const table: Readonly<Record<string, World>> = {
  'carrier-default (no loss)': { line: null, inner: null, received: 1_200_000 },
  'carrier-tcp (no loss)': { line: null, inner: null, received: 1_200_000 },
  'carrier-default (1 % loss)': { line: 100, inner: 100, received: 1_200_000 },
  'carrier-tcp (1 % loss)': { line: 100, inner: null, received: 1_200_000 },
  'carrier-default (3 % loss)': { line: 33, inner: 33, received: 1_200_000 },
  'carrier-tcp (3 % loss)': { line: 33, inner: null, received: 1_200_000 },
};

function play({ topology }: Trial, { line, inner }: World, protocol: 'udp' | 'tcp'): readonly Crossing[] {
  return Array.from({ length: packets }, (_, index) => index + 1).flatMap((number) => {
    const lost = line !== null && number % line === 0;
    const there = { protocol, source: vpn, destination: client, identity: `${number}!`, time: number };
    const back = { protocol, source: client, destination: vpn, identity: `${number}?`, time: number };
    const file = {
      protocol: 'tcp',
      source: '10.8.0.1:82',
      destination: '10.8.0.2:43000',
      identity: `file ${number}`,
    } as const;
    const through = trace(topology, 'cloud:tun0 router:tun0', { ...file, time: number });
    return [
      ...trace(topology, `cloud internet${lost ? '' : ' cgnat'}`, there),
      ...trace(topology, `cgnat internet${lost ? '' : ' cloud'}`, back),
      ...(inner !== null && number % inner === 0 ? through.slice(0, 1) : through),
    ];
  });
}

const trials = scenario.trials.map((trial) => ({ trial, name: trialName(trial) }));

async function run(name: string, change: Partial<World> = {}): Promise<readonly string[]> {
  const { trial } = trials.find((each) => each.name === name)!;
  const world = { ...table[name]!, ...change };
  const crossings: Crossing[] = [];
  const answer = { accepted: true, said: [], bytes: null };
  const rounds = { connected: 1, restarted: 0 };
  const lab = fakeLab(trial.topology, {
    unanswered: () => Promise.resolve([]),
    serve: () => Promise.resolve({ said: () => Promise.resolve([]), stop: () => Promise.resolve() }),
    dial: (_host, { protocol }) => {
      crossings.push(...play(trial, world, protocol));
      return Promise.resolve({ until: () => Promise.resolve(rounds), stop: () => Promise.resolve(answer) });
    },
    request: () => Promise.resolve({ ...answer, bytes: { received: world.received, sent: 0 } }),
    evidence: () => Promise.resolve({ crossings: recorded(crossings), until: 1000, ...nothingDropped }),
  });
  const candidate = await loadCandidate(trial.candidate);
  return failed(await scenario.run(lab, trial, { candidate, release: '6.18.0', seed: 3 }));
}

const line = "the tunnel's packets that the line loses";
const file = 'bytes of the file that the house gets through the tunnel';
const inside = 'packets of the file that are lost inside the tunnel, for the TCP there to send again';

test('the trials are those of the table', (t) => {
  t.deepEqual(
    trials.map(({ name }) => name),
    Object.keys(table),
  );
});

for (const [name, world] of Object.entries(table)) {
  test(`${name}: what a Linux of today does passes, and nothing else`, async (t) => {
    t.deepEqual(await run(name), []);
    t.deepEqual(await run(name, { received: 1_199_999 }), [file]);
    const [overUdp, lossy] = [name.startsWith('carrier-default'), world.line !== null];
    t.deepEqual(await run(name, { inner: null }), overUdp && lossy ? [inside] : []);
    t.deepEqual(await run(name, { inner: 7 }), overUdp ? [] : [inside]);
    t.deepEqual(await run(name, { line: null }), lossy ? [line] : []);
  });
}
