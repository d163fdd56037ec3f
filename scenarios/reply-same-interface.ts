import homeGateway from '../lab/topologies/home-gateway.ts';
import type { Cause } from '../src/backend/cause.ts';
import type { Lab } from '../src/backend/lab.ts';
import type { Request, Service } from '../src/backend/service.ts';
import { hashL3, selectNexthop, upperBounds } from '../src/model/multipath.ts';
import { parseIPv4 } from '../src/net/address.ts';
import { inEra } from '../src/scenario/by-era.ts';
import { judgeCell } from '../src/scenario/cell.ts';
import type { Expected, Outcome, StatementResult } from '../src/scenario/result.ts';
import { defineScenario, type Trial } from '../src/scenario/scenario.ts';
import type { Uplink } from '../src/topology/topology.ts';
import { choice, isKnown, type Choice } from './eras/choice.ts';

const services = [
  'web',
  'web-from-isp2',
  'udp-bound',
  'udp-unbound',
  'udp-unbound-from-isp2',
  'ping',
  'forwarded-port',
] as const;
type ServiceName = (typeof services)[number];

/** At which uplinks a kind of answer goes right, and why it doesn't elsewhere. */
type Reach =
  | 'everywhere'
  | {
      /**
       * `unsourced`, `forwarded`: the one that the hash gives to what has no source yet, and to what the desktop sends. `own`:
       * where routing by source leads home. `second`: the one that the caller's address is pinned to.
       */
      readonly at: 'unsourced' | 'forwarded' | 'own' | 'second' | 'none';
      readonly otherwise: Cause;
    }
  /** The hash gives the answer its source, and then the pin its line, but for answers that belong to a known connection. */
  | { readonly at: 'pinned'; readonly known: Outcome };
type Reaches = Readonly<Record<ServiceName, Reach>>;
/** `all works`: of whatever configuration, which may not even have the route that the others share. */
type Setting = Reaches | 'all works';

/** The candidates' weights, in the order of the uplinks. */
const weights = [8, 2];
const client = { host: 'client', address: '198.51.100.10' };
const statistics = { host: 'statistics', address: '203.0.114.200' };
const desktop = '192.168.2.100';

const own: Reach = { at: 'own', otherwise: 'source-filtered' };
const unsourced: Reach = { at: 'unsourced', otherwise: 'reply-source' };
const forwarded: Reach = { at: 'forwarded', otherwise: 'source-filtered' };

/** Balancing, and nothing that sends answers home. */
const balanced: Reaches = {
  web: own,
  'web-from-isp2': own,
  'udp-bound': own,
  'udp-unbound': unsourced,
  'udp-unbound-from-isp2': unsourced,
  ping: own,
  'forwarded-port': forwarded,
};
/** Answers of the server's that carry their address go home; what it forwards goes by the hash. */
const bySource: Reaches = {
  ...balanced,
  ...{ web: 'everywhere', 'web-from-isp2': 'everywhere', 'udp-bound': 'everywhere', ping: 'everywhere' },
};
/** All that belongs to a known connection goes home: which an unbound UDP server's answer does only by luck. */
const byMark: Reaches = {
  ...bySource,
  ...{ 'forwarded-port': 'everywhere', 'udp-unbound-from-isp2': { at: 'pinned', known: 'works' } },
};

export default defineScenario<Setting>({
  title: 'Does an answer leave by the interface that the request came in on?',
  lesson: `A home server has two lines and a default route spread over both. Somebody calls it on the address of one line; the
answer is right if it carries that address and leaves by that line. The ISPs drop what carries the other's.

The default route knows nothing of requests. Since Linux 6.16 it prefers the line whose address an answer carries, which
sends home what the server itself says over TCP, from bound UDP sockets and to pings; before, one in five or four in five of
the callers were answered by the wrong line. A pin (a mark by destination) overrules that on any kernel. A port forwarded
into the home network never gains from it, for the answer still has its inner address when it is routed.

Connection marks mend all of these: note the line on the connection, restore it on the answers, and on the answers only.
They don't mend an unbound UDP server: with the other line's address its answer belongs to no known connection. To a caller
who is pinned, it is a new connection of the server's own, and the pin sends it by the caller's line. If that is the line that
the call came in by, SNAT would make the answer look right; but the address and port that it needs are those of the call, and
it gets another port.`,
  services,
  trials: [
    trial('balance-8-2', balanced),
    trial('home-pins', {
      ...balanced,
      'web-from-isp2': { at: 'second', otherwise: 'source-filtered' },
      'udp-unbound-from-isp2': { at: 'pinned', known: 'source-filtered' },
    }),
    trial('home-connmark', byMark),
    trial('home-connmark-nft', byMark),
    trial('home-connmark-both-ways', { ...byMark, 'forwarded-port': { at: 'none', otherwise: 'request-astray' } }),
    trial('home-source-rules', bySource),
    // Rules by source come first, and leave nothing to the pin.
    trial('home-both', { ...byMark, 'udp-unbound-from-isp2': unsourced }),
    // It pins by a rule for the destination, which gives what has no source yet the second line's.
    trial('shorewall', { ...byMark, 'udp-unbound-from-isp2': { at: 'second', otherwise: 'reply-source' } }),
  ],
  open: ({ name }) => [trial(name, 'all works')],
  run: async (lab, { setting }, { seed, release }) => {
    const { uplinks } = lab.topology.server;
    await Promise.all([
      ...serversOf(uplinks).map((service) => lab.serve('server', service)),
      lab.serve('desktop', { kind: 'tcp-echo', name: 'web', port: 80 }),
    ]);
    const how = inEra(choice, release);
    const leaving = setting === 'all works' ? null : await linesWithout(lab, setting, seed);
    const asked = await Promise.all(
      uplinks.flatMap((uplink, index) =>
        services.map(async (service) => {
          const fromIsp2 = service.endsWith('from-isp2');
          const caller = fromIsp2 ? statistics : client;
          const request = requestTo(service, uplink, 40000 + index * 100 + services.indexOf(service));
          const answer = await lab.request(caller.host, request);
          const lines = leaving && {
            unsourced: (fromIsp2 ? leaving.statistics : leaving.unsourced).line,
            forwarded: leaving.forwarded.line,
            own: await lab.route('server', caller.address, uplink.address),
          };
          const expected =
            setting === 'all works' || !lines ? 'works' : expectation(setting[service], uplinks, uplink, lines, how);
          const behind = service === 'forwarded-port' ? { behind: 'desktop' } : {};
          return {
            ...{ service, uplink: uplink.interface, client: caller.host, ...behind },
            ...{ calls: [{ request, answer }], expected },
          };
        }),
      ),
    );
    const evidence = await lab.evidence();
    const cells = asked.map((each) => judgeCell(lab.topology, evidence, each));
    return [...Object.values(leaving ?? {}).flatMap(({ precondition }) => precondition), ...cells];
  },
});

function trial(candidate: string, setting: Setting): Trial<Setting> {
  return { candidate, variant: '', topology: homeGateway(), tunnels: {}, setting };
}

/** What the server itself answers. */
function serversOf(uplinks: readonly Uplink[]): readonly Service[] {
  return [
    { kind: 'tcp-echo', name: 'web', port: 80 },
    { kind: 'udp-echo', name: 'udp-unbound', port: 5000, binding: { kind: 'wildcard' } },
    ...uplinks.map(({ address, interface: name }): Service => {
      return { kind: 'udp-echo', name: `udp-bound-${name}`, port: 5001, binding: { kind: 'address', address } };
    }),
  ];
}

function requestTo(service: ServiceName, { address: server }: Uplink, sourcePort: number): Request {
  const call = { server, sourcePort };
  switch (service) {
    case 'web':
    case 'web-from-isp2':
      return { ...call, kind: 'tcp-echo', port: 80 };
    case 'udp-bound':
      return { ...call, kind: 'udp-echo', port: 5001, count: 3 };
    case 'udp-unbound':
    case 'udp-unbound-from-isp2':
      return { ...call, kind: 'udp-echo', port: 5000, count: 3 };
    case 'ping':
      return { ...call, kind: 'ping', port: 0 };
    case 'forwarded-port':
      return { ...call, kind: 'tcp-echo', port: 8080 };
  }
}

function expectation(
  reach: Reach,
  [first]: readonly Uplink[],
  { interface: line }: Uplink,
  lines: Readonly<Record<'unsourced' | 'forwarded' | 'own', string>>,
  how: Choice,
): Expected {
  if (reach === 'everywhere') return 'works';
  const isFirst = line === first?.interface;
  switch (reach.at) {
    case 'unsourced':
    case 'own':
      if (!isKnown(how)) return `works or ${reach.otherwise}`;
      return lines[reach.at] === line ? 'works' : reach.otherwise;
    case 'forwarded':
      // The hash of what is forwarded has never taken in ports by itself.
      if (how === 'in turn') return `works or ${reach.otherwise}`;
      return lines[reach.at] === line ? 'works' : reach.otherwise;
    case 'second':
      return isFirst ? reach.otherwise : 'works';
    case 'none':
      return reach.otherwise;
    case 'pinned':
      if (!isKnown(how)) return isFirst ? `${reach.known} or reply-source` : 'works or reply-source';
      if (lines.unsourced !== first?.interface) return isFirst ? 'reply-source' : 'works';
      // NAT finds the address and port taken that would make it right, and gives it another port.
      return isFirst ? reach.known : 'reply-source';
  }
}

/** Whether a rule for the destination gives unsourced packets to isp2's statistics their line, before any hash is asked. */
function isRuled({ 'udp-unbound-from-isp2': reach }: Reaches): boolean {
  return reach !== 'everywhere' && reach.at === 'second';
}

async function ruledLine(lab: Lab): Promise<Leaving> {
  const expected = lab.topology.server.uplinks[1]?.interface ?? 'none';
  const found = await lab.route('server', statistics.address);
  const name = `precondition: an unsourced packet to ${statistics.address} takes the line that the rule says`;
  return {
    line: expected,
    precondition: [{ kind: 'statement', name, expected, found, ok: expected === found }],
  };
}

/** The line that an answer takes if nothing sends it home, and the check that the kernel agrees. */
interface Leaving {
  readonly line: string;
  readonly precondition: readonly StatementResult[];
}

/** The lines of answers that nothing sends home. */
async function linesWithout(lab: Lab, reaches: Reaches, seed: number) {
  return {
    unsourced: await hashedLine(lab, seed, client.address),
    statistics: isRuled(reaches) ? await ruledLine(lab) : await hashedLine(lab, seed, statistics.address),
    forwarded: await hashedLine(lab, seed, client.address, desktop),
  };
}

/** The line that the hash gives to a packet of the server's: the kernel's word, which is SipHash's where the seed is ours. */
async function hashedLine(lab: Lab, seed: number, destination: string, source?: string): Promise<Leaving> {
  const kernelsWord = await (source === undefined
    ? lab.route('server', destination)
    : lab.route('server', destination, source, 'eth2'));
  if (!lab.seeded) return { line: kernelsWord, precondition: [] };
  const bounds = upperBounds(weights.map((weight) => ({ weight, alive: true })));
  const addresses = { source: source === undefined ? 0 : parseIPv4(source), destination: parseIPv4(destination) };
  const line = lab.topology.server.uplinks[selectNexthop(bounds, hashL3(addresses, seed)) ?? -1]?.interface ?? 'none';
  const what = source === undefined ? 'an unsourced packet' : `what ${source} sends`;
  const name = `precondition: with seed ${seed}, ${what} to ${destination} takes the line that SipHash says`;
  return {
    line,
    precondition: [{ kind: 'statement', name, expected: line, found: kernelsWord, ok: line === kernelsWord }],
  };
}
