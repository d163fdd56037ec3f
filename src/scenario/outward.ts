import type { Cause } from '../backend/cause.ts';
import type { Crossing } from '../backend/crossing.ts';
import { addressOf, endsOf, peersOf, type Topology } from '../topology/topology.ts';
import { sourceOf, type DroppedAt } from './dropped.ts';
import type { Flow, FlowRecord } from './journey.ts';
import { isExpected, type CellResult, type Expected, type Journey, type Outcome } from './result.ts';

/** A flow from the server, or from behind it, out into the internet, for some time. */
export interface Outward {
  readonly service: string;
  /** The line that it took before anything happened. */
  readonly uplink: string;
  readonly flow: Flow;
  /** Seconds on the lab's clock: what set out from then on, until then. */
  readonly from: number;
  readonly until: number;
  /** The server's own word on the line that it would send this by, at that time; `null`: it has no route. */
  readonly route: string | null;
  /** `some`: it works if any request was answered. Otherwise the client's own account of it all. */
  readonly accepted: 'some' | boolean;
  readonly expected: Expected;
}

/** Seconds before the end of its time in which a packet may still have been on its way. */
const onItsWay = 0.3;

/**
 * Judges a flow by what became of its packets within a time: the first that was answered, or the last that was lost.
 *
 * @param dropped what is known of packets that got no further
 */
export function judgeOutward(topology: Topology, record: FlowRecord, asked: Outward, dropped: DroppedAt): CellResult {
  const all = exchanges(record, asked.flow, asked.from, asked.until);
  const answered = all.find(({ answer }) => answer !== null);
  const works = asked.accepted === 'some' ? answered !== undefined : asked.accepted;
  const requests = all.map(({ request }) => request);
  const lost = works ? undefined : lostOf(asked, requests, record);
  const [request, reply] = works
    ? [answered?.request ?? requests[0] ?? [], answered?.answer ?? []]
    : [lost?.request ?? [], lost?.reply ?? []];
  const cause = works ? null : reply.length > 0 ? 'reply-lost' : causeOf(topology, asked, request, dropped);
  const found = cause ?? 'works';
  const left = request.findLast(({ host, direction }) => host === topology.server.host && direction === 'out');
  return {
    kind: 'cell',
    service: asked.service,
    uplink: asked.uplink,
    expected: asked.expected,
    found,
    ok: isExpected(asked.expected, found),
    detail: describe(topology, asked, { request, reply }, found, dropped),
    journey: {
      request,
      reply,
      verdict: {
        answered: reply.length > 0,
        accepted: works,
        arrivedBy: reply.length > 0 ? (request.at(-1)?.interface ?? null) : null,
        leftBy: left?.interface ?? null,
        sourceMatches: true,
        cause,
      },
    },
  };
}

/** The line that the server's answered packets of a flow left by, the last of them, within a time; `null`: none was. */
export function lineTaken(
  topology: Topology,
  record: FlowRecord,
  { flow, from, until }: Pick<Outward, 'flow' | 'from' | 'until'>,
): string | null {
  const last = exchanges(record, flow, from, until).findLast(({ answer }) => answer !== null)?.request;
  const left = last?.findLast(({ host, direction }) => host === topology.server.host && direction === 'out');
  return left?.interface ?? null;
}

/** How an outage went. */
export interface Outage {
  /** How many packets weren't answered. What a host can't even send leaves no packet. */
  readonly lost: number;
  /** Seconds of the longest time without an answer, up to one that came; `null` if none did. */
  readonly silence: number | null;
}

/** What became of the requests of a flow that set out within a time. */
export function outage(record: FlowRecord, flow: Flow, from: number, until: number): Outage {
  const all = exchanges(record, flow, from, until);
  const lost = all.filter(({ answer }) => answer === null).length;
  const answers = all.flatMap(({ answer }) => answer?.at(-1)?.time ?? []).sort((one, other) => one - other);
  const silences = answers.map((time, index) => time - (answers[index - 1] ?? from));
  return { lost, silence: silences.length === 0 ? null : Math.max(...silences) };
}

/** A request that set out within a time, as far as it got within that time, and so its answer, if one came. */
interface Exchange {
  readonly request: readonly Crossing[];
  readonly answer: readonly Crossing[] | null;
}

/** What crossed after the time is left out: a packet that waited at a dead line may go on when that is mended. */
function exchanges(record: FlowRecord, { client }: Flow, from: number, until: number): readonly Exchange[] {
  const cut = (path: readonly Crossing[]): readonly Crossing[] => path.filter(({ time }) => time < until);
  const answers = new Map(
    record.replies.flatMap(({ request, reply }) => {
      const [first, last] = [request[0], cut(reply).at(-1)];
      const delivered = last?.host === client && last.direction === 'in' && last.source === first?.destination;
      return delivered ? [[request, reply] as const] : [];
    }),
  );
  return record.requests
    .filter(([first]) => first !== undefined && from <= first.time && first.time < until)
    .map((request) => ({ request: cut(request), answer: answers.get(request) ?? null }));
}

interface Lost {
  readonly request: readonly Crossing[];
  readonly reply: readonly Crossing[];
}

/**
 * What decides about a flow that doesn't work: the last of its requests, if any set out; of a stream, whose client only
 * confirms, the first of the data that were lost, and if none were, the first confirmation.
 */
function lostOf(
  { accepted, flow, from, until }: Outward,
  requests: FlowRecord['requests'],
  record: FlowRecord,
): Lost | undefined {
  if (accepted === 'some') {
    const last = requests.findLast(([first]) => first !== undefined && first.time < until - onItsWay) ?? requests[0];
    return last && { request: last, reply: [] };
  }
  const arrives = (path: readonly Crossing[], host: string): boolean =>
    path.at(-1)?.host === host && path.at(-1)?.direction === 'in';
  const far = record.replies[0]?.reply[0]?.host ?? '';
  const answer = record.replies
    .map(({ request, reply }) => ({ request, reply: reply.filter(({ time }) => time < until) }))
    .find(({ reply }) => (reply[0]?.time ?? -Infinity) >= from && !arrives(reply, flow.client));
  const request = requests.find((path) => !arrives(path, far));
  return answer ?? (request && { request, reply: [] });
}

/** Why a request got no further than it did. */
function causeOf(topology: Topology, { route }: Outward, request: readonly Crossing[], dropped: DroppedAt): Cause {
  const { server } = topology;
  const last = request.at(-1);
  const uplink = server.uplinks.find((each) => each.interface === last?.interface);
  const notSent = last === undefined || (last.host === server.host && last.direction === 'in');
  if (notSent) return route === null ? 'no-route' : 'dead-nexthop';
  if (last.host === server.host && uplink) return 'dead-nexthop';
  const gateway = server.uplinks.some(({ interface: name }) =>
    peersOf(topology, server.host, name).some((peer) => peer.host === last.host && peer.interface === last.interface),
  );
  if (!gateway || last.direction === 'out') return 'request-lost';
  return dropped(last)?.cause === 'source-filtered' ? 'stale-nat' : 'dead-nexthop';
}

function describe(
  topology: Topology,
  { flow: { client, server, port }, route, accepted }: Outward,
  { request, reply }: Pick<Journey, 'request' | 'reply'>,
  found: Outcome,
  dropped: DroppedAt,
): string {
  const what = accepted === 'some' ? 'a question' : 'a packet';
  const about = `${what} of ${client} to ${server}:${port}`;
  const word = route === null ? 'the server had no route for it' : `the server would send it by ${route}`;
  const last = (reply.length > 0 ? reply : request).at(-1);
  if (!last) return `no packet of ${client} to ${server}:${port} left; ${word}`;
  const left = request.findLast(({ host, direction }) => host === topology.server.host && direction === 'out');
  const by = left ? `left the server by ${left.interface} from ${left.source}` : `did not leave the server; ${word}`;
  if (found === 'works') return `${about} ${by} and was answered`;
  const own = endsOf(topology, last.host).some(({ addresses }) =>
    addresses.some((address) => addressOf(address) === last.destination.replace(/:.*$/, '')),
  );
  const refused = found === 'stale-nat' ? dropped(last) : undefined;
  const end = refused
    ? `was dropped by the source filter of ${last.host}${sourceOf(refused)}`
    : `${own ? 'reached' : 'got no further than'} ${last.host}`;
  return reply.length > 0
    ? `an answer from ${server}:${port} to ${client} ${end}`
    : left
      ? `${about} ${by} and ${end}`
      : `${about} ${by}`;
}
