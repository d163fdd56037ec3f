import test, { type ExecutionContext } from 'ava';
import type { Crossing } from '../src/backend/crossing.ts';
import type { Lab } from '../src/backend/lab.ts';
import { protocolOf, type Answer, type Request, type Service } from '../src/backend/service.ts';
import { candidateNames, loadCandidate } from '../src/scenario/catalogue.ts';
import type { CellResult, CheckResult, Outcome, StatementResult } from '../src/scenario/result.ts';
import { trialFor, type Trial } from '../src/scenario/scenario.ts';
import { nothingDropped, recorded, walk } from '../src/scenario/sample-walk.ts';
import scenario from './multihome-udp.ts';

const uplinks = ['isp1', 'isp2', 'isp3'];
const addresses = ['203.0.113.2', '203.0.114.2', '203.0.115.2'];
const services = ['openvpn-udp', 'openvpn-tcp', 'dns-per-address', 'dns-pktinfo', 'ssh', 'udp-echo'];
/** The line that the multipath hash gives to unsourced packets, in these tests. */
const hashed = 1;

type Row = readonly [Outcome, Outcome, Outcome];
const works: Row = ['works', 'works', 'works'];
const first = (otherwise: Outcome): Row => ['works', otherwise, otherwise];
const second = (otherwise: Outcome): Row => [otherwise, 'works', otherwise];

/**
 * What comes of a call at each uplink, from the ways of Linux: `openvpn` is OpenVPN over UDP; `echo` an unbound UDP server;
 * `sourced` is all that has its source before it is routed: TCP, sockets bound to an address, IP_PKTINFO.
 *
 * Without a source, `ip route get` decides: the one default route (isp1), or the hash of a multipath one (isp2), and the
 * line's address becomes the source. With a source, rules by source or by connection mark find the line; without such
 * rules, a multipath route prefers the nexthop with that address since Linux 6.16; else the packet goes where the others go.
 */
const table: Readonly<Record<string, { readonly openvpn: Row; readonly sourced: Row; readonly echo: Row }>> = {
  'single-default': {
    openvpn: first('reply-source'),
    sourced: first('source-filtered'),
    echo: first('reply-source'),
  },
  'single-default (isp1 does not filter)': {
    openvpn: first('reply-source'),
    sourced: first('reply-interface'),
    echo: first('reply-source'),
  },
  'source-rules': { openvpn: first('reply-source'), sourced: works, echo: first('reply-source') },
  'round-robin': { openvpn: second('reply-source'), sourced: works, echo: second('reply-source') },
  'round-robin (client behind NAT)': { openvpn: second('reply-source'), sourced: works, echo: second('reply-source') },
  'round-robin-bare': { openvpn: second('reply-source'), sourced: works, echo: second('reply-source') },
  'round-robin-per-packet': {
    openvpn: ['reply-source', 'reply-source', 'reply-source'],
    sourced: works,
    echo: ['reply-source', 'reply-source', 'reply-source'],
  },
  'round-robin-connmark': { openvpn: second('reply-source'), sourced: works, echo: second('reply-source') },
  'round-robin-multihome': { openvpn: works, sourced: works, echo: second('reply-source') },
  'round-robin-float': { openvpn: second('reply-interface'), sourced: works, echo: second('reply-source') },
  'round-robin-float (client behind NAT)': {
    openvpn: second('reply-source'),
    sourced: works,
    echo: second('reply-source'),
  },
  'round-robin-local': { openvpn: works, sourced: works, echo: second('reply-source') },
};

const nameOf = ({ candidate, variant }: Trial): string => (variant ? `${candidate} (${variant})` : candidate);
const trials = scenario.trials.map((trial) => ({ trial, name: nameOf(trial) }));

function outcomeOf(name: string, service: string, uplink: number): Outcome {
  const kind = service === 'openvpn-udp' ? 'openvpn' : service === 'udp-echo' ? 'echo' : 'sourced';
  return table[name]![kind][uplink]!;
}

/** Which of the six services a request is for. */
function serviceOf(request: Request): string {
  if (request.kind === 'openvpn') return `openvpn-${request.protocol}`;
  if (request.kind === 'dns') return request.port === 53 ? 'dns-per-address' : 'dns-pktinfo';
  return request.kind;
}

/** The packets of a call and what its client says of it, for an outcome. */
function play(request: Request, outcome: Outcome, nat: boolean): { crossings: readonly Crossing[]; answer: Answer } {
  const { server, port, sourcePort } = request;
  const own = uplinks[addresses.indexOf(server)]!;
  const other = outcome === 'source-filtered' || own !== 'isp1' ? 'isp1' : 'isp2';
  const [inside, outside] = [`${nat ? '100.64.0.10' : '198.51.100.10'}:${sourcePort}`, `198.51.100.10:${sourcePort}`];
  const called = `${server}:${port}`;
  const common = { protocol: protocolOf(request), summary: '' } as const;
  const way = `client cgnat internet ${own} server`;
  const crossings = [
    walk(way, {
      ...common,
      source: inside,
      destination: called,
      identity: `${sourcePort}?`,
      nat: { cgnat: { source: outside } },
    }),
  ];
  const reply = (by: string, from: string, end = 'client'): void => {
    const whole = `server ${by} internet cgnat client`;
    crossings.push(
      walk(whole.slice(0, whole.indexOf(end) + end.length), {
        ...common,
        source: from,
        destination: outside,
        identity: `${sourcePort}!`,
        time: 10,
        nat: { cgnat: { destination: inside } },
      }),
    );
  };
  const tcpOrSourced = serviceOf(request) !== 'openvpn-udp';
  if (outcome === 'works') reply(own, called);
  if (outcome === 'source-filtered') reply('isp1', called, 'isp1');
  if (outcome === 'reply-interface') {
    reply(other, tcpOrSourced ? called : `${addresses[uplinks.indexOf(other)]!}:${port}`);
  }
  if (outcome === 'reply-source')
    reply(other, `${addresses[uplinks.indexOf(other)]!}:${port}`, nat ? 'cgnat' : 'client');
  return {
    crossings: crossings.flat(),
    answer: {
      accepted: outcome === 'works' || outcome === 'reply-interface',
      said: [],
      bytes: { received: 0, sent: 42 },
    },
  };
}

interface World {
  readonly outcome?: (service: string, uplink: number) => Outcome;
  /** What `ip route get` says on the server, by source. */
  readonly route?: (source?: string) => string;
  readonly seeded?: boolean;
  /** What the OpenVPN client that calls this uplink over UDP, as the n-th to do so, adds to its answer. */
  readonly says?: (uplink: number, caller: number) => Partial<Answer>;
  /** Whether a stranger's packet comes in at each client of OpenVPN over UDP. */
  readonly strangers?: boolean;
}

/** Carries a trial through in a lab that does as it is told. */
async function carryThrough(trial: Trial, world: World = {}) {
  const { seeded = false, says } = world;
  const outcome = world.outcome ?? ((service: string, uplink: number) => outcomeOf(nameOf(trial), service, uplink));
  const route =
    world.route ?? ((source?: string) => uplinks[source === undefined ? hashed : addresses.indexOf(source)]!);
  const served: Service[] = [];
  const requests: Request[] = [];
  const crossings: Crossing[][] = [];
  const log: string[] = [];
  let ready = 0;
  const fail = (): never => {
    throw new Error('a scenario does not do that');
  };
  const lab: Lab = {
    topology: trial.topology,
    seeded,
    unanswered: fail,
    apply: fail,
    close: fail,
    sysctl: fail,
    sweep: fail,
    scatter: fail,
    dial: fail,
    change: fail,
    now: fail,
    inflict: fail,
    interleave: fail,
    run: fail,
    muster: fail,
    probe: fail,
    route: async (host, destination, source) => {
      log.push(`route ${host} ${destination}`);
      return Promise.resolve(route(source));
    },
    serve: async (host, service) => {
      log.push(`serve ${host}`);
      served.push(service);
      await new Promise((resolve) => setImmediate(resolve));
      ready++;
      return { said: fail, stop: fail };
    },
    request: async (host, request) => {
      log.push(`request ${host}`);
      if (ready < served.length) throw new Error('a request before the servers are ready');
      const service = serviceOf(request);
      const uplink = addresses.indexOf(request.server);
      const caller = requests.filter((each) => each.server === request.server && serviceOf(each) === service).length;
      requests.push(request);
      const played = play(request, outcome(service, uplink), trial.variant === 'client behind NAT');
      crossings.push([...played.crossings]);
      if (world.strangers && service === 'openvpn-udp') {
        const ends = { source: '192.0.2.66:1194', destination: `100.64.0.10:${request.sourcePort}` };
        crossings.push([
          ...walk('internet cgnat client', { ...ends, protocol: 'udp', identity: `${request.sourcePort}?`, time: 20 }),
        ]);
      }
      return Promise.resolve({ ...played.answer, ...(service === 'openvpn-udp' && says?.(uplink, caller)) });
    },
    evidence: async () => {
      log.push('evidence');
      return Promise.resolve({ crossings: recorded(...crossings), until: 1000, ...nothingDropped });
    },
  };
  const candidate = await loadCandidate(trial.candidate);
  const checks = await scenario.run(lab, trialFor(trial, '6.18.0'), { candidate, release: '6.18.0', seed: 3 });
  return { served, requests, checks, log };
}

const cellsOf = (checks: readonly CheckResult[]) =>
  checks.filter((check): check is CellResult => check.kind === 'cell');
const statementsOf = (checks: readonly CheckResult[]) =>
  checks.filter((check): check is StatementResult => check.kind === 'statement');

const trialNamed = (name: string): Trial => trials.find((each) => each.name === name)!.trial;

test('twelve trials of nine candidates', async (t) => {
  t.deepEqual(
    trials.map(({ name }) => name),
    Object.keys(table),
  );
  const candidates = [
    'round-robin',
    'round-robin-bare',
    'round-robin-connmark',
    'round-robin-float',
    'round-robin-local',
    'round-robin-multihome',
    'round-robin-per-packet',
    'single-default',
    'source-rules',
  ];
  t.deepEqual([...new Set(scenario.trials.map(({ candidate }) => candidate))].sort(), candidates);
  for (const candidate of candidates) t.true((await candidateNames()).includes(candidate));
  t.deepEqual(scenario.services, services);
});

test('a variant differs in its network as it says', (t) => {
  for (const { trial } of trials) {
    const { hosts } = trial.topology;
    const filtering = hosts.filter(({ sourceFilter }) => sourceFilter).map(({ name }) => name);
    t.deepEqual(filtering, trial.variant === 'isp1 does not filter' ? ['isp2', 'isp3'] : uplinks);
    const nat = hosts.filter((host) => host.nat).map(({ name }) => name);
    t.deepEqual(nat, trial.variant === 'client behind NAT' ? ['cgnat'] : []);
  }
});

const inEachTrial = (
  title: string,
  check: (t: ExecutionContext, trial: Trial, name: string) => Promise<void>,
): void => {
  for (const { trial, name } of trials) test(`${name}: ${title}`, (t) => check(t, trial, name));
};

inEachTrial('each service is judged at each uplink, by the table', async (t, trial, name) => {
  const cells = cellsOf((await carryThrough(trial)).checks);
  t.deepEqual(
    cells.map(({ service, uplink, expected, found, ok }) => ({ service, uplink, expected, found, ok })),
    uplinks.flatMap((uplink, index) =>
      services.map((service) => {
        const outcome = outcomeOf(name, service, index);
        return { service, uplink, expected: outcome, found: outcome, ok: true };
      }),
    ),
  );
});

inEachTrial('a network in which everything works, or nothing, is not taken for this one', async (t, trial, name) => {
  for (const outcome of ['works', 'no-reply'] as const) {
    const cells = cellsOf((await carryThrough(trial, { outcome: () => outcome })).checks);
    t.is(cells.length, 18);
    for (const { service, uplink, ok, found } of cells) {
      t.is(found, outcome);
      t.is(ok, outcomeOf(name, service, uplinks.indexOf(uplink)) === outcome, `${service} at ${uplink}`);
    }
  }
});

inEachTrial('requests go from the client, from ports of their own, to what is served', async (t, trial) => {
  const { served, requests, log } = await carryThrough(trial);
  const perPacket = trial.candidate === 'round-robin-per-packet';
  const ports = requests.map(({ sourcePort }) => sourcePort);
  t.is(new Set(ports).size, ports.length);
  t.true(ports.every((port) => port > 1023 && port < 65536));
  for (const service of services) {
    for (const server of addresses) {
      const asked = requests.filter((request) => request.server === server && serviceOf(request) === service);
      t.is(asked.length, perPacket && service === 'openvpn-udp' ? 4 : 1, `${service} at ${server}`);
    }
  }
  for (const request of requests) {
    const { server, port } = request;
    const match = served.filter(
      (service) => service.port === port && kindAndProtocol(service) === kindAndProtocol(request),
    );
    const bound = match.filter(
      (service) =>
        service.kind !== 'openvpn' || service.binding.kind !== 'address' || service.binding.address === server,
    );
    t.is(bound.length, 1, `${serviceOf(request)} at ${server}`);
    const [service] = bound;
    if (request.kind === 'openvpn' && service?.kind === 'openvpn') {
      // The server has the first address of its tunnel's network.
      t.is(request.through, service.network.replace('.0/24', '.1'));
    }
    if (request.kind === 'dns' && service?.kind === 'dns') {
      t.is(service.records[request.name], request.address);
      t.deepEqual(service.addresses, addresses);
      t.is(service.binding, port === 53 ? 'address-per-socket' : 'pktinfo');
    }
    if (request.kind === 'udp-echo') t.is(request.count, perPacket ? 24 : 4);
  }
  t.deepEqual([...new Set(log)].sort(), [
    'evidence',
    'request client',
    ...(log.some((line) => line.startsWith('route')) ? ['route server 198.51.100.10'] : []),
    'serve server',
  ]);
  t.is(log.at(-1), 'evidence');
  t.is(log.lastIndexOf('serve server') < log.indexOf('request client'), true);
});

function kindAndProtocol(each: Service | Request): string {
  return each.kind === 'openvpn' ? `openvpn ${each.protocol}` : each.kind;
}

inEachTrial('OpenVPN servers and clients are set up as the candidate says', async (t, trial) => {
  const { served, requests } = await carryThrough(trial);
  const openvpn = served.flatMap((service) => (service.kind === 'openvpn' ? [service] : []));
  const bindings = openvpn.filter(({ protocol }) => protocol === 'udp').map(({ binding }) => binding);
  const wanted =
    trial.candidate === 'round-robin-local'
      ? addresses.map((address) => ({ kind: 'address', address }))
      : [{ kind: trial.candidate === 'round-robin-multihome' ? 'multihome' : 'wildcard' }];
  t.deepEqual(bindings as unknown, wanted);
  t.deepEqual(
    openvpn.filter(({ protocol }) => protocol === 'tcp').map(({ binding }) => binding.kind),
    ['wildcard'],
  );
  const calls = requests.flatMap((request) => (request.kind === 'openvpn' ? [request] : []));
  for (const { protocol, float } of calls) t.is(float, protocol === 'udp' && trial.candidate === 'round-robin-float');

  // Nothing is shared that can't be.
  const distinct = (values: readonly unknown[]) => t.is(new Set(values).size, values.length, String(values));
  distinct(served.map(({ name }) => name));
  distinct(openvpn.map(({ network }) => network));
  distinct(openvpn.map(({ tunnel }) => tunnel));
  distinct(calls.map(({ tunnel }) => tunnel));
  const { server, client } = trial.tunnels;
  t.deepEqual(openvpn.map(({ tunnel }) => tunnel).sort(), [...(server ?? [])].sort());
  t.deepEqual(calls.map(({ tunnel }) => tunnel).sort(), [...(client ?? [])].sort());
});

test('before Linux 6.16 a bare multipath route sends sourced replies where the hash says', async (t) => {
  const trial = trialNamed('round-robin-bare');
  const cells = cellsOf((await carryThrough(trial, { route: () => 'isp2' })).checks);
  for (const { service, uplink, expected } of cells) {
    const unbound = service === 'openvpn-udp' || service === 'udp-echo';
    t.is(
      expected,
      uplink === 'isp2' ? 'works' : unbound ? 'reply-source' : 'source-filtered',
      `${service} at ${uplink}`,
    );
  }
});

test("without a seed, the kernel's own word says which line the hash gives", async (t) => {
  for (const line of uplinks) {
    const { checks } = await carryThrough(trialNamed('round-robin'), { route: () => line });
    const working = cellsOf(checks).filter(({ service, expected }) => service === 'udp-echo' && expected === 'works');
    t.deepEqual(
      working.map(({ uplink }) => uplink),
      [line],
    );
    t.false(statementsOf(checks).some(({ name }) => name.startsWith('precondition')));
  }
});

// That seed 3 gives isp2 is a real kernel's word (`ip route get 198.51.100.10`, Linux 6.18).
test("with a seed, the kernel's word has to be the hash's", async (t) => {
  for (const line of ['isp1', 'isp2']) {
    const { checks } = await carryThrough(trialNamed('round-robin'), { seeded: true, route: () => line });
    t.deepEqual(statementsOf(checks)[0], {
      kind: 'statement',
      name: 'precondition: with seed 3, an unsourced packet to 198.51.100.10 takes the uplink that SipHash says',
      expected: 'isp2',
      found: line,
      ok: line === 'isp2',
    });
    const working = cellsOf(checks).filter(({ service, expected }) => service === 'udp-echo' && expected === 'works');
    t.deepEqual(
      working.map(({ uplink }) => uplink),
      ['isp2'],
    );
  }
});

test('where no hash decides, there is no precondition', async (t) => {
  for (const name of ['single-default', 'source-rules', 'round-robin-per-packet']) {
    const { checks } = await carryThrough(trialNamed(name), { seeded: true });
    t.false(statementsOf(checks).some((statement) => statement.name.startsWith('precondition')));
  }
});

const rejected = (...from: readonly string[]): Partial<Answer> => ({
  said: from.map(
    (address) =>
      `2025-01-02 03:04:05 TCP/UDP: Incoming packet rejected from [AF_INET]${address}:1194[2], expected peer address: ` +
      '[AF_INET]203.0.113.2:1194 (allow this incoming source address/port by removing --remote or adding --float)',
  ),
});

test('clients that are answered by a stranger have to say by whom', async (t) => {
  for (const [name, stranger, unhappy] of [
    ['single-default', '203.0.113.2', ['isp2', 'isp3']],
    ['source-rules', '203.0.113.2', ['isp2', 'isp3']],
    ['round-robin', '203.0.114.2', ['isp1', 'isp3']],
    ['round-robin-connmark', '203.0.114.2', ['isp1', 'isp3']],
  ] as const) {
    for (const [said, ok] of [
      [[stranger, stranger], true],
      [[], false],
      [['203.0.115.2'], false],
      [[stranger, '203.0.115.2'], false],
    ] as const) {
      const { checks } = await carryThrough(trialNamed(name), { says: () => rejected(...said) });
      const statements = statementsOf(checks);
      t.deepEqual(
        statements.map((each) => [each.name, each.expected, each.ok]),
        unhappy.map((uplink) => [
          `the OpenVPN client at ${uplink} says from where it was answered instead`,
          `Incoming packet rejected from ${stranger}`,
          ok,
        ]),
      );
    }
  }
});

test('where each packet takes another line, clients have to name at least two strangers between them', async (t) => {
  const trial = trialNamed('round-robin-per-packet');
  for (const [says, ok] of [
    [() => rejected('203.0.114.2', '203.0.115.2'), true],
    [(uplink: number) => rejected(addresses[(uplink + 1) % 3]!), true],
    [(_: number, caller: number) => rejected(...(caller === 3 ? ['203.0.115.2'] : ['203.0.113.2'])), true],
    [() => rejected('203.0.114.2', '203.0.114.2'), false],
    [() => rejected(), false],
  ] as const) {
    const statements = statementsOf((await carryThrough(trial, { says })).checks);
    t.is(statements.length, 1);
    t.is(statements[0]?.ok, ok);
    t.is(statements[0]?.expected, 'at least 2 addresses');
  }
});

test('behind a NAT, clients have to hear nothing', async (t) => {
  for (const name of ['round-robin (client behind NAT)', 'round-robin-float (client behind NAT)']) {
    for (const [world, found, ok] of [
      [{}, '0 packets came in, 0 addresses rejected', true],
      [{ strangers: true }, '1 packets came in, 0 addresses rejected', false],
      [{ says: () => rejected('203.0.114.2') }, '0 packets came in, 1 addresses rejected', false],
    ] as const) {
      const statements = statementsOf((await carryThrough(trialNamed(name), world)).checks);
      t.deepEqual(
        statements.map((each) => ({ ...each })),
        ['isp1', 'isp3'].map((uplink) => ({
          kind: 'statement',
          name: `the OpenVPN client at ${uplink}, behind its NAT, hears nothing`,
          expected: '0 packets came in, 0 addresses rejected',
          found,
          ok,
        })),
      );
    }
  }
});

test('where OpenVPN works, or answers are taken from anywhere, no complaint is asked for', async (t) => {
  for (const name of ['round-robin-multihome', 'round-robin-local', 'round-robin-float']) {
    t.deepEqual(statementsOf((await carryThrough(trialNamed(name))).checks), []);
  }
});
