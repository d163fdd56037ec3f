import test from 'ava';
import { trialName } from '../src/scenario/scenario.ts';
import {
  carryThrough,
  failed,
  failedTcp,
  failedTls,
  initiated,
  missedPings,
  times,
  working,
  type World,
} from './carrier-nat/fake-carrier.ts';
import scenario from './one-way-udp.ts';

const ports = [40001, 40002, 40003, 40004, 40005, 40006];
const loops: World = {
  ...{ ...working, rounds: 'loops', tunnel: 'no-mapping', ports: 'per round', names: 'every second', streams: 'part' },
  logs: { server: initiated(...ports), client: times(5, missedPings) },
};
const silent: World = {
  ...{ ...working, rounds: 'never', tunnel: 'no-mapping', ports: 'per packet', names: 'none', streams: 'none' },
  ...{ logs: { server: [], client: times(5, failedTls) }, bytes: { received: 0, sent: 42 } },
};
const refused: World = { ...silent, tunnel: 'request-lost', ssh: 'request-lost' };
const refusedTcp: World = { ...refused, logs: { server: [], client: times(5, failedTcp) }, bytes: null };

/** What Linux and OpenVPN do in each trial. */
const table: Readonly<Record<string, World>> = {
  'carrier-default (stateful)': working,
  'carrier-default (short-lived)': loops,
  'carrier-default (one-way)': silent,
  'carrier-default (table full)': refused,
  'carrier-keepalive (short-lived)': loops,
  'carrier-keepalive (one-way)': silent,
  'carrier-tcp (short-lived)': working,
  'carrier-tcp (one-way)': working,
  'carrier-tcp (table full)': refusedTcp,
  'carrier-host-route (one-way)': { ...working, uplink: 'eth1' },
  'carrier-host-route (table full)': { ...working, uplink: 'eth1', ssh: 'request-lost' },
  'carrier-default (stateful, 40 ms, 1 % loss)': working,
  'carrier-default (short-lived, 40 ms, 1 % loss)': loops,
  'carrier-default (one-way, 40 ms, 1 % loss)': silent,
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

const [course, house] = ['how far OpenVPN gets', 'what the house sees through the tunnel'];
const leaves = "the tunnel's packets leave the router by";
const seen = 'source ports that the server sees';

for (const [name, world] of Object.entries(table)) {
  test(`${name}: what Linux and OpenVPN do passes`, async (t) => {
    t.deepEqual(failed(await run(name)), []);
  });

  test(`${name}: another course, and what the house sees of it, is not taken for this one`, async (t) => {
    for (const { rounds, names, streams, tunnel, logs } of [working, loops, silent]) {
      if (rounds === world.rounds) continue;
      const checks = failed(await run(name, { rounds, names, streams, tunnel }));
      t.true(checks.includes(course), rounds);
      t.true(checks.includes(house), rounds);
      const others = failed(await run(name, { logs }));
      t.true(
        others.some((each) => /\blogs?\b/.test(each)),
        rounds,
      );
    }
  });

  test(`${name}: packets that fare otherwise, or take the other line, fail`, async (t) => {
    const tunnel = world.tunnel === 'request-lost' ? 'no-mapping' : 'request-lost';
    t.true(
      failed(await run(name, { tunnel, rounds: world.rounds === 'stays' ? 'never' : world.rounds })).includes(
        'openvpn',
      ),
    );
    const ssh = world.ssh === 'works' ? 'request-lost' : 'works';
    t.deepEqual(failed(await run(name, { ssh })), ['ssh']);
    const uplink = world.uplink === 'eth1' ? 'eth2' : 'eth1';
    t.true(failed(await run(name, { uplink })).includes(leaves));
  });
}

test('people who see something else than the tunnel lets them', async (t) => {
  for (const [name, ...others] of [
    ['carrier-default (stateful)', { names: 'every second' }, { names: 'none' }],
    ['carrier-default (short-lived)', { names: 'all' }, { names: 'none' }, { streams: 'none' }],
    ['carrier-keepalive (short-lived)', { names: 'none' }, { streams: 'none' }],
    ['carrier-default (one-way)', { names: 'all' }],
  ] as const) {
    for (const other of others)
      t.deepEqual(failed(await run(name, other)), [house], `${name} ${JSON.stringify(other)}`);
  }
});

test('a short-lived NAT: the server must log another port in each round, and the client as often that it heard nothing', async (t) => {
  const name = 'carrier-default (short-lived)';
  const log = "the server logs one 'Peer Connection Initiated' after another, each with another source port";
  const { client, server } = loops.logs;
  for (const logs of [
    { client, server: initiated(...ports.slice(0, 4)) },
    { client, server: initiated(...ports, 40001) },
    { server, client: times(4, missedPings) },
  ]) {
    t.deepEqual(failed(await run(name, { logs })), [log]);
  }
  t.deepEqual(failed(await run(name, { ports: 'never' })), [seen]);
});

test('a one-way NAT: no initial packet is logged, bytes go out alone, and each packet comes from another port', async (t) => {
  const name = 'carrier-default (one-way)';
  const log = (text: string) => `neither log has an initial packet; the client's has '${text}'`;
  const text = 'TLS key negotiation failed to occur within 3 seconds';
  const initial = 'TLS: Initial packet from [AF_INET]203.0.113.10:40001, sid=0 1';
  const { client, server } = silent.logs;
  for (const logs of [
    { client, server: [initial] },
    { server, client: [...client, initial] },
    { server, client: times(4, failedTls) },
  ]) {
    t.deepEqual(failed(await run(name, { logs })), [log(text)]);
  }
  for (const bytes of [{ received: 14, sent: 42 }, { received: 0, sent: 0 }, null]) {
    t.deepEqual(failed(await run(name, { bytes })), ['the client counts bytes out and none in']);
  }
  t.deepEqual(failed(await run(name, { ports: 'per round' })), [seen]);
  const again = 'the server answers what it keeps nothing of, again and again';
  t.deepEqual(failed(await run(name, { answerBytes: 54 })), [again]);
});

test('a full table: a TCP client that counts bytes has connected', async (t) => {
  const checks = await run('carrier-tcp (table full)', { bytes: { received: 0, sent: 0 } });
  t.deepEqual(failed(checks), ['the client never connects, nor does anything reach the server']);
});

test('a tunnel that stays up: one peer, and no failure', async (t) => {
  const log = 'the logs tell of one connection and no failure';
  const [one] = [initiated(40001)];
  for (const logs of [
    { server: [], client: [] },
    { server: initiated(40001, 40002), client: [] },
    { server: one, client: [missedPings] },
    { server: one, client: [failedTls] },
  ]) {
    t.deepEqual(failed(await run('carrier-default (stateful)', { logs })), [log]);
  }
});

test('a line that is to delay and lose packets must do so, in measure', async (t) => {
  const line = "the carrier's line delays each of the tunnel's packets, and loses as many as chance may";
  for (const name of Object.keys(table).filter((each) => each.includes('40 ms'))) {
    t.deepEqual(failed(await run(name, { delay: 0.039 })), [line], name);
    t.deepEqual(failed(await run(name, { delay: 0.2 })), [], name);
    if (table[name]?.rounds !== 'stays') t.true(failed(await run(name, { loss: 'half' })).includes(line), name);
  }
});

test('a try that does not come up is as expected where packets are lost, and only there', async (t) => {
  const many = Array.from({ length: 12 }, (_, index) => 40001 + index);
  const logs = { server: initiated(...many), client: loops.logs.client };
  const change = { rounds: 'loops, half of the tries', logs } as const;
  t.deepEqual(failed(await run('carrier-default (short-lived, 40 ms, 1 % loss)', change)), []);
  t.deepEqual(failed(await run('carrier-default (short-lived)', change)), [course]);
});

test('a tunnel that was up once, and never again, is neither course', async (t) => {
  for (const name of ['carrier-default (short-lived)', 'carrier-default (short-lived, 40 ms, 1 % loss)']) {
    t.deepEqual(failed(await run(name, { rounds: 'once' })), [course], name);
  }
});
