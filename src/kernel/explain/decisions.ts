import type { Decision, Stage } from '../../backend/decision.ts';
import { describeLookUp, type Names } from './describe.ts';
import { loopback, type Visit } from './visits.ts';
import type { Step } from './rule-trace-lines.ts';

/** What is said of a packet in a host. */
export type Said = Pick<Decision, 'stage' | 'text'>;

/**
 * What hosts decided on packets, in the kernel's words: in each host in order of time.
 *
 * @param asked what hosts say when they are asked for a route; null: their look-ups were seen
 */
export function decisionsOf(
  visits: readonly Visit[],
  names: Names,
  asked: ReadonlyMap<Visit, Said> | null,
): readonly Decision[] {
  return visits.flatMap((visit, index) => {
    const { host, crossing, sent, destination } = visit;
    const identity = crossing?.identity ?? `never left, ${index}`;
    // Before what never left, there may have been a question of ARP for it, but that came of it.
    const after = crossing ? ({ crossing, side: sent ? 'before' : 'after' } as const) : 0;
    const answer = asked?.get(visit);
    const looked = answer ? [{ ...answer, again: false }] : lookedUp(visit, names);
    return inOrder(visit, looked).map((each) => ({ host, identity, destination, after, ...each }));
  });
}

interface Looked extends Said {
  /** Whether netfilter had the packet routed again. */
  readonly again: boolean;
}

function lookedUp({ host, sent, lookUps }: Visit, names: Names): readonly Looked[] {
  return lookUps.map((each) => {
    const reverse = !sent && each.iif === loopback;
    return {
      stage: reverse ? 'reverse-path' : 'route',
      text: describeLookUp(each, host, names),
      again: sent && each.protocol === 0,
    };
  });
}

/**
 * Rules at PREROUTING come before the look-up, all others after it; what the host sends is looked up before its rules, and again
 * after the last one that is of a chain for that. What became of the connection is told when the packet leaves the rules.
 */
function inOrder({ sent, trace, events }: Visit, looked: readonly Looked[]): readonly Said[] {
  const steps = trace?.steps ?? [];
  const first = sent
    ? steps.findLastIndex(({ hook, type }) => hook === 'output' && type === 'route') + 1
    : steps.findLastIndex(({ hook }) => hook === 'prerouting') + 1;
  const [before, after] = [steps.slice(0, first), steps.slice(first)].map((part) => part.flatMap(describeStep));
  const bare = (again: boolean): readonly Said[] =>
    looked.filter((each) => each.again === again).map(({ stage, text }) => ({ stage, text }));
  const tracked = events.map(({ text }) => ({ stage: 'conntrack' as const, text }));
  return sent
    ? [...bare(false), ...(before ?? []), ...bare(true), ...(after ?? []), ...tracked]
    : [...(before ?? []), ...bare(false), ...(after ?? []), ...tracked];
}

function describeStep({ chain, text, verdict }: Step): readonly Said[] {
  if (text === '') return [];
  const said = (stage: Stage): Said => ({
    stage,
    text: `${chain}: ${text}${text.split(' ').includes(verdict) ? '' : ` (${verdict})`}`,
  });
  return verdict === 'drop'
    ? [...(text === 'policy drop' ? [] : [said('netfilter')]), said('drop')]
    : [said('netfilter')];
}
