import type { Crossing } from '../../backend/crossing.ts';
import { withoutPayload } from '../../net/packet.ts';
import type { Direction, TrackEvent } from './conntrack-events.ts';
import type { SeenLookUp, SeenLookUps } from './look-ups.ts';
import type { RuleTrace } from './rule-trace-lines.ts';

/** All that hosts were made to tell. */
export interface Told {
  /** Null where the kernel lets nobody watch. */
  readonly lookUps: SeenLookUps | null;
  /** By host, of those that have rules. */
  readonly traces: ReadonlyMap<string, readonly RuleTrace[]>;
  readonly connections: ReadonlyMap<string, readonly TrackEvent[]>;
}

/** A packet in a host: it came in, and may have gone out again; or the host sent it. */
export interface Visit {
  readonly host: string;
  /** Where it came in; of a packet that the host sent, where it went out; null: it was to be sent, and never went out. */
  readonly crossing: Crossing | null;
  readonly sent: boolean;
  /** Where what came in went out again. */
  readonly onward: Crossing | null;
  /** Whom it was for when the host began with it. */
  readonly destination: string;
  readonly lookUps: readonly SeenLookUp[];
  readonly trace: RuleTrace | null;
  readonly events: readonly TrackEvent[];
}

/** The loopback device's number: what a host sends itself is looked up as coming in by it. */
export const loopback = 1;
const numbers: Readonly<Record<string, number>> = { icmp: 1, tcp: 6, udp: 17 };

/**
 * Finds each packet that was recorded at a host in what the host told: its look-ups, by the processor that took it and when; its way
 * through the rules, by its addresses and IP header; what became of its connection, by its addresses and ports. In the order of the
 * crossings, and then those that were never recorded, for they didn't leave.
 */
export function visitsOf(crossings: readonly Crossing[], told: Told): readonly Visit[] {
  const finder = finderOf(told);
  // Of ARP, what comes in is looked up as a packet is.
  const packets = crossings.filter(({ protocol, direction }) => protocol !== 'arp' || direction === 'in');
  const pairs = pairUp(packets);
  // Look-ups of what came in are found first: what the host itself sent is looked up alike.
  const arrivals = new Map(
    packets
      .filter(({ direction }) => direction === 'in')
      .map((crossing) => [crossing, finder.arrivalLookUps(crossing)]),
  );
  const onwards = new Set(pairs.values());
  const visits = packets.flatMap((crossing): readonly Visit[] => {
    const { host, source, destination } = crossing;
    if (onwards.has(crossing)) return [];
    const sent = crossing.direction === 'out';
    const trace = finder.traceOf(crossing, sent);
    const lookUps = arrivals.get(crossing) ?? finder.sentLookUps(crossing, trace?.destination ?? destination);
    const ends = trace ?? { source, destination };
    const events = finder.eventsOf(host, ends);
    return [
      {
        ...{ host, crossing, sent, onward: pairs.get(crossing) ?? null, destination: ends.destination },
        ...{ lookUps, trace, events },
      },
    ];
  });
  return [...visits, ...finder.unsent()];
}

/** What came in at a host, with what of it went out again: each with the first that has the same identity. */
function pairUp(packets: readonly Crossing[]): ReadonlyMap<Crossing, Crossing> {
  const inside = new Map<string, Crossing[]>();
  const pairs = new Map<Crossing, Crossing>();
  for (const crossing of packets) {
    const key = `${crossing.host} ${crossing.identity}`;
    const waiting = inside.get(key) ?? [];
    if (crossing.direction === 'in') inside.set(key, [...waiting, crossing]);
    else {
      const [came, ...others] = waiting;
      if (came) pairs.set(came, crossing);
      inside.set(key, others);
    }
  }
  return pairs;
}

function addressIn(end: string): string {
  return end.replace(/:.*$/, '');
}

/** Finds what was told of packets; each thing once. */
function finderOf({ lookUps: seen, traces, connections }: Told) {
  const used = new Set<object>();
  const take = <T extends object>(all: readonly T[], fits: (each: T) => boolean): T | null => {
    const found = all.find((each) => !used.has(each) && fits(each)) ?? null;
    if (found) used.add(found);
    return found;
  };
  const passingOf = (crossing: Crossing) => {
    const kind = crossing.direction === 'in' ? 'came' : 'went';
    const identity = withoutPayload(crossing.identity);
    return take(
      seen?.passings ?? [],
      ({ packet, ...each }) =>
        each.kind === kind &&
        each.host === crossing.host &&
        each.interface === crossing.interface &&
        packet !== null &&
        packet.source === addressIn(crossing.source) &&
        packet.destination === addressIn(crossing.destination) &&
        withoutPayload(packet.identity) === identity,
    );
  };
  const eventsOf = (host: string, ends: Direction): readonly TrackEvent[] => {
    const is = (one: Direction): boolean => one.source === ends.source && one.destination === ends.destination;
    const event = take(connections.get(host) ?? [], ({ kind, original, reply, unreplied }) => {
      switch (kind) {
        case 'NEW':
          return is(original);
        case 'UPDATE':
          return is(reply) && !unreplied;
        case 'DESTROY':
          return is(original) || is(reply);
      }
    });
    return event ? [event] : [];
  };
  const isOf = (host: string) => (each: SeenLookUp) => each.receiver === host || each.caller === host;
  const isSend = ({ iif, protocol }: SeenLookUp): boolean => iif === loopback && protocol !== 0;
  return {
    /** Forwarding or delivery, and the reverse-path filter's look-up; not that of an answer made meanwhile. */
    arrivalLookUps: (crossing: Crossing): readonly SeenLookUp[] => {
      const passing = passingOf(crossing);
      if (!passing) return [];
      const during = (seen?.lookUps ?? []).filter(
        ({ receiver, arrival, cpu }) => receiver === crossing.host && arrival === passing.time && cpu === passing.cpu,
      );
      const answer = during.findIndex(isSend);
      const source = addressIn(crossing.source);
      const own = during
        .slice(0, answer === -1 ? undefined : answer)
        .filter(({ iif, ...each }) => (iif > loopback ? each.source : iif === loopback && each.destination) === source);
      for (const each of own) used.add(each);
      return own;
    },
    /** @param destination whom the packet was for before any rule changed that */
    sentLookUps: (crossing: Crossing, destination: string): readonly SeenLookUp[] => {
      const passing = passingOf(crossing);
      if (!passing) return [];
      const [address = '', port = '0'] = destination.split(':');
      const own = (seen?.lookUps ?? []).filter(
        (each) =>
          !used.has(each) &&
          isOf(crossing.host)(each) &&
          each.iif === loopback &&
          each.time < passing.time &&
          each.destination === address &&
          (each.protocol === 0 || each.protocol === numbers[crossing.protocol]) &&
          (each.destinationPort === 0 || each.destinationPort === Number(port)),
      );
      const lookUps = own.slice(Math.max(own.findIndex(isSend), 0));
      for (const each of lookUps) used.add(each);
      return lookUps;
    },
    traceOf: (crossing: Crossing, sent: boolean): RuleTrace | null => {
      const id = Number.parseInt(/ id=([\da-f]{4}) /.exec(crossing.identity)?.[1] ?? '', 16);
      const { source, destination } = crossing;
      // NAT may have changed one end of what the host sent before it went out.
      return take(traces.get(crossing.host) ?? [], (each) => {
        const [sameSource, sameDestination] = [each.source === source, each.destination === destination];
        const fits = sent ? sameSource || sameDestination : sameSource && sameDestination;
        return (
          each.from === (sent ? 'output' : 'prerouting') && each.id === id && each.length === crossing.bytes && fits
        );
      });
    },
    eventsOf,
    /** What hosts looked up to send, or sent through their rules, and that never went out. */
    unsent: (): readonly Visit[] => {
      const left = (seen?.lookUps ?? []).filter(
        (each) => !used.has(each) && each.iif === loopback && each.source !== each.destination,
      );
      const arrivals = new Map((seen?.passings ?? []).map((each) => [`${each.cpu} ${each.time}`, each]));
      const groups = new Map<string, { host: string; destination: string; lookUps: SeenLookUp[] }>();
      const groupOf = (host: string, destination: string) => {
        const key = `${host} ${destination}`;
        const group = groups.get(key) ?? { host, destination, lookUps: [] };
        groups.set(key, group);
        return group;
      };
      for (const each of left) {
        // An answer that is made while a packet is handled goes back to where that is from; all else is a process's.
        const arrival = arrivals.get(`${each.cpu} ${each.arrival}`);
        const answers = arrival?.packet?.source === each.destination;
        const host = answers ? each.receiver : each.caller;
        if (host === null || !isSend(each)) continue;
        const port = each.destinationPort === 0 ? '' : `:${each.destinationPort}`;
        groupOf(host, `${each.destination}${port}`).lookUps.push(each);
      }
      const lost = [...traces].flatMap(([host, all]) =>
        all.flatMap((trace) => (trace.from === 'output' && !used.has(trace) ? [{ host, trace }] : [])),
      );
      for (const { host, trace } of lost) groupOf(host, trace.destination);
      return [...groups.values()].map(({ host, destination, lookUps }) => {
        const trace = lost.find((each) => each.host === host && each.trace.destination === destination)?.trace ?? null;
        const [first] = lookUps;
        const source = trace?.source ?? (first ? `${first.source}:${first.sourcePort}` : '');
        const events = eventsOf(host, { source, destination });
        return { host, crossing: null, sent: true, onward: null, destination, lookUps, trace, events };
      });
    },
  };
}
