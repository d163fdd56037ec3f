import homeGateway from '../lab/topologies/home-gateway.ts';
import type { Evidence } from '../src/backend/crossing.ts';
import type { Lab } from '../src/backend/lab.ts';
import { hashL3, hashL4, selectNexthop, upperBounds } from '../src/model/multipath.ts';
import { formatIPv4, parseIPv4 } from '../src/net/address.ts';
import { binomialRange, shareInterval } from '../src/scenario/binomial.ts';
import { inEra } from '../src/scenario/by-era.ts';
import type { StatementResult } from '../src/scenario/result.ts';
import { defineScenario } from '../src/scenario/scenario.ts';
import { peersOf, type Topology } from '../src/topology/topology.ts';
import { choice, type Choice } from './eras/choice.ts';
import { fetchAll, judgeBytes } from './home-gateway/bulk.ts';

interface Setting {
  /**
   * `fib_multipath_hash_policy`: 0 hashes addresses, 1 protocol and ports too. `any`: whatever there is, and by whatever means
   * connections are spread; then nothing is worked out, but counted only.
   */
  readonly policy: Policy | 'any';
  /** Whether a connection that was answered keeps its line by a mark. */
  readonly marked?: boolean;
}
type Policy = 0 | 1;
/** How the kernel chooses a line, as far as the scenario is to know. */
type How = Choice | 'any';

/** The candidates' weights, in the order of the uplinks. */
const weights = [8, 2];
/** How often chance may put a share outside its range: once in a million seeds. */
const risk = 1e-6;

/** The one destination that is called from many ports. */
const [single, port] = ['198.19.0.2', 4000];

/**
 * Who sends, and the source address that the server's routing sees: none yet in what is the server's own. Each has a half
 * of the topology's world to call, and ports of its own, by which its packets are known when NAT has made them all alike.
 */
const senders = [
  sender('server', 0, '198.18.0.0', 20000),
  sender('desktop', parseIPv4('192.168.2.100'), '198.18.16.0', 30000),
];
type Sender = ReturnType<typeof sender>;

function sender(host: string, source: number, world: string, firstPort: number) {
  const destinations = Array.from({ length: 4096 }, (_, index) => formatIPv4(parseIPv4(world) + index));
  return {
    host,
    source,
    destinations,
    /** Some of them, which are asked a second time. */
    again: destinations.filter((_, index) => index % 16 === 0),
    sourcePorts: Array.from({ length: 128 }, (_, index) => firstPort + index),
  };
}

export default defineScenario<Setting>({
  title: 'Are two lines of 8 and 2 Mbit/s used eight to two?',
  lesson: `A default route with two nexthops, \`weight 8\` and \`weight 2\`, sends about eight of ten destinations by the first line.

Since Linux 4.4 the line follows from a hash: of source and destination address as the kernel comes, of protocol and ports
too with \`fib_multipath_hash_policy=1\`. So a destination keeps its line for as long as the route stays as it is, and the
proportion holds for many destinations, not for few: of ten places, all ten may be on the slow line. With policy 0 a
hundred connections to one place share one line; with policy 1 they use both.

And it holds for flows, not for bytes: nobody weighs them. Eight small transfers by the fast line and two big ones by the
slow line are balanced eight to two, and nine tenths of the bytes go by the slow one.

What the server itself sends has no address when it is routed, what the home network sends has one: the same place may be
reached by one line from here and by the other from there.`,
  services: [],
  trials: [
    { candidate: 'balance-8-2', variant: '', topology: homeGateway(), tunnels: {}, setting: { policy: 0 } },
    { candidate: 'balance-8-2-ports', variant: '', topology: homeGateway(), tunnels: {}, setting: { policy: 1 } },
    {
      ...{ candidate: 'shorewall', variant: '', topology: homeGateway(), tunnels: {} },
      setting: { policy: 0, marked: true },
    },
  ],
  open: ({ name }) => [
    { candidate: name, variant: '', topology: homeGateway(), tunnels: {}, setting: { policy: 'any' } },
  ],
  run: async (lab, { setting: { policy, marked = false } }, { seed, release }) => {
    const how = policy === 'any' ? 'any' : inEra(choice, release);
    const preconditions = policy === 'any' ? [] : await readPreconditions(lab, policy, seed, how);
    const silent = await Promise.all(
      senders.map(async ({ host, destinations, again, sourcePorts }) => {
        // First: nothing answers these, and what comes after, and is answered, sees them to the ISPs.
        await lab.scatter(host, { destination: single, port, sourcePorts });
        const first = await lab.sweep(host, destinations);
        const second = await lab.sweep(host, again);
        return first.length + second.length;
      }),
    );
    // Which line a transfer takes can be asked of the kernel where ports don't matter.
    const transfers = policy === 0 ? await fetchAll(lab) : null;
    const evidence = await lab.evidence();
    const arrivals = arrivalsAtIsps(lab.topology, evidence);
    const predict = lab.seeded && policy !== 'any' ? predictor(lab.topology, policy, seed) : null;
    const statements = senders.flatMap((each, index) => [
      answered(each, silent[index] ?? 0),
      ...judgeSweeps(lab.topology, each, arrivals, how, predict),
      ...judgePorts(each, arrivals, linesOfPorts(each.host === lab.topology.server.host, policy, how), predict),
    ]);
    const turns = how === 'kept' || how === 'in turn' ? [judgeTurns(lab.topology, arrivals, how)] : [];
    return [
      ...preconditions,
      ...statements,
      ...turns,
      ...(transfers && how !== 'in turn' ? judgeBytes(lab.topology, evidence, transfers) : []),
      judgeSources(lab.topology, arrivals, how === 'in turn' && !marked),
    ];
  },
});

async function readPreconditions(
  lab: Lab,
  policy: Policy,
  seed: number,
  how: How,
): Promise<readonly StatementResult[]> {
  const read = async (name: string, wanted: number): Promise<StatementResult> =>
    statement(`precondition: ${name}`, String(wanted), await lab.sysctl('server', name));
  return [
    ...(how === 'by addresses' ? [await read('net.ipv4.fib_multipath_hash_policy', policy)] : []),
    ...(lab.seeded ? [await read('net.ipv4.fib_multipath_hash_seed', seed)] : []),
  ];
}

/** A packet as it came in at an ISP. */
interface Arrival {
  readonly line: string;
  readonly source: string;
  /** Null for a ping. */
  readonly sourcePort: number | null;
  readonly destination: string;
}

/** What came in from the server's lines. */
function arrivalsAtIsps(topology: Topology, { crossings }: Evidence): readonly Arrival[] {
  const { host, uplinks } = topology.server;
  const lines = new Map(
    uplinks.flatMap(({ interface: line }) =>
      peersOf(topology, host, line).map((peer) => [`${peer.host} ${peer.interface}`, line] as const),
    ),
  );
  return crossings.flatMap((crossing): Arrival[] => {
    const line = lines.get(`${crossing.host} ${crossing.interface}`);
    if (line === undefined || crossing.direction === 'out') return [];
    const [source = '', sourcePort] = crossing.source.split(':');
    const [destination = ''] = crossing.destination.split(':');
    return [{ line, source, sourcePort: sourcePort === undefined ? null : Number(sourcePort), destination }];
  });
}

/** The line that the hash gives to a packet of a sender's. */
type Predict = (sender: Sender, arrival: Arrival) => string;

function predictor({ server }: Topology, policy: Policy, seed: number): Predict {
  const bounds = upperBounds(weights.map((weight) => ({ weight, alive: true })));
  return ({ host, source }, { destination, sourcePort }) => {
    const addresses = { source, destination: parseIPv4(destination) };
    const ports =
      sourcePort === null
        ? // A sender's own ICMP has type and code, 8 and 0, where others have their destination port; what is forwarded, nothing.
          { protocol: 1, sourcePort: 0, destinationPort: host === server.host ? 0x0800 : 0 }
        : { protocol: 17, sourcePort, destinationPort: port };
    const hash = policy === 0 ? hashL3(addresses, seed) : hashL4({ ...addresses, ...ports }, seed);
    return server.uplinks[selectNexthop(bounds, hash) ?? -1]?.interface ?? 'none';
  };
}

function answered({ host, destinations, again }: Sender, silent: number): StatementResult {
  const asked = destinations.length + again.length;
  return statement(`${host}: pings answered`, `${asked} of ${asked}`, `${asked - silent} of ${asked}`);
}

function judgeSweeps(
  { server }: Topology,
  from: Sender,
  arrivals: readonly Arrival[],
  how: How,
  predict: Predict | null,
): readonly StatementResult[] {
  const { host, destinations, again } = from;
  const own = new Set(destinations);
  const packets = arrivals.filter(({ destination, sourcePort }) => own.has(destination) && sourcePort === null);
  const linesOf = new Map(destinations.map((destination) => [destination, new Set<string>()]));
  for (const { destination, line } of packets) linesOf.get(destination)?.add(line);
  const [fast = ''] = server.uplinks.map((uplink) => uplink.interface);
  const byFast = destinations.filter((destination) => linesOf.get(destination)?.has(fast)).length;
  const [weight = 0] = weights;
  const { low, high } = binomialRange(destinations.length, weight / weights.reduce((sum, each) => sum + each), risk);
  const total = destinations.length + again.length;
  const astray = [...linesOf.values()].filter((lines) => lines.size !== 1).length;
  const kept = statement(
    `${host}: destinations that did not keep to one line, ${again.length} of them asked twice`,
    how === 'in turn' ? 'some' : '0',
    String(astray),
  );
  const share: StatementResult = {
    ...statement(
      `${host}: destinations by ${fast}, weight 8 of 10 (99.9999 % of all seeds)`,
      `${low} to ${high} of ${destinations.length}`,
      `${byFast} of ${destinations.length}: ${percentage(byFast, destinations.length)}`,
    ),
    ok: low <= byFast && byFast <= high,
  };
  return [
    statement(`${host}: packets counted at the ISPs`, String(total), String(packets.length)),
    // Turns are dealt out to both senders together.
    ...(how === 'kept' || how === 'in turn' ? [] : [share]),
    how === 'in turn' ? { ...kept, ok: astray > 0 } : kept,
    ...(predict ? [matches(`${host}: pings by the line that SipHash says`, from, packets, predict)] : []),
  ];
}

/** A round has as many turns as the weights say, and each gives a line its share exactly; it may have begun before, and end after. */
function judgeTurns({ server }: Topology, arrivals: readonly Arrival[], how: How): StatementResult {
  const [fast = ''] = server.uplinks.map((uplink) => uplink.interface);
  const round = weights.reduce((sum, each) => sum + each);
  const pings = arrivals.filter(({ sourcePort }) => sourcePort === null);
  // What is kept takes a turn once.
  const turns =
    how === 'in turn' ? pings : [...new Map(pings.map((ping) => [ping.destination, ping] as const)).values()];
  const [right, found] = [(turns.length * (weights[0] ?? 0)) / round, turns.filter(({ line }) => line === fast).length];
  const name = `both: turns by ${fast}, eight of each ten, the first and the last ten apart`;
  const seen = statement(name, `${right.toFixed(0)} of ${turns.length}`, `${found} of ${turns.length}`);
  return { ...seen, ok: turns.length > 0 && Math.abs(found - right) <= round };
}

/** By how many lines one destination is reached from many ports; null: nobody knows. */
function linesOfPorts(own: boolean, policy: Policy | 'any', how: How): readonly [lines: number, why: string] | null {
  switch (how) {
    case 'any':
      return null;
    case 'by addresses':
      return [policy === 0 ? 1 : 2, `under policy ${policy}`];
    case 'by flow':
      return own ? [2, 'which the hash takes in'] : [1, 'which the hash takes no heed of'];
    case 'kept':
      return [1, 'which share an entry of the route cache'];
    case 'in turn':
      return [2, 'each look-up in its turn'];
  }
}

/** `80.5 % (79.3 to 81.7 % with 95 % confidence)`. */
function percentage(successes: number, trials: number): string {
  const percent = (share: number): string => (share * 100).toFixed(1);
  const { low, high } = shareInterval(successes, trials);
  return `${percent(successes / trials)} % (${percent(low)} to ${percent(high)} % with 95 % confidence)`;
}

function judgePorts(
  from: Sender,
  arrivals: readonly Arrival[],
  wanted: ReturnType<typeof linesOfPorts>,
  predict: Predict | null,
): readonly StatementResult[] {
  const { host, sourcePorts } = from;
  const packets = arrivals.filter(
    ({ destination, sourcePort }) => destination === single && sourcePort !== null && sourcePorts.includes(sourcePort),
  );
  const lines = new Set(packets.map(({ line }) => line)).size;
  const name = `${host}: lines that ${sourcePorts.length} ports use to one destination`;
  return [
    statement(`${host}: datagrams counted at the ISPs`, String(sourcePorts.length), String(packets.length)),
    ...(wanted ? [statement(`${name}, ${wanted[1]}`, String(wanted[0]), String(lines))] : []),
    ...(predict ? [matches(`${host}: datagrams by the line that SipHash says`, from, packets, predict)] : []),
  ];
}

function matches(name: string, from: Sender, packets: readonly Arrival[], predict: Predict): StatementResult {
  const right = packets.filter((packet) => predict(from, packet) === packet.line).length;
  return statement(name, `${packets.length} of ${packets.length}`, `${right} of ${packets.length}`);
}

/**
 * What the ISPs' filters would drop: all that left by a line from another address than the line's.
 *
 * @param stray whether a connection's packets leave by both lines
 */
function judgeSources({ server }: Topology, arrivals: readonly Arrival[], stray: boolean): StatementResult {
  const own = new Map(server.uplinks.map((uplink) => [uplink.interface, uplink.address]));
  const foreign = arrivals.filter(({ line, source }) => own.get(line) !== source).length;
  const name = "packets with another source than their line's address";
  // NAT gives a connection its address once; a turn may send its next packet by the other line.
  if (stray) return { ...statement(name, 'some', String(foreign)), ok: foreign > 0 };
  return statement(name, '0', String(foreign));
}

function statement(name: string, expected: string, found: string): StatementResult {
  return { kind: 'statement', name, expected, found, ok: expected === found };
}
