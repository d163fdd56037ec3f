import type { Device } from '../device.ts';
import type { Host } from '../host.ts';
import { isIcmpError, protocols, type Packet } from '../packet.ts';
import { isReply, type SkBuff, type Tracking } from '../skbuff.ts';
import { describeTuple, invert, sameTuple, status, tupleOf, type Connection, type Tuple } from './connection.ts';
import { createSourceIndex, type SourceIndex } from './source-index.ts';
import { nextTcpState, tcpTimeoutName } from './tcp-state.ts';
import { createTupleTable, type TupleTable } from './tuple-table.ts';

/** What a host remembers of connections. */
export interface Conntrack {
  readonly table: TupleTable;
  /** Connections by where they come from, for NAT to use the same mapping again. */
  readonly sources: SourceIndex;
  /** Where the search for a free port went on last, where ports are tried in turn. */
  portRover: number;
  /** Forgets what an address's removal, or a device's end, makes stale. */
  addressRemoved(device: Device, address: number): void;
  deviceDown(device: Device): void;
}

export function createConntrack(hostOf: () => Host): Conntrack {
  const table = createTupleTable();
  const sources = createSourceIndex();
  const forget = (stale: (connection: Connection) => boolean): void => {
    for (const connection of table.all(hostOf().clock.now))
      if (stale(connection)) forgetConnection(hostOf(), connection);
  };
  return {
    table,
    sources,
    portRover: 0,
    addressRemoved: (device, address) =>
      forget(({ masqueradedBy, reply }) =>
        hostOf().era.masqueradeOnAddressRemoval === 'device'
          ? masqueradedBy === device.index
          : masqueradedBy === device.index && reply.destination === address,
      ),
    deviceDown: (device) => forget(({ masqueradedBy }) => masqueradedBy === device.index),
  };
}

export function forgetConnection(host: Host, connection: Connection): void {
  host.conntrack.table.remove(connection);
  host.conntrack.sources.remove(connection);
}

/** Finds or begins the connection that a packet belongs to (net/netfilter/nf_conntrack_core.c, nf_conntrack_in). */
export function track(host: Host, skb: SkBuff): void {
  // Seen before, on the way out to the loopback device; or not to be tracked.
  if (skb.connection !== null || skb.tracking === 'untracked') return;
  const { packet } = skb;
  if (isIcmpError(packet)) {
    trackError(host, skb, packet.icmp.about);
    return;
  }
  const now = host.clock.now;
  const tuple = tupleOf(packet);
  const known = host.conntrack.table.find(tuple, now);
  const connection = known ?? begin(host, packet, tuple);
  if (!connection) {
    skb.tracking = 'invalid';
    skb.trail?.('conntrack', 'invalid: it can be the first packet of no connection');
    return;
  }
  const reply = known !== null && !sameTuple(connection.original, tuple);
  const tracking: Tracking = reply
    ? 'established-reply'
    : connection.status & status.seenReply
      ? 'established'
      : connection.status & status.expected
        ? 'related'
        : 'new';
  if (!account(host, connection, packet, reply, now)) {
    skb.tracking = 'invalid';
    skb.trail?.('conntrack', `invalid in state ${connection.tcp}`);
    return;
  }
  skb.connection = connection;
  skb.tracking = tracking;
  if (reply) connection.status |= status.seenReply;
  skb.trail?.('conntrack', describe(connection, tracking));
}

function describe(connection: Connection, tracking: Tracking): string {
  const mark = connection.mark === 0 ? '' : `, mark 0x${connection.mark.toString(16)}`;
  return `${tracking}: ${describeTuple(connection.original)}${mark}`;
}

/** An ICMP error belongs to the connection of the packet that it is about. */
function trackError(host: Host, skb: SkBuff, about: Packet): void {
  const inverse = invert(tupleOf(about));
  const found = inverse && host.conntrack.table.find(inverse, host.clock.now);
  if (!found) {
    skb.tracking = 'invalid';
    skb.trail?.('conntrack', 'invalid: an error about no known connection');
    return;
  }
  skb.connection = found;
  skb.tracking = sameTuple(found.reply, inverse) ? 'related-reply' : 'related';
  skb.trail?.('conntrack', describe(found, skb.tracking));
}

function begin(host: Host, packet: Packet, tuple: Tuple): Connection | null {
  const reply = invert(tuple);
  if (!reply) return null;
  // Of ICMP, only requests begin something.
  if (packet.icmp && ![8, 13, 15, 17].includes(packet.icmp.type)) return null;
  if (packet.tcp) {
    const first = nextTcpState('none', packet.tcp, false);
    if (first === null) return null;
    if (first === 'established' && host.sysctls.read('netfilter.nf_conntrack_tcp_loose') === 0) return null;
  }
  return {
    original: tuple,
    reply,
    mark: 0,
    status: 0,
    expires: Infinity,
    created: host.clock.now,
    tcp: 'none',
    masqueradedBy: 0,
  };
}

/** Brings state and expiry up to date. False: the packet doesn't fit. */
function account(host: Host, connection: Connection, packet: Packet, reply: boolean, now: number): boolean {
  switch (packet.protocol) {
    case protocols.udp:
      connection.expires = now + udpTimeout(host, connection, now);
      return true;
    case protocols.tcp: {
      if (!packet.tcp) return false;
      const next = nextTcpState(connection.tcp, packet.tcp, reply);
      if (next === null) return false;
      connection.tcp = next;
      if (next === 'established' && connection.status & status.seenReply) connection.status |= status.assured;
      connection.expires = now + host.sysctls.read(tcpTimeoutName(next));
      return true;
    }
    case protocols.icmp:
      connection.expires = now + host.sysctls.read('netfilter.nf_conntrack_icmp_timeout');
      return true;
    default:
      connection.expires = now + host.sysctls.read('netfilter.nf_conntrack_generic_timeout');
      return true;
  }
}

/** Seconds; net/netfilter/nf_conntrack_proto_udp.c. */
function udpTimeout(host: Host, connection: Connection, now: number): number {
  const isYoung = host.era.udpStream === 'after-two-seconds' && now <= connection.created + 2;
  if (!(connection.status & status.seenReply) || isYoung)
    return host.sysctls.read('netfilter.nf_conntrack_udp_timeout');
  connection.status |= status.assured;
  return host.sysctls.read('netfilter.nf_conntrack_udp_timeout_stream');
}

/**
 * Takes the connection of a packet that has come to its end into the table (__nf_conntrack_confirm).
 *
 * @returns false if another one has taken its place, and the packet is lost
 */
export function confirm(host: Host, skb: SkBuff): boolean {
  const { connection } = skb;
  // What is sent because of a connection's first packet confirms nothing.
  if (!connection || connection.status & status.confirmed || isReply(skb)) return true;
  if (connection.status & status.dying) return false;
  if (!host.conntrack.table.insert(connection, host.clock.now)) {
    skb.trail?.('drop', 'another connection has the same addresses and ports by now');
    return false;
  }
  connection.status |= status.confirmed;
  return true;
}
