import test from 'ava';
import { trialName } from '../src/scenario/scenario.ts';
import {
  carryThrough,
  failed,
  failedTls,
  floated,
  initiated,
  missedPings,
  times,
  working,
  type World,
} from './carrier-nat/fake-carrier.ts';
import scenario from './established-then-one-way.ts';

const staying: World = { ...working, upBefore: true };
const loops: World = {
  ...{ ...staying, rounds: 'loops', tunnel: 'no-mapping', ports: 'per round', names: 'every second', streams: 'part' },
  logs: { server: [...initiated(40001, 40002, 40003), floated], client: times(3, missedPings) },
};
const silent: World = {
  ...{ ...staying, rounds: 'never', tunnel: 'no-mapping', ports: 'per packet', names: 'none', streams: 'none' },
  logs: { server: [...initiated(40001), floated], client: [missedPings, ...times(2, failedTls)] },
};

/** What Linux and OpenVPN do in each trial. */
const table: Readonly<Record<string, World>> = {
  'carrier-default (becomes one-way)': silent,
  'carrier-default (becomes short-lived)': loops,
  'carrier-default (becomes full)': { ...staying, ssh: 'request-lost' },
  'carrier-keepalive (becomes one-way)': silent,
  'carrier-tcp (becomes one-way)': staying,
  'carrier-host-route (becomes one-way)': { ...staying, uplink: 'eth1' },
};
const trials = scenario.trials.map((trial) => ({ trial, name: trialName(trial) }));
const run = async (name: string, change: Partial<World> = {}) =>
  carryThrough(scenario, trials.find((each) => each.name === name)!.trial, { ...table[name]!, ...change });

test('the trials are those of the table', (t) => {
  t.deepEqual(
    trials.map(({ name }) => name),
    Object.keys(table),
  );
});

const [course, house] = ['what becomes of the tunnel', 'what the house sees after the change'];
const log = 'what the logs of server and client say';

for (const [name, world] of Object.entries(table)) {
  test(`${name}: what Linux and OpenVPN do passes`, async (t) => {
    t.deepEqual(failed(await run(name)), []);
  });

  test(`${name}: another course is not taken for this one`, async (t) => {
    for (const { rounds, names, streams, tunnel, logs } of [staying, loops, silent]) {
      if (rounds === world.rounds) continue;
      const checks = failed(await run(name, { rounds, names, streams, tunnel }));
      t.true(checks.includes(course), rounds);
      t.true(checks.includes(house), rounds);
      t.deepEqual(failed(await run(name, { logs })), [log], rounds);
    }
  });

  test(`${name}: packets that fare otherwise, or take the other line, fail`, async (t) => {
    const tunnel = world.tunnel === 'works' ? 'no-mapping' : 'request-lost';
    const rounds = world.rounds === 'stays' ? 'never' : world.rounds;
    t.true(failed(await run(name, { tunnel, rounds, streams: 'part' })).includes('openvpn'));
    t.deepEqual(failed(await run(name, { ssh: world.ssh === 'works' ? 'request-lost' : 'works' })), ['ssh']);
    const uplink = world.uplink === 'eth1' ? 'eth2' : 'eth1';
    t.true(failed(await run(name, { uplink })).includes("the tunnel's packets leave the router by"));
  });
}

test('the logs have to tell of as many peers, floats, time-outs and failures as there are', async (t) => {
  const { server, client } = silent.logs;
  const [one, short] = ['carrier-default (becomes one-way)', 'carrier-default (becomes short-lived)'];
  for (const logs of [
    { server: [...server, ...initiated(40002)], client },
    { server: initiated(40001), client },
    { server, client: times(2, failedTls) },
    { server, client: [missedPings, failedTls] },
  ]) {
    t.deepEqual(failed(await run(one, { logs })), [log]);
  }
  for (const logs of [
    { ...loops.logs, server: [...initiated(40001, 40002), floated] },
    { ...loops.logs, server: [...initiated(40001, 40002, 40003, 40003), floated] },
    { ...loops.logs, server: initiated(40001, 40002, 40003) },
    { ...loops.logs, client: times(2, missedPings) },
  ]) {
    t.deepEqual(failed(await run(short, { logs })), [log]);
  }
});

test('people who see something else than the tunnel lets them', async (t) => {
  for (const [name, ...others] of [
    ['carrier-tcp (becomes one-way)', { names: 'every second' }, { names: 'none' }],
    ['carrier-default (becomes short-lived)', { names: 'all' }, { names: 'none' }, { streams: 'none' }],
    ['carrier-default (becomes one-way)', { names: 'all' }],
  ] as const) {
    for (const other of others)
      t.deepEqual(failed(await run(name, other)), [house], `${name} ${JSON.stringify(other)}`);
  }
});
