import homeGateway from '../lab/topologies/home-gateway.ts';
import type { Crossing, Evidence } from '../src/backend/crossing.ts';
import type { Lab } from '../src/backend/lab.ts';
import { inEra } from '../src/scenario/by-era.ts';
import type { StatementResult } from '../src/scenario/result.ts';
import { defineScenario, type Trial } from '../src/scenario/scenario.ts';
import { hostNamed, type Topology } from '../src/topology/topology.ts';
import { choice, isKnown } from './eras/choice.ts';
import { company, openTunnel, serveVpn, tunnel, tunnels, vpn, wayBy, waysTaken } from './home-gateway/company.ts';

interface Setting {
  /** Whose connections the pins take hold of; all others go by the hash. */
  readonly pinned: readonly string[];
  /** Whether there is a table for the VPN, by which answers to the company find their way. */
  readonly vpnTable: boolean;
  /** The lines that have no SNAT. */
  readonly untranslated: readonly string[];
}

/** What is pinned, and to what; and what comes of a connection by another way. */
const targets = [
  { name: 'mail', host: 'mail', address: '198.51.100.70', port: 25, way: 'ppp0', otherwise: 'answered' },
  {
    name: "isp2's statistics",
    host: 'statistics',
    address: '203.0.114.200',
    port: 80,
    way: 'ppp1',
    otherwise: 'refused',
  },
  { name: 'the company', host: 'company', address: company, port: 80, way: 'tun0', otherwise: 'not answered' },
] as const;
type Outcome = (typeof targets)[number]['otherwise'] | 'source-filtered';

/** The home network's hosts, and their addresses. */
const inside = [
  { host: 'desktop', address: '192.168.2.100' },
  { host: 'laptop', address: '192.168.2.101' },
];
const home = inside.map(({ host }) => host);
const everybody = ['server', ...home];

/** The server's own web site, and who looks at it: the company's host through the tunnel, the desktop from home. */
const site = 8000;
const visitors = {
  company: { kind: 'tcp-echo', server: tunnel.ours, port: site, sourcePort: 41000 },
  desktop: { kind: 'tcp-echo', server: '192.168.2.1', port: site, sourcePort: 41001 },
} as const;

export default defineScenario<Setting>({
  title: "Do mail, one ISP's own site and the company's VPN go by the lines they are pinned to?",
  lesson: `Two lines are balanced, but mail is to go out by the first, whose address has a name, and the second ISP's statistics by
the second, since they refuse everybody who is not a customer. The company is reached through its VPN, and the VPN by the
first line. Without pins the hash decides: four of five hosts are refused, and what is for the company goes to an ISP, who
knows no way there.

A mark by destination and a rule by mark pin them. For the server's own connections it is set in OUTPUT: they are routed a
second time by it, but keep the source that the first routing gave them, so SNAT on each line has to follow; on a line
without it they leave with a foreign address, and the ISP drops them. For the home network the mark must be set in
PREROUTING, before the only time that its packets are routed; in FORWARD it comes too late. And rules by source must not
come before those by mark: the server's own connections have a source by then, that of the wrong line, and no mark is asked.

What comes in through the tunnel is answered through it by the same table; without one the answer goes to an ISP.`,
  services: [],
  trials: [
    trial('balance-8-2', { pinned: [], vpnTable: false }),
    trial('home-pins', {}),
    trial('home-pins-in-forward', { pinned: ['server'] }),
    trial('home-pins-one-snat', { untranslated: ['ppp1'] }),
    trial('home-connmark', {}),
    trial('home-connmark-nft', {}),
    trial('home-source-rules', { pinned: home }),
    trial('home-both', { pinned: home }),
    trial('shorewall', {}),
  ],
  open: ({ name }) => [trial(name, {})],
  run: async (lab, { setting }, { candidate, release }) => {
    const how = inEra(choice, release);
    /** Whose line can be asked for, where no pin says it: of what is forwarded, all but turns. */
    const isAsked = (host: string): boolean => (host === 'server' ? isKnown(how) : how !== 'in turn');
    await Promise.all([
      ...targets.map(({ host, port }) => lab.serve(host, { kind: 'tcp-echo', name: `port-${port}`, port })),
      lab.serve('server', { kind: 'tcp-echo', name: 'site', port: site }),
    ]);
    await serveVpn(lab);
    const client = await openTunnel(lab, candidate);
    const asking = async (source?: string, to = company): Promise<string | null> =>
      isAsked('server') ? lab.route('server', to, source) : null;
    const vpnLine = setting.pinned.includes('server') ? 'ppp0' : await asking(undefined, vpn.address);
    const answerLine = setting.vpnTable ? 'tun0' : await asking(tunnel.ours);
    const asked = await Promise.all(
      everybody.flatMap((host, hostIndex) =>
        targets.map(async ({ address, port, ...target }, targetIndex) => {
          const sourcePort = 40000 + hostIndex * 10 + targetIndex;
          const isPinned = setting.pinned.includes(host);
          const isSaid = isPinned && !setting.untranslated.includes(target.way);
          const routed = !isSaid && isAsked(host) ? await balanced(lab, host, address) : { line: null, source: null };
          const way = isPinned ? target.way : routed.line;
          const translated = way !== null && !setting.untranslated.includes(way);
          const source = translated ? addressOn(lab.topology, way) : routed.source;
          const { accepted } = await lab.request(host, { kind: 'tcp-echo', server: address, port, sourcePort });
          const name = `${host} to ${target.name}${setting.pinned.includes(host) ? '' : ', not pinned'}`;
          const outcome: Outcome = way === target.way ? 'answered' : target.otherwise;
          return { name, way, source, outcome, accepted, from: sourcePort, to: `${address}:${port}` };
        }),
      ),
    );
    const [fromCompany, fromHome] = await Promise.all([
      lab.request('company', visitors.company),
      lab.request('desktop', visitors.desktop),
    ]);
    await client.stop();
    const evidence = await lab.evidence();
    const judge = judging(lab.topology, evidence);
    return [
      ...asked.map(judge),
      judge({
        ...{
          name: "the server's answers to the company's host",
          way: answerLine,
          source: tunnel.ours,
          outcome: 'answered',
        },
        ...{ accepted: fromCompany.accepted, from: site, to: `${company}:${visitors.company.sourcePort}` },
      }),
      answersHome(lab.topology, evidence, fromHome.accepted),
      statement(
        `the VPN${setting.pinned.includes('server') ? '' : ', not pinned'}`,
        vpnLine === null ? byEither(lab.topology) : wayBy(vpnLine, addressOn(lab.topology, vpnLine)),
        waysTaken(lab.topology, packetsTo(evidence, `${vpn.address}:${vpn.port}`)),
        vpnLine === null,
      ),
    ];
  },
});

function trial(candidate: string, setting: Partial<Setting>): Trial<Setting> {
  const usual: Setting = { pinned: everybody, vpnTable: true, untranslated: [] };
  return { candidate, variant: '', topology: homeGateway(), tunnels, setting: { ...usual, ...setting } };
}

/** The line that the multipath route gives to a host's connection, and the source it then has: the kernel's own word. */
async function balanced(
  lab: Lab,
  host: string,
  destination: string,
): Promise<{ readonly line: string; readonly source: string }> {
  const own = inside.find((each) => each.host === host);
  if (own) return { line: await lab.route('server', destination, own.address, 'eth2'), source: own.address };
  // A connection is routed without a source first; that line's address becomes its source, and it is routed again.
  const source = addressOn(lab.topology, await lab.route('server', destination));
  return { line: await lab.route('server', destination, source), source };
}

/** The server's address on a line, or in the tunnel. */
function addressOn({ server }: Topology, way: string): string {
  const uplink = server.uplinks.find((each) => each.interface === way);
  return uplink?.address ?? (way === 'tun0' ? tunnel.ours : 'nowhere');
}

/** One direction of a connection that passes the server, and what should become of it. */
interface Passing {
  readonly name: string;
  /** Null: chance says by which line. */
  readonly way: string | null;
  /** The address that it should leave the server from; null: that of whichever line. */
  readonly source: string | null;
  /** What comes of it by this way, if the ISP lets it pass. */
  readonly outcome: Outcome;
  /** Whether the client had its answer. */
  readonly accepted: boolean;
  /** The port that its packets come from, and where they go. */
  readonly from: number;
  readonly to: string;
}

function judging(topology: Topology, evidence: Evidence): (passing: Passing) => StatementResult {
  return ({ name, way, source, outcome, accepted, from, to }) => {
    const packets = packetsTo(evidence, to).filter((each) => each.source.endsWith(`:${from}`));
    const found = `${waysTaken(topology, packets)}, ${accepted ? 'answered' : fate(topology, evidence, packets, { from, to })}`;
    if (way === null || source === null) {
      const lines = way === null ? byEither(topology) : `by ${way}`;
      return statement(name, lines, found, true);
    }
    const foreign = source !== addressOn(topology, way) || (way !== 'tun0' && source === tunnel.ours);
    const expected = foreign ? 'source-filtered' : outcome;
    return statement(name, `${wayBy(way, source)}, ${expected}`, found);
  };
}

/** What the server answers the home network goes there, whatever is noted on the connection. */
function answersHome({ server }: Topology, evidence: Evidence, accepted: boolean): StatementResult {
  const left = packetsTo(evidence, `${inside[0]?.address ?? ''}:${visitors.desktop.sourcePort}`).filter(
    ({ host, direction }) => host === server.host && direction === 'out',
  );
  const by = [...new Set(left.map((each) => each.interface))].join(' and ') || 'nothing';
  return statement(
    "the server's answers to the desktop",
    'by eth2, answered',
    `by ${by}, ${accepted ? 'answered' : 'not answered'}`,
  );
}

function packetsTo({ crossings }: Evidence, destination: string): readonly Crossing[] {
  return crossings.filter((each) => each.destination === destination);
}

/** What became of a connection that got no answer: an ISP's filter was as far as it came, it was refused, or nothing. */
function fate(
  topology: Topology,
  { crossings }: Evidence,
  packets: readonly Crossing[],
  { from, to }: Pick<Passing, 'from' | 'to'>,
): Outcome {
  const last = packets.at(-1);
  if (last?.direction === 'in' && last.interface === hostNamed(topology, last.host).sourceFilter?.interface) {
    return 'source-filtered';
  }
  const refusal = crossings.some(
    ({ source, destination, summary }) => source === to && destination.endsWith(`:${from}`) && summary.includes('RST'),
  );
  return refusal ? 'refused' : 'not answered';
}

/** By any of the lines, or by several of them. */
function byEither({ server }: Topology): string {
  return `by ${server.uplinks.map((uplink) => uplink.interface).join(' or ')}`;
}

/** @param chance any of the ways that are expected will do: `by ppp0 or ppp1` */
function statement(name: string, expected: string, found: string, chance = false): StatementResult {
  const allowed = expected.replace(/^by /, '').split(' or ');
  const taken = Array.from(found.matchAll(/\bby (\S+)/g), ([, line = '']) => line);
  const ok = chance ? taken.length > 0 && taken.every((line) => allowed.includes(line)) : expected === found;
  return { kind: 'statement', name, expected, found, ok };
}
