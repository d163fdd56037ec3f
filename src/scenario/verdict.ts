import type { Cause } from '../backend/cause.ts';
import type { Crossing } from '../backend/crossing.ts';
import { LabError } from '../net/error.ts';
import { addressOf, endsOf, ownerOf, peersOf, type End, type Topology } from '../topology/topology.ts';
import { sourceOf, type DroppedAt } from './dropped.ts';
import type { FlowRecord } from './journey.ts';
import type { Journey, Verdict } from './result.ts';

/**
 * Judges a flow by its packets: the journey that decides, which is the first that went wrong, or the first of all if
 * none did.
 *
 * @param accepted whether the client, by its own account, got what it asked for
 * @param dropped what is known of packets that got no further
 * @throws LabError `lab-failed` if it says so, and no reply was seen to reach it
 */
export function judgeFlow(
  topology: Topology,
  client: string,
  record: FlowRecord,
  accepted: boolean,
  dropped: DroppedAt,
): Journey {
  // Of an answer that the client had, nothing need be inferred from what the server counts.
  const droppedAt: DroppedAt = (last) => {
    const known = dropped(last);
    return accepted && known?.drop === null && last.host === topology.server.host ? undefined : known;
  };
  const replies = record.replies.map(({ request, reply }) => observe(topology, client, request, reply, droppedAt));
  const delivered = replies.filter((reply) => reply.delivered);
  if (accepted && delivered.length === 0) {
    const called = record.requests[0]?.[0]?.destination ?? 'the server';
    throw new LabError(
      'lab-failed',
      `${client} had an answer from ${called}, and no reply was recorded that reached it`,
      'the recording is incomplete: compare captures/ and logs/ of this trial',
    );
  }
  // A client that got the right reply took that one; it took a stranger's only if it had no other.
  const choosy = delivered.some(({ sourceMatches }) => sourceMatches);
  // What a line loses by chance is sent again, and says nothing of the way: the others decide, if there are others.
  const telling = replies.filter(({ last }) => !isLostByChance(topology, last));
  const journeys = (telling.length > 0 ? telling : replies).map((reply): Journey => {
    const taken = accepted && reply.delivered && (reply.sourceMatches || !choosy);
    return { request: reply.request, reply: reply.reply, verdict: judgeReply(reply, taken, droppedAt) };
  });
  const failed = journeys.find(({ verdict }) => verdict.cause !== null);
  if (!failed && !accepted) {
    const astray = record.requests.find((path) => returnedBy(topology, path) !== undefined);
    if (astray) return { request: astray, reply: [], verdict: noAnswer(topology, astray, 'request-astray') };
  }
  const first = failed ?? journeys[0];
  if (!first) return unanswered(topology, record, droppedAt);
  if (first.verdict.cause === null && !accepted) {
    return { ...first, verdict: { ...first.verdict, cause: 'client-rejected' } };
  }
  return first;
}

/** Whether a packet that got no further than this was lost on a line that loses packets by chance. */
function isLostByChance({ links }: Topology, last: Crossing): boolean {
  const isThere = (end: End): boolean => end.host === last.host && end.interface === last.interface;
  const line = last.direction === 'out' ? links.find(({ ends }) => ends.some(isThere)) : undefined;
  return (line?.impairment?.loss ?? 0) > 0;
}

/** A reply and the request before it, by what can be seen of them. */
interface Observed {
  readonly request: readonly Crossing[];
  readonly reply: readonly Crossing[];
  readonly arrived: Crossing;
  /** Where it left the server. */
  readonly left: Crossing;
  readonly last: Crossing;
  readonly sourceMatches: boolean;
  readonly delivered: boolean;
}

function observe(
  topology: Topology,
  client: string,
  request: readonly Crossing[],
  reply: readonly Crossing[],
  droppedAt: DroppedAt,
): Observed {
  const [arrived, left, last] = [arrivalOf(topology, request), departureOf(topology, request, reply), reply.at(-1)];
  if (!arrived || !left || !last) throw new Error('a reply without crossings');
  const sourceMatches = left.source === arrived.destination;
  const delivered = last.host === client && last.direction === 'in' && !droppedAt(last);
  return { request, reply, arrived, left, last, sourceMatches, delivered };
}

/** @param taken whether the client took this reply for an answer */
function judgeReply(
  { arrived, left, last, sourceMatches, delivered }: Observed,
  taken: boolean,
  droppedAt: DroppedAt,
): Verdict {
  const byTheSameLine = left.interface === arrived.interface;
  const cause = ((): Cause | null => {
    if (taken && !byTheSameLine) return 'reply-interface';
    if (!sourceMatches) return 'reply-source';
    if (!delivered) return droppedAt(last)?.cause ?? 'reply-lost';
    return byTheSameLine ? null : 'reply-interface';
  })();
  return {
    answered: true,
    accepted: taken,
    arrivedBy: arrived.interface,
    leftBy: left.interface,
    sourceMatches,
    cause,
  };
}

function unanswered(topology: Topology, { requests, lostLoops }: FlowRecord, droppedAt: DroppedAt): Journey {
  const reached = requests.find((path) => arrivalOf(topology, path));
  const request = reached ?? requests[0] ?? [];
  const [loop] = lostLoops;
  const last = (loop ?? request).at(-1);
  const cause = (last && droppedAt(last)?.cause) ?? 'no-reply';
  return { request, reply: loop ?? [], verdict: noAnswer(topology, request, reached ? cause : 'request-lost') };
}

function noAnswer(topology: Topology, request: readonly Crossing[], cause: Cause): Verdict {
  return {
    answered: false,
    accepted: false,
    arrivedBy: arrivalOf(topology, request)?.interface ?? null,
    leftBy: null,
    sourceMatches: false,
    cause,
  };
}

/** The machine that was called, by whose interfaces a flow is judged: the owner of the address that the client called. */
function calledMachine(topology: Topology, request: readonly Crossing[]): string | undefined {
  const [first] = request;
  return first && ownerOf(topology, withoutPort(first.destination));
}

/** Where a request came in at the machine that was called. */
function arrivalOf(topology: Topology, request: readonly Crossing[]): Crossing | undefined {
  const machine = calledMachine(topology, request);
  return request.find(({ host, direction }) => host === machine && direction === 'in');
}

/** Where a packet of a flow left the machine that was called, the last time if it went in circles. */
function departureOf(
  topology: Topology,
  request: readonly Crossing[],
  path: readonly Crossing[],
): Crossing | undefined {
  const machine = calledMachine(topology, request);
  return path.findLast(({ host, direction }) => host === machine && direction === 'out');
}

/** The uplink by which a request that had reached the server left it again. */
function returnedBy(topology: Topology, path: readonly Crossing[]): string | undefined {
  const left = departureOf(topology, path, path)?.interface;
  return topology.server.uplinks.find((uplink) => uplink.interface === left)?.interface;
}

function withoutPort(endpoint: string): string {
  return endpoint.replace(/:.*$/, '');
}

/** One sentence for people: what the packets of a journey did. */
export function describeJourney(
  topology: Topology,
  { request, reply, verdict }: Journey,
  droppedAt: DroppedAt,
): string {
  const called = request[0]?.destination;
  if (called === undefined) return 'no request left the client';
  const left = departureOf(topology, request, reply);
  const last = reply.at(-1);
  const { arrivedBy, accepted } = verdict;
  if (arrivedBy === null) return `the request to ${called} ${whereEnded(topology, request, verdict, droppedAt)}`;
  const returned = verdict.cause === 'request-astray' ? returnedBy(topology, request) : undefined;
  if (returned !== undefined) {
    const to = request.at(-1)?.destination ?? '';
    return (
      `a packet of the request to ${called} came in by ${arrivedBy}, was sent out again by ${returned} ` +
      `with the destination ${to}, and ${whereEnded(topology, request, verdict, droppedAt)}`
    );
  }
  if (!left || !last) {
    const came = `the request to ${called} came in by ${arrivedBy}`;
    if (verdict.cause !== 'reverse-path') return `${came}; no reply left the server`;
    return `${came} and ${whereEnded(topology, request, verdict, droppedAt)}`;
  }
  if (verdict.cause === 'martian-source') {
    const packet = `${left.summary} from ${left.source}`;
    return (
      `the request to ${called} came in by ${arrivedBy}; what the server then sent itself by ${left.interface} ` +
      `(${packet}) came back in by ${last.interface} and ${whereEnded(topology, reply, verdict, droppedAt)}`
    );
  }
  const delivered = last.host === request[0]?.host && last.direction === 'in' && verdict.cause !== 'reverse-path';
  return (
    `the request to ${called} came in by ${arrivedBy}; the reply left by ${left.interface} from ${left.source} ` +
    `and ${whereEnded(topology, reply, verdict, droppedAt)}${delivered ? `, which ${accepted ? 'accepted' : 'did not accept'} it` : ''}`
  );
}

function whereEnded(
  topology: Topology,
  path: readonly Crossing[],
  { cause: found }: Verdict,
  droppedAt: DroppedAt,
): string {
  const last = path.at(-1);
  if (!last) return 'never left';
  const { host } = last;
  if (last.direction === 'out') {
    const next = peersOf(topology, host, last.interface).map((peer) => peer.host);
    return `was lost between ${host} and ${next.join(' or ') || 'the next host'}`;
  }
  const dropped = droppedAt(last);
  if (dropped && (dropped.cause === found || host !== topology.server.host)) {
    return `was dropped ${droppedBy(dropped.cause, host)}${sourceOf(dropped)}`;
  }
  const own = endsOf(topology, host).some(({ addresses }) =>
    addresses.some((address) => addressOf(address) === withoutPort(last.destination)),
  );
  return own ? `reached ${host}` : `got no further than ${host}`;
}

function droppedBy(cause: Cause, host: string): string {
  switch (cause) {
    case 'reverse-path':
      return `by the reverse-path filter of ${host}`;
    case 'source-filtered':
      return `by the source filter of ${host}`;
    case 'no-mapping':
      return `by the NAT of ${host}, which had no mapping for it`;
    default:
      return 'there';
  }
}
