import type { Host } from '../host.ts';
import type { TcpHeader } from '../packet.ts';
import type { Segment, TcpConnection } from './tcp.ts';
import { endOf, flush, inFlight, restartTimer } from './tcp-send.ts';

/** A segment counts as lost when so many that were sent after it have come (RFC 6675; net/ipv4/tcp_recovery.c). */
const duplicateThreshold = 3;

/**
 * Takes an acknowledgement, and sends what it makes room for. The window grows and shrinks as RFC 5681 has it, which is
 * TCP Reno. Linux's default is CUBIC: it shrinks less and grows by the clock, but where the queue is longer than the line,
 * both keep the line full.
 */
export function takeAcknowledgement(host: Host, connection: TcpConnection, header: TcpHeader): void {
  const onTheirWay = inFlight(connection);
  const advanced = takeCovered(connection, header.acknowledgement);
  const held = takeHeld(connection, header.selective ?? []);
  if (advanced.length === 0 && held.length === 0) return;
  for (const segment of [...advanced.filter(({ state }) => state !== 'held'), ...held]) {
    connection.delivered = Math.max(connection.delivered, segment.transmission);
    if (!segment.resent) measure(connection, host.clock.now - segment.sentAt);
  }
  const { recovery } = connection;
  if (recovery !== null && isAtOrAfter(connection.acknowledged, recovery)) connection.recovery = null;
  if (markLost(connection) && connection.recovery === null) {
    connection.threshold = Math.max(onTheirWay / 2, 2);
    connection.window = connection.threshold;
    connection.recovery = connection.nextSequence;
  } else if (advanced.length > 0 && (connection.recovery === null || connection.window < connection.threshold)) {
    const isSlowStart = connection.window < connection.threshold;
    connection.window += isSlowStart ? advanced.length : advanced.length / connection.window;
  }
  if (advanced.length > 0) connection.retries = 0;
  flush(host, connection);
  if (advanced.length > 0) restartTimer(host, connection);
}

/** Drops what was acknowledged in order. */
function takeCovered(connection: TcpConnection, acknowledged: number): readonly Segment[] {
  const { sending } = connection;
  const count = sending.findIndex((each) => each.state === 'waiting' || !isAtOrAfter(acknowledged, endOf(each)));
  const covered = sending.splice(0, count < 0 ? sending.length : count);
  if (covered.length > 0) connection.acknowledged = acknowledged;
  return covered;
}

function takeHeld({ sending }: TcpConnection, blocks: NonNullable<TcpHeader['selective']>): readonly Segment[] {
  if (blocks.length === 0) return [];
  const held: Segment[] = [];
  for (const segment of sending) {
    if (segment.state === 'waiting') break;
    if (segment.state === 'held') continue;
    const isHeld = blocks.some(([from, to]) => isAtOrAfter(segment.sequence, from) && isAtOrAfter(to, endOf(segment)));
    if (!isHeld) continue;
    segment.state = 'held';
    held.push(segment);
  }
  return held;
}

function markLost({ sending, delivered }: TcpConnection): boolean {
  let found = false;
  for (const segment of sending) {
    if (segment.state === 'waiting') break;
    if (segment.state !== 'sent' || segment.transmission + duplicateThreshold > delivered) continue;
    segment.state = 'lost';
    found = true;
  }
  return found;
}

/** RFC 6298, 2. */
function measure(connection: TcpConnection, sample: number): void {
  const { roundTrip } = connection;
  connection.roundTrip = roundTrip
    ? {
        smoothed: (7 * roundTrip.smoothed + sample) / 8,
        variation: (3 * roundTrip.variation + Math.abs(roundTrip.smoothed - sample)) / 4,
      }
    : { smoothed: sample, variation: sample / 2 };
}

/** Sequence numbers go round in 32 bits. */
function isAtOrAfter(one: number, other: number): boolean {
  return ((one - other) | 0) >= 0;
}
