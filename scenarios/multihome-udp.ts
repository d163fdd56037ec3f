import threeIsps, { type ThreeIspsOptions } from '../lab/topologies/three-isps.ts';
import type { Evidence } from '../src/backend/crossing.ts';
import type { Lab } from '../src/backend/lab.ts';
import type { Answer, Request, Service } from '../src/backend/service.ts';
import type { Candidate } from '../src/candidate/candidate.ts';
import { hashL3, selectNexthop, upperBounds } from '../src/model/multipath.ts';
import { parseIPv4 } from '../src/net/address.ts';
import { mapEras, type ByEra } from '../src/scenario/by-era.ts';
import { judgeCell, type Asked } from '../src/scenario/cell.ts';
import type { CheckResult, Expected, StatementResult } from '../src/scenario/result.ts';
import { defineScenario, type Trial } from '../src/scenario/scenario.ts';
import type { Uplink } from '../src/topology/topology.ts';
import { choice, type Choice } from './eras/choice.ts';

/** How an answer comes by its source address, which decides what becomes of it. */
type Speech =
  /** From an unbound UDP socket: routing chooses the line, and the line the address. */
  | 'unbound'
  /** The address is there before the packet is routed: TCP, a bound socket, IP_PKTINFO. */
  | 'sourced'
  /** Address and interface both: OpenVPN's multihome. */
  | 'pinned';

/** Where a kind of answer works, and why it doesn't elsewhere. */
type Reach =
  | { readonly at: 'every uplink' }
  /** `hashed`: the one that is chosen once for all unsourced answers to the client. `own`: where routing by source leads home. */
  | { readonly at: 'first' | 'hashed' | 'own' | 'none'; readonly otherwise: Expected };

interface Setting {
  readonly reach: Readonly<Record<Exclude<Speech, 'pinned'>, Reach>> & { readonly float?: Reach };
  /** What clients of OpenVPN over UDP say where they get no right answer. */
  readonly complaint: 'rejected' | 'rejected in turn' | 'rejected by turns' | 'nothing of it' | 'nothing wrong' | null;
  /** By which lines the echo's answers to one caller leave; null: it isn't asked. */
  readonly spread: 'one line' | 'every line' | null;
  /** Services whose callers call one after the other: in step, each would have the same turn again and again. */
  readonly oneByOne: readonly ServiceName[];
  /** How many OpenVPN clients call at each uplink over UDP, and how many datagrams are to come back from the echo. */
  readonly callers: number;
  readonly echoes: number;
}

const services = ['openvpn-udp', 'openvpn-tcp', 'dns-per-address', 'dns-pktinfo', 'ssh', 'udp-echo'] as const;
type ServiceName = (typeof services)[number];

const everywhere: Reach = { at: 'every uplink' };
const only = (at: 'first' | 'hashed' | 'own' | 'none', otherwise: Expected): Reach => ({ at, otherwise });

/** The client's address, as the server sees it. */
const clientAddress = '198.51.100.10';

export default defineScenario<Setting>({
  title: 'Which uplink does a server with three ISPs answer by?',
  lesson: `A server has three uplinks and a client calls each of its three addresses. An answer is right if it comes from the
address that was called and leaves by the line the call came in by.

What decides is when the answer gets its source address. TCP, and UDP sockets that are bound to an address or answer with
IP_PKTINFO, have it before the packet is routed, so rules by source (or, since Linux 6.16, multipath routes) find the
right line. An unbound UDP socket has none: routing picks a line, and the line's address becomes the source. No rule, mark
or metric repairs that afterwards. OpenVPN over UDP is such a server, unless it runs with --multihome or --local.

Where the client sits behind a NAT, the stranger's answer dies there and the client's log says nothing useful; without
NAT it says 'Incoming packet rejected from'. That is why most people with this fault see only a time-out.`,
  services,
  trials: [
    trial('single-default', only('first', 'reply-source'), only('first', 'source-filtered')),
    trial('single-default', only('first', 'reply-source'), only('first', 'reply-interface'), {
      variant: 'isp1 does not filter',
      network: { unfiltered: ['isp1'] },
    }),
    trial('source-rules', only('first', 'reply-source'), everywhere),
    chosen('round-robin'),
    chosen('round-robin', { behindNat: true }),
    chosen('round-robin-bare', { sourced: only('own', 'source-filtered') }),
    // Chance decides about each packet: so many that it can't let all pass, or leave one of two wrong addresses out.
    trial('round-robin-per-packet', only('none', 'reply-source'), everywhere, {
      complaint: 'rejected in turn',
      callers: 4,
      echoes: 24,
    }),
    chosen('round-robin-connmark'),
    chosen('round-robin-multihome'),
    chosen('round-robin-float', { float: only('hashed', 'reply-interface') }),
    chosen('round-robin-float', { behindNat: true, float: only('hashed', 'reply-source') }),
    chosen('round-robin-local', { perAddress: true }),
  ],
  open: ({ name, openvpn }) => [trial(name, everywhere, everywhere, { perAddress: openvpn?.server === 'address' })],
  run: async (lab, { setting }, { candidate, seed }) => {
    const { uplinks } = lab.topology.server;
    await Promise.all(serversOf(candidate, uplinks).map((service) => lab.serve('server', service)));

    const { hashed, precondition } = await hashedUplink(lab, setting, seed);
    const ask = async (service: ServiceName, uplink: Uplink, index: number): Promise<Asked> => {
      const requests = requestsTo(service, uplink, index, candidate, setting);
      const calls = requests.map(async (request) => ({ request, answer: await lab.request('client', request) }));
      const expected = await expectation(lab, speechOf(service, candidate), setting, uplink, hashed);
      return { service, uplink: uplink.interface, client: 'client', calls: await Promise.all(calls), expected };
    };
    const together = services.filter((service) => !setting.oneByOne.includes(service));
    const asked = await Promise.all(
      uplinks.flatMap((uplink, index) => together.map((service) => ask(service, uplink, index))),
    );
    for (const service of setting.oneByOne) {
      for (const [index, uplink] of uplinks.entries()) asked.push(await ask(service, uplink, index));
    }
    const evidence = await lab.evidence();
    const cells = asked.map((each) => judgeCell(lab.topology, evidence, each));
    const spread = spreadOf(evidence, setting, uplinks);
    const unhappy = asked
      .filter(({ service, expected }) => service === 'openvpn-udp' && expected === 'reply-source')
      .map(({ uplink, calls }) => ({
        uplink,
        answers: calls.map(({ answer }) => answer),
        came: cameIn(
          evidence,
          calls.map(({ request }) => request),
        ),
      }));
    return [...precondition, ...cells, ...spread, ...complaints(setting, uplinks, hashed, unhappy)];
  },
});

function trial(
  candidate: string,
  unbound: Reach,
  sourced: Reach,
  options: {
    readonly variant?: string;
    readonly network?: ThreeIspsOptions;
    readonly float?: Reach;
    /** Whether OpenVPN has a server for each address. */
    readonly perAddress?: boolean;
    readonly complaint?: Setting['complaint'];
    readonly callers?: number;
    readonly echoes?: number;
    readonly spread?: Setting['spread'];
  } = {},
): Trial<Setting> {
  const { variant = '', network = {}, float, perAddress = false, complaint = 'rejected' } = options;
  const { callers = 1, echoes = 4, spread = null } = options;
  const clients = 3 * callers + 3;
  return {
    candidate,
    variant,
    topology: threeIsps(network),
    tunnels: {
      server: ['tun0', 'tun1', ...(perAddress ? ['tun2', 'tun3'] : [])],
      client: Array.from({ length: clients }, (_, index) => `tun${index}`),
    },
    setting: { reach: { unbound, sourced, ...(float && { float }) }, complaint, callers, echoes, spread, oneByOne: [] },
  };
}

/** A default route over all uplinks: what comes of unsourced answers depends on how the kernel chooses among them. */
function chosen(
  candidate: string,
  options: {
    readonly behindNat?: boolean;
    readonly sourced?: Reach;
    readonly float?: Reach;
    readonly perAddress?: boolean;
  } = {},
): Trial<ByEra<Setting>> {
  const { behindNat = false, sourced = everywhere, float, perAddress = false } = options;
  const network = behindNat ? { variant: 'client behind NAT', network: { cgnat: 'stateful' } as const } : {};
  const hashed = trial(candidate, only('hashed', 'reply-source'), sourced, {
    ...network,
    ...(float && { float }),
    perAddress,
    complaint: behindNat ? 'nothing of it' : 'rejected',
  });
  return { ...hashed, setting: mapEras(choice, (how) => settingFor(how, hashed.setting, behindNat)) };
}

/** @param kept what holds where one uplink is chosen for all that goes to the client */
function settingFor(how: Choice, kept: Setting, behindNat: boolean): Setting {
  const { sourced, float } = kept.reach;
  const own = sourced === everywhere ? everywhere : only('none', 'works or source-filtered');
  const ofFloat = (worst: Expected, best: Expected): { readonly float?: Reach } =>
    float ? { float: only('none', behindNat ? best : worst) } : {};
  switch (how) {
    case 'kept':
    case 'by addresses':
      return kept;
    case 'in turn':
      return {
        ...kept,
        // A client that takes any answer is content with a stranger's only if its own never comes.
        reach: {
          unbound: only('none', 'reply-source'),
          sourced: own,
          ...ofFloat('reply-source or reply-interface', 'reply-source'),
        },
        ...{ complaint: behindNat ? 'nothing wrong' : 'rejected by turns', echoes: 24, spread: 'every line' },
        oneByOne: ['openvpn-udp', 'udp-echo'],
      };
    case 'by flow':
      return {
        ...kept,
        reach: {
          unbound: only('none', 'works or reply-source'),
          sourced: own,
          ...ofFloat('works or reply-interface', 'works or reply-source'),
        },
        ...{ complaint: null, spread: 'one line' },
      };
  }
}

/** By which lines the echo's answers to each caller leave the server. */
function spreadOf(
  { crossings }: Evidence,
  { spread }: Setting,
  uplinks: readonly Uplink[],
): readonly StatementResult[] {
  if (spread === null) return [];
  return uplinks.map(({ interface: uplink }, index) => {
    const caller = `:${echoPort(index)}`;
    const left = crossings.filter(
      ({ host, direction, protocol, destination }) =>
        host === 'server' && direction === 'out' && protocol === 'udp' && destination.endsWith(caller),
    );
    const lines = [...new Set(left.map((each) => each.interface))].sort();
    const name = `the echo's answers to the caller at ${uplink} leave by`;
    const found = lines.map((line) => `${line} ${left.filter((each) => each.interface === line).length} times`);
    const wanted = spread === 'one line' ? 1 : uplinks.length;
    return { ...statement(name, spread, found.join(', ') || 'none'), ok: lines.length === wanted };
  });
}

/** Everything the server runs. Each OpenVPN server has a tunnel network of its own. */
function serversOf({ openvpn }: Candidate, uplinks: readonly Uplink[]): readonly Service[] {
  const addresses = uplinks.map(({ address }) => address);
  const records = { 'probe.test': '192.0.2.53' };
  const udp = { kind: 'openvpn', protocol: 'udp', port: 1194 } as const;
  const [first, ...rest]: Service[] =
    openvpn?.server === 'address'
      ? addresses.map((address, index) => ({
          ...udp,
          name: `openvpn-udp-${index + 1}`,
          binding: { kind: 'address', address },
          tunnel: `tun${index + 1}`,
          network: tunnelNetwork(index + 1),
        }))
      : [
          {
            ...udp,
            name: 'openvpn-udp',
            binding: { kind: openvpn?.server ?? 'wildcard' },
            tunnel: 'tun1',
            network: tunnelNetwork(1),
          },
        ];
  return [
    ...(first ? [first] : []),
    ...rest,
    {
      kind: 'openvpn',
      name: 'openvpn-tcp',
      protocol: 'tcp',
      port: 1194,
      binding: { kind: 'wildcard' },
      tunnel: 'tun0',
      network: tunnelNetwork(0),
    },
    { kind: 'dns', name: 'dns-per-address', port: 53, binding: 'address-per-socket', addresses, records },
    { kind: 'dns', name: 'dns-pktinfo', port: 5300, binding: 'pktinfo', addresses, records },
    { kind: 'ssh', name: 'ssh', port: 22 },
    { kind: 'udp-echo', name: 'udp-echo', port: 7, binding: { kind: 'wildcard' } },
  ];
}

const tunnelNetwork = (tunnel: number): string => `10.8.${tunnel}.0/24`;

const sourcePortOf = (service: ServiceName, uplink: number): number =>
  40000 + uplink * 100 + services.indexOf(service) * 10;
const echoPort = (uplink: number): number => sourcePortOf('udp-echo', uplink);

/** What the client asks of a service at an uplink. Every request has a source port of its own. */
function requestsTo(
  service: ServiceName,
  { address: server }: Uplink,
  index: number,
  { openvpn }: Candidate,
  { callers, echoes }: Setting,
): readonly Request[] {
  const sourcePort = sourcePortOf(service, index);
  const call = { server, sourcePort };
  const look = { ...call, kind: 'dns', name: 'probe.test', address: '192.0.2.53' } as const;
  switch (service) {
    case 'openvpn-udp':
      return Array.from({ length: callers }, (_, caller) => ({
        kind: 'openvpn',
        protocol: 'udp',
        server,
        sourcePort: sourcePort + caller,
        port: 1194,
        tunnel: `tun${3 + index * callers + caller}`,
        through: openvpn?.server === 'address' ? `10.8.${index + 1}.1` : '10.8.1.1',
        float: openvpn?.float ?? false,
      }));
    case 'openvpn-tcp':
      return [
        {
          ...call,
          kind: 'openvpn',
          protocol: 'tcp',
          port: 1194,
          tunnel: `tun${index}`,
          through: '10.8.0.1',
          float: false,
        },
      ];
    case 'dns-per-address':
      return [{ ...look, port: 53 }];
    case 'dns-pktinfo':
      return [{ ...look, port: 5300 }];
    case 'ssh':
      return [{ ...call, kind: 'ssh', port: 22 }];
    case 'udp-echo':
      return [{ ...call, kind: 'udp-echo', port: 7, count: echoes }];
  }
}

function speechOf(service: ServiceName, { openvpn }: Candidate): Speech | 'float' {
  if (service === 'udp-echo') return 'unbound';
  if (service !== 'openvpn-udp' || openvpn?.server === 'address') return 'sourced';
  if (openvpn?.server === 'multihome') return 'pinned';
  return openvpn?.float ? 'float' : 'unbound';
}

async function expectation(
  lab: Lab,
  speech: Speech | 'float',
  { reach }: Setting,
  uplink: Uplink,
  hashed: string,
): Promise<Expected> {
  const rule = speech === 'pinned' ? everywhere : (reach[speech] ?? reach.unbound);
  if (rule.at === 'every uplink') return 'works';
  const home = { first: lab.topology.server.uplinks[0]?.interface, hashed, none: undefined, own: undefined };
  const works =
    rule.at === 'own'
      ? (await lab.route('server', clientAddress, uplink.address)) === uplink.interface
      : home[rule.at] === uplink.interface;
  return works ? 'works' : rule.otherwise;
}

/**
 * The uplink that an unsourced packet to the client takes by a default route over all uplinks: the kernel's own word,
 * which must be what SipHash says where the seed is ours.
 */
async function hashedUplink(
  lab: Lab,
  { reach }: Setting,
  seed: number,
): Promise<{ readonly hashed: string; readonly precondition: readonly StatementResult[] }> {
  const { uplinks } = lab.topology.server;
  // Who knows nothing of the configuration doesn't know whether it has a route.
  if (reach.unbound.at === 'every uplink') return { hashed: '', precondition: [] };
  const kernelsWord = await lab.route('server', clientAddress);
  if (!lab.seeded || reach.unbound.at !== 'hashed') return { hashed: kernelsWord, precondition: [] };
  const hash = hashL3({ source: 0, destination: parseIPv4(clientAddress) }, seed);
  const chosen = selectNexthop(upperBounds(uplinks.map(() => ({ weight: 1, alive: true }))), hash);
  const predicted = uplinks[chosen ?? -1]?.interface ?? 'none';
  return {
    hashed: predicted,
    precondition: [
      statement(
        `precondition: with seed ${seed}, an unsourced packet to ${clientAddress} takes the uplink that SipHash says`,
        predicted,
        kernelsWord,
      ),
    ],
  };
}

/** How many packets for these requests' ports came in at the client. */
function cameIn({ crossings }: Evidence, requests: readonly Asked['calls'][number]['request'][]): number {
  const ports = requests.map(({ sourcePort }) => `:${sourcePort}`);
  return crossings.filter(
    ({ host, direction, protocol, destination }) =>
      host === 'client' && direction === 'in' && protocol === 'udp' && ports.some((port) => destination.endsWith(port)),
  ).length;
}

/** What the clients of an OpenVPN that answers from the wrong address say, and whether anything reaches them. */
function complaints(
  { complaint, reach }: Setting,
  uplinks: readonly Uplink[],
  hashed: string,
  unhappy: readonly { readonly uplink: string; readonly answers: readonly Answer[]; readonly came: number }[],
): readonly CheckResult[] {
  const heard = unhappy.map(({ uplink, answers, came }) => {
    const lines = answers.flatMap(({ said }) => said);
    const from = lines.flatMap((line) => /Incoming packet rejected from \[AF_INET\]([\d.]+):/.exec(line)?.[1] ?? []);
    return { uplink, from: [...new Set(from)].sort(), came };
  });
  switch (complaint) {
    case null:
      return [];
    case 'rejected by turns':
      return heard.map(({ uplink, from }) => {
        const others = uplinks.filter((each) => each.interface !== uplink).map(({ address }) => address);
        return statement(
          `the OpenVPN client at ${uplink} says from where it was answered instead, by turns`,
          `Incoming packet rejected from ${others.join(', ')}`,
          `Incoming packet rejected from ${from.join(', ') || 'nowhere'}`,
        );
      });
    case 'nothing wrong':
      return heard.map(({ uplink, from }) =>
        statement(
          `the OpenVPN client at ${uplink}, behind its NAT, hears of no other address`,
          '0 addresses rejected',
          `${from.length} addresses rejected`,
        ),
      );
    case 'rejected': {
      const taken = reach.unbound.at === 'first' ? uplinks[0] : uplinks.find((each) => each.interface === hashed);
      return heard.map(({ uplink, from }) =>
        statement(
          `the OpenVPN client at ${uplink} says from where it was answered instead`,
          `Incoming packet rejected from ${taken?.address ?? 'nowhere'}`,
          `Incoming packet rejected from ${from.join(', ') || 'nowhere'}`,
        ),
      );
    }
    case 'rejected in turn': {
      const all = [...new Set(heard.flatMap(({ from }) => from))].sort();
      const name = "clients say 'Incoming packet rejected from' one address and then another";
      return [{ ...statement(name, 'at least 2 addresses', all.join(', ')), ok: all.length >= 2 }];
    }
    case 'nothing of it':
      return heard.map(({ uplink, from, came }) =>
        statement(
          `the OpenVPN client at ${uplink}, behind its NAT, hears nothing`,
          '0 packets came in, 0 addresses rejected',
          `${came} packets came in, ${from.length} addresses rejected`,
        ),
      );
  }
}

function statement(name: string, expected: string, found: string): StatementResult {
  return { kind: 'statement', name, expected, found, ok: expected === found };
}
