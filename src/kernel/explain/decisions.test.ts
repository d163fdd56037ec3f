// What was told apart, put together: whose look-up, whose rule, whose connection.
import test from 'ava';
import type { Crossing } from '../../backend/crossing.ts';
import type { Packet } from '../../net/packet.ts';
import type { TrackEvent } from './conntrack-events.ts';
import { decisionsOf } from './decisions.ts';
import type { Passing } from './look-up-lines.ts';
import type { SeenLookUp } from './look-ups.ts';
import type { RuleTrace, Step } from './rule-trace-lines.ts';
import { visitsOf, type Told } from './visits.ts';

const [client, server] = ['198.51.100.10:40000', '203.0.113.2:80'];
const names = { deviceOf: (_: string, index: number) => (index === 1 ? 'lo' : `eth${index}`), gatewayOf: () => null };

/** `server line in`, a TCP packet with this IP identification. */
function crossing(place: string, id: number, source: string, destination: string): Crossing {
  const [host = '', name = '', direction] = place.split(' ');
  const identity = `tcp id=${id.toString(16).padStart(4, '0')} offset=0 syn 0:0123456789abcdef`;
  return {
    ...{ time: 1, host, interface: name, direction: direction as 'in' | 'out', source, destination },
    ...{ protocol: 'tcp', identity, bytes: 60, summary: '' },
  };
}

/** The same packet as the watch sees it, on processor 0. */
function passing(time: bigint, of: Crossing): Passing & { readonly host: string } {
  const packet: Packet = {
    ...{ protocol: 'tcp', ethernet: null, payload: new Uint8Array(), length: 60, summary: '' },
    ...{ source: of.source.replace(/:.*/, ''), destination: of.destination.replace(/:.*/, '') },
    ...{ sourcePort: null, destinationPort: null, identity: of.identity.replace(/:[^:]*$/, '') },
  };
  const kind = of.direction === 'in' ? 'came' : 'went';
  return { kind, cpu: 0, time, namespace: 1, host: of.host, interface: of.interface, packet };
}

function look(time: bigint, parts: Partial<SeenLookUp>): SeenLookUp {
  return {
    ...{ kind: 'look', cpu: 0, time, arrival: 0n, receiver: null, caller: null, table: 254, error: 0 },
    ...{ oif: 0, iif: 1, tos: 0, scope: 0, flags: 0, protocol: 6, source: '0.0.0.0', sourcePort: 0 },
    ...{ destination: '198.51.100.10', destinationPort: 0, device: 'eth2', gateway: '0.0.0.0', mark: null, ...parts },
  };
}

const step = (hook: string, type: string, text: string, verdict = 'continue'): Step => ({
  ...{ hook, type, chain: `ip ${type} ${hook}`, text, verdict, mark: null },
});

const nothing: Told = {
  lookUps: { passings: [], lookUps: [], keptBack: 0 },
  traces: new Map(),
  connections: new Map(),
};

/** `server in route: table …`, and of what never left `server never`. */
function told(crossings: readonly Crossing[], parts: Partial<Told>): readonly string[] {
  return decisionsOf(visitsOf(crossings, { ...nothing, ...parts }), names, null).map(({ host, after, stage, text }) => {
    const place = typeof after === 'number' ? 'never' : after.crossing.direction;
    return `${host} ${place} ${stage}: ${text}`;
  });
}

const came = crossing('server eth2 in', 7, client, server);
const answer = crossing('server eth2 out', 0, server, client);
const [arrival, departure] = [passing(100n, came), passing(200n, answer)];

test('an answer that is made while a request is handled has its own look-up; the reverse-path filter’s is the request’s', (t) => {
  const during = { arrival: 100n, receiver: 'server', caller: 'client' };
  const lookUps = [
    look(101n, { ...during, iif: 2, protocol: 0, source: '198.51.100.10', destination: '203.0.113.2', table: 255 }),
    look(102n, { ...during, protocol: 0, source: '203.0.113.2', table: 255, error: -11, device: '-' }),
    look(103n, { ...during, protocol: 0, source: '203.0.113.2' }),
    look(104n, { ...during, source: '203.0.113.2', sourcePort: 80, destinationPort: 40000 }),
  ];
  t.deepEqual(told([came, answer], { lookUps: { passings: [arrival, departure], lookUps, keptBack: 0 } }), [
    'server in route: table local oif 0 iif eth2 proto 0 198.51.100.10/0 -> 203.0.113.2/0 tos 0 scope 0 ==> dev eth2',
    'server in reverse-path: table local oif 0 iif lo proto 0 203.0.113.2/0 -> 198.51.100.10/0 tos 0 scope 0 ==> err -11 (EAGAIN: no match)',
    'server in reverse-path: table main oif 0 iif lo proto 0 203.0.113.2/0 -> 198.51.100.10/0 tos 0 scope 0 ==> dev eth2',
    'server out route: table main oif 0 iif lo proto 6 203.0.113.2/80 -> 198.51.100.10/40000 tos 0 scope 0 ==> dev eth2',
  ]);
});

test('look-ups for other packets, of other hosts, on other processors, or later ones are not taken for it', (t) => {
  const during = { arrival: 100n, receiver: 'server', iif: 2, protocol: 0, source: '198.51.100.10' };
  const lookUps = [
    look(101n, { ...during, arrival: 99n }),
    look(102n, { ...during, receiver: 'client' }),
    look(103n, { ...during, cpu: 1 }),
    look(104n, { ...during, source: '198.51.100.11' }),
    look(105n, { caller: 'client', destinationPort: 40000 }),
    look(106n, { caller: 'server', destinationPort: 40001, protocol: 17 }),
    look(201n, { caller: 'server', destinationPort: 40000, table: 7 }),
  ];
  const found = told([came, answer], { lookUps: { passings: [arrival, departure], lookUps, keptBack: 0 } });
  t.deepEqual(
    found.filter((line) => !line.includes(' never ')),
    [],
  );
});

test('what a host looked up to send, and never sent, is told of', (t) => {
  const lookUps = [look(150n, { caller: 'server', sourcePort: 80, destinationPort: 40000, error: -101, device: '-' })];
  const decisions = decisionsOf(
    visitsOf([came], { ...nothing, lookUps: { passings: [arrival], lookUps, keptBack: 0 } }),
    names,
    null,
  );
  t.is(decisions.length, 1);
  t.like(decisions[0], { host: 'server', destination: client, after: 0, stage: 'route' });
  t.true(decisions[0]?.text.endsWith('==> err -101 (ENETUNREACH)'));
});

const sentTrace: RuleTrace = {
  ...{ from: 'output', source: server, destination: client, id: 0, length: 60 },
  last: { source: server, destination: client },
  steps: [
    step('output', 'filter', 'one'),
    step('output', 'route', 'meta mark set 0x1'),
    step('output', 'nat', 'three'),
    step('postrouting', 'nat', 'four', 'accept'),
  ],
};

test('what a rule marks is routed again, after that rule and before the others', (t) => {
  const lookUps = [
    look(150n, { caller: 'server', destinationPort: 40000 }),
    look(160n, { caller: 'server', protocol: 0, table: 101 }),
  ];
  const traces = new Map([['server', [sentTrace]]]);
  t.deepEqual(
    told([answer], { traces, lookUps: { passings: [departure], lookUps, keptBack: 0 } }).map((line) =>
      line.replace(/ oif.*/, ''),
    ),
    [
      'server out route: table main',
      'server out netfilter: ip filter output: one (continue)',
      'server out netfilter: ip route output: meta mark set 0x1 (continue)',
      'server out route: table 101',
      'server out netfilter: ip nat output: three (continue)',
      'server out netfilter: ip nat postrouting: four (accept)',
    ],
  );
});

test('what comes in goes through PREROUTING, is looked up, and then goes on; a rule that drops it is the reason', (t) => {
  const steps = [
    step('prerouting', 'nat', 'dnat to 10.0.0.1', 'accept'),
    step('forward', 'filter', 'tcp dport 80 drop', 'drop'),
  ];
  const trace: RuleTrace = { ...sentTrace, from: 'prerouting', source: client, destination: server, id: 7, steps };
  const other: RuleTrace = { ...trace, id: 8, steps: [step('forward', 'filter', 'another')] };
  const lookUps = [look(101n, { arrival: 100n, receiver: 'server', iif: 2, protocol: 0, source: '198.51.100.10' })];
  const found = told([came], {
    lookUps: { passings: [arrival], lookUps, keptBack: 0 },
    traces: new Map([['server', [other, trace]]]),
  });
  t.deepEqual(
    found.filter((line) => !line.includes(' never ')).map((line) => line.replace(/ oif.*/, '')),
    [
      'server in netfilter: ip nat prerouting: dnat to 10.0.0.1 (accept)',
      'server in route: table main',
      'server in netfilter: ip filter forward: tcp dport 80 drop',
      'server in drop: ip filter forward: tcp dport 80 drop',
    ],
  );
});

test('a connection is new with its request, and answered with its reply; what comes later is neither’s', (t) => {
  const event = (kind: TrackEvent['kind'], text: string, unreplied = false): TrackEvent => ({
    ...{ kind, id: '1', unreplied, text },
    original: { source: client, destination: server },
    reply: { source: server, destination: client },
  });
  const connections = new Map([
    ['server', [event('NEW', 'new', true), event('UPDATE', 'answered'), event('UPDATE', 'established')]],
    ['client', [event('NEW', 'elsewhere', true)]],
  ]);
  t.deepEqual(told([came, answer], { connections }), ['server in conntrack: new', 'server out conntrack: answered']);
});

test('where look-ups can’t be seen, what the host said when asked stands in their place', (t) => {
  const visits = visitsOf([answer], { ...nothing, lookUps: null, traces: new Map([['server', [sentTrace]]]) });
  const asked = new Map(visits.map((visit) => [visit, { stage: 'route', text: 'asked' } as const]));
  t.deepEqual(
    decisionsOf(visits, names, asked).map(({ text }) => text),
    ['asked', 'ip filter output: one (continue)', 'ip route output: meta mark set 0x1 (continue)'].concat([
      'ip nat output: three (continue)',
      'ip nat postrouting: four (accept)',
    ]),
  );
});
