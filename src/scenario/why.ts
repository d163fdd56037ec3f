import type { Crossing, Evidence } from '../backend/crossing.ts';
import type { Decision } from '../backend/decision.ts';
import { droppedIn } from './dropped.ts';
import type { Journey } from './result.ts';
import type { Topology } from '../topology/topology.ts';

/** Why a packet went as it did: one decision of a host's. */
export interface Reason extends Pick<Decision, 'host' | 'stage' | 'text' | 'at'> {
  readonly packet: 'request' | 'reply';
  /** How many of that packet's crossings came before. */
  readonly after: number;
  /** Who says so, where both were asked. */
  readonly backend?: 'kernel' | 'model';
}

/**
 * The decisions that led to a journey, in the order of its packets' ways. Where the backend tells drops apart from decisions, or tells
 * of nothing else, they come at the end of the way: as the kernel says, or as can be inferred.
 */
export function reasonsOf(topology: Topology, evidence: Evidence, journey: Journey): readonly Reason[] {
  const { decisions = [] } = evidence;
  const { request, reply } = journey;
  const places = new Map(evidence.crossings.map((crossing, index) => [crossing, index]));
  const about = (
    packet: Reason['packet'],
    path: readonly Crossing[],
    identities: readonly string[],
  ): readonly Reason[] => {
    const before = ({ identity, after }: Decision): number | null => {
      if (typeof after === 'number') {
        if (!identities.includes(identity)) return null;
        return path.filter((crossing) => (places.get(crossing) ?? Infinity) < after).length;
      }
      const index = path.indexOf(after.crossing);
      return index === -1 ? null : index + (after.side === 'after' ? 1 : 0);
    };
    const made = decisions.flatMap((decision): readonly Reason[] => {
      const { host, stage, text, at } = decision;
      const after = before(decision);
      return after === null ? [] : [{ packet, host, stage, text, ...(at && { at }), after }];
    });
    const dropped = made.some(({ stage }) => stage === 'drop');
    return [...made, ...(dropped ? [] : dropOf(topology, evidence, journey, packet))];
  };
  const [asked, answered] = [request[0]?.identity, reply[0]?.identity];
  const kept = reply.some(({ protocol }) => protocol !== 'arp') ? undefined : keptBack(journey, decisions);
  return [
    ...about('request', request, present(asked)),
    ...about('reply', reply, [...present(answered), ...present(kept)]),
  ];
}

function present(identity: string | undefined): readonly string[] {
  return identity === undefined ? [] : [identity];
}

/** The answer that the host which had the request made, and that never left it. */
function keptBack({ request }: Journey, decisions: readonly Decision[]): string | undefined {
  const arrived = request.at(-1);
  if (arrived?.direction !== 'in') return undefined;
  const since = decisions.findLastIndex(({ identity, host }) => identity === arrived.identity && host === arrived.host);
  return decisions
    .slice(since + 1)
    .find(({ host, destination }) => host === arrived.host && destination === arrived.source)?.identity;
}

function dropOf(topology: Topology, evidence: Evidence, journey: Journey, packet: Reason['packet']): readonly Reason[] {
  const path = journey[packet];
  const last = path.at(-1);
  const dropped = last && droppedIn(topology, evidence)(last);
  if (!dropped || journey.verdict.accepted) return [];
  const { drop, cause } = dropped;
  const text = drop ? `the kernel says ${drop.reason}, in ${drop.function}` : `${cause}, as captures and counters tell`;
  return [{ packet, after: path.length, host: last.host, stage: 'drop', text }];
}
