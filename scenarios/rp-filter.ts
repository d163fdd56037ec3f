import homeGateway from '../lab/topologies/home-gateway.ts';
import type { Crossing, Evidence } from '../src/backend/crossing.ts';
import type { Answer, Request } from '../src/backend/service.ts';
import { byEra, inEra } from '../src/scenario/by-era.ts';
import { judgeCell } from '../src/scenario/cell.ts';
import { droppedIn } from '../src/scenario/dropped.ts';
import type { StatementResult } from '../src/scenario/result.ts';
import { defineScenario, type Trial } from '../src/scenario/scenario.ts';
import type { Topology, Uplink } from '../src/topology/topology.ts';
import { wayBy, wayTaken } from './home-gateway/ways.ts';

/** The first four are called from outside, the others call: the host that each line is pinned for. */
const services = ['web', 'udp', 'ping', 'forwarded-port', 'pinned', 'pinned-from-home'] as const;
type ServiceName = (typeof services)[number];

interface Setting {
  /** What the reverse-path filter drops on the second line; on the first, to which the unmarked look-up leads, nothing. */
  readonly filtered: readonly ServiceName[];
}

/** Whether the filter counts what it drops. */
const counts = byEra(false, { since: '3.3', is: true, because: 'TcpExtIPReversePathFilter came' });

/** The kernel's name for what the filter drops. */
const filterReason = 'IP_RPFILTER';

/** Who calls from outside. */
const caller = '198.51.100.10';

/** By line. */
const targets = [
  { host: 'mail', server: '198.51.100.70', port: 25 },
  { host: 'statistics', server: '203.0.114.200', port: 80 },
];

export default defineScenario<Setting>({
  title: 'What does the reverse-path filter make of routing by marks?',
  lesson: `A home server has two lines. All goes by the first but what a mark sends by the second: the answers to whoever called there,
and what is pinned. Then somebody hardens the machine: rp_filter=1.

The strict filter asks, for each packet that comes in, by which interface an answer would go, and drops the packet if that is
another one. It asks without the packet's mark. So everything that comes in by the second line is dropped, the answers to
pinned requests too: the SYN arrives, as tcpdump shows, nothing is sent back, and no firewall counts anything. What counts it
is \`nstat -az TcpExtIPReversePathFilter\`. With log_martians=1 the kernel logs 'martian source 203.0.114.77 from
198.51.100.10, on dev ppp1'; but at most ten times in five seconds, and in the machine's one log, where labs side by side can't be
told apart. So here the counter is compared with the packets.

Three ways out. src_valid_mark=1 has the filter ask with the packet's mark; that must be there before the packet is routed, so
PREROUTING restores it on what comes in by the lines, too, and the marked tables need a route home. rp_filter=2 (loose) lets
pass whatever any route leads back to. And where the default route is spread over both lines, either line will do; until
one of them goes.

Rules by source mend a part: the filter asks for an answer from the address that the packet is sent to. But it does so after
NAT's reversal, when that is no longer the line's address: what is forwarded, and the server's own pinned requests.

What holds on an interface is the greater of its own value and that of \`all\`: systemd's 2 on each interface makes your
\`all\` = 1 loose.`,
  services,
  trials: [
    trial('home-strict', services),
    trial('home-strict-valid-mark', []),
    trial('home-loose', []),
    trial('home-strict-balanced', []),
    trial('home-strict-source-rules', ['forwarded-port', 'pinned', 'pinned-from-home']),
  ],
  open: ({ name }) => [trial(name, [])],
  run: async (lab, { setting: { filtered } }, { release }) => {
    const { uplinks } = lab.topology.server;
    await Promise.all([
      lab.serve('server', { kind: 'tcp-echo', name: 'web', port: 80 }),
      ...uplinks.map(({ address, interface: name }) =>
        lab.serve('server', { kind: 'udp-echo', name: `udp-${name}`, port: 7, binding: { kind: 'address', address } }),
      ),
      lab.serve('desktop', { kind: 'tcp-echo', name: 'web', port: 80 }),
      ...targets.map(({ host, port }) => lab.serve(host, { kind: 'tcp-echo', name: `port-${port}`, port })),
    ]);
    const asked = await Promise.all(
      uplinks.flatMap((uplink, index) =>
        services.map(async (service): Promise<Asked> => {
          const call = callOf(service, uplink, index);
          const answer = await lab.request(call.client, call.request);
          return {
            service,
            uplink: uplink.interface,
            ...call,
            answer,
            dropped: index === 1 && filtered.includes(service),
          };
        }),
      ),
    );
    const evidence = await lab.evidence();
    const cells = asked.map(({ request, answer, dropped, ...each }) =>
      judgeCell(lab.topology, evidence, {
        ...each,
        calls: [{ request, answer }],
        expected: dropped ? 'reverse-path' : 'works',
      }),
    );
    const ways = asked
      .filter(({ service }) => service.startsWith('pinned'))
      .map(({ service, uplink, request }) =>
        statement(
          `${service} at ${uplink} leaves`,
          wayBy(lab.topology, uplink),
          wayTaken(lab.topology, evidence, request),
        ),
      );
    return [...cells, ...ways, ...counted(lab.topology, evidence, asked, inEra(counts, release))];
  },
});

function trial(candidate: string, filtered: readonly ServiceName[]): Trial<Setting> {
  return { candidate, variant: '', topology: homeGateway(), tunnels: {}, setting: { filtered } };
}

interface Call {
  readonly client: string;
  readonly behind?: string;
  readonly request: Request;
}

interface Asked extends Call {
  readonly service: ServiceName;
  readonly uplink: string;
  readonly answer: Answer;
  /** The filter is to drop what comes in of it. */
  readonly dropped: boolean;
}

function callOf(service: ServiceName, { address: server }: Uplink, index: number): Call {
  const sourcePort = 40000 + index * 100 + services.indexOf(service);
  const call = { server, sourcePort };
  const target = targets[index];
  if (!target) throw new Error(`no target for line ${index + 1}`);
  const pinned = { kind: 'tcp-echo', server: target.server, port: target.port, sourcePort } as const;
  switch (service) {
    case 'web':
      return { client: 'client', request: { ...call, kind: 'tcp-echo', port: 80 } };
    case 'udp':
      return { client: 'client', request: { ...call, kind: 'udp-echo', port: 7, count: 3 } };
    case 'ping':
      return { client: 'client', request: { ...call, kind: 'ping', port: 0 } };
    case 'forwarded-port':
      return { client: 'client', behind: 'desktop', request: { ...call, kind: 'tcp-echo', port: 8080 } };
    case 'pinned':
      return { client: 'server', request: pinned };
    case 'pinned-from-home':
      return { client: 'desktop', request: pinned };
  }
}

/**
 * The filter's count, which is to be the number of packets that came in to be dropped. Callers that get no answer try again
 * at their leisure; a packet that came in while the counter was being read may be in it, or not. Where the kernel names
 * each packet that it drops, those are to be the same.
 */
function counted(
  topology: Topology,
  evidence: Evidence,
  asked: readonly Asked[],
  hasCounter: boolean,
): readonly StatementResult[] {
  const { crossings, filtered, drops, dropsMissed = 0 } = evidence;
  const { host } = topology.server;
  const doomed = asked.filter(({ dropped }) => dropped);
  const arrivals = crossings.filter(
    (crossing) =>
      crossing.host === host &&
      crossing.direction === 'in' &&
      doomed.some((each) => each.uplink === crossing.interface && belongs(crossing, each)),
  );
  const before = arrivals.filter(({ time }) => time <= filtered.to);
  const least = before.filter(({ time }) => time < filtered.from).length;
  const expected = least === before.length ? String(least) : `${least} to ${before.length}`;
  const enough = doomed.length === 0 || least >= doomed.length;
  const counter = 'packets dropped, by the count of IPReversePathFilter';
  const count: StatementResult = {
    ...statement(counter, expected, String(filtered.value)),
    ok: enough && least <= filtered.value && filtered.value <= before.length,
  };
  const none = statement(`${counter}, which came with Linux 3.3`, '0', String(filtered.value));
  if (!drops) return [hasCounter ? count : none];
  const droppedAt = droppedIn(topology, evidence);
  const named = before.filter((arrival) => droppedAt(arrival)?.drop?.reason === filterReason).length;
  const others = drops.filter(
    (drop) => drop.host === host && drop.reason === filterReason && !doomed.some((each) => belongs(drop, each)),
  ).length;
  const name = `packets dropped, by the kernel's word (${filterReason})`;
  const all = `${before.length} of ${before.length}, no other`;
  const untold = before.length - named;
  const why = dropsMissed > 0 ? ` (the kernel kept back ${dropsMissed} of its words, of whatever they were)` : '';
  const word: StatementResult = {
    ...statement(name, all, `${named} of ${before.length}, ${others || 'no'} other${why}`),
    ok: untold <= dropsMissed && others === 0,
  };
  return [hasCounter ? count : none, word];
}

/** Whether a packet that comes in is a part of what was asked; a request's port is nobody else's. */
function belongs({ source, destination }: Pick<Crossing, 'source' | 'destination'>, { request }: Asked): boolean {
  if (request.kind === 'ping') return source === caller && destination === request.server;
  const port = `:${request.sourcePort}`;
  return source.endsWith(port) || destination.endsWith(port);
}

function statement(name: string, expected: string, found: string): StatementResult {
  return { kind: 'statement', name, expected, found, ok: expected === found };
}
