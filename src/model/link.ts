import { answersArp, arpSender } from './arp.ts';
import type { Device, Neighbour } from './device.ts';
import { setCarrier } from './devices.ts';
import type { Host } from './host.ts';
import { receive } from './ip.ts';
import { lengthOf, type Packet } from './packet.ts';
import type { Random } from './random.ts';

/** What a link does to packets, besides carrying them. */
export interface LinkOptions {
  /** Seconds from one end to another. */
  readonly delay: number;
  /** Share of the packets that are lost, 0 to 1. */
  readonly loss: number;
  readonly random: Random;
  /** Whether each end loses its signal with the other. */
  readonly isCable: boolean;
}

/** One end of a link. */
export interface LinkEnd extends Neighbour {
  /** Bits per second that leave by it at most; null: no limit. */
  readonly rate: number | null;
}

/** What a link does to what leaves by a device, as `tc` says; null: nothing. */
export interface Shape {
  /** Bits per second. */
  readonly rate: number | null;
  /** Seconds, on top of the link's own. */
  readonly delay: number | null;
  /** Share of the packets that are lost. */
  readonly loss: number | null;
}

/** A link as it is. */
export interface Joined {
  /** To be called when one of its ends was set up or down. */
  settle(): void;
  /** Changes what becomes of packets that leave by a device. */
  shape(device: Device, shape: Shape): void;
}

/** Hears of each packet that crosses an interface. */
export type Recorder = (host: Host, device: Device, direction: 'in' | 'out', packet: Packet | ArpPacket) => void;

/** Who asks for an address, or who has it. */
export interface ArpPacket {
  readonly protocol: 'arp';
  readonly kind: 'request' | 'reply';
  readonly source: number;
  readonly destination: number;
  readonly identity: number;
}

/** Joins devices by a cable, or by a switch where there are more than two. */
export function joinDevices(ends: readonly LinkEnd[], options: LinkOptions, record: Recorder): Joined {
  const shapes = new Map<Device, (queue: Queue) => void>();
  for (const end of ends) {
    const { host, device } = end;
    const others = ends.filter((other) => other !== end);
    let queue: Queue = { ...noQueue, wait: end.rate === null ? null : createShaper(end.rate) };
    shapes.set(device, (wanted) => {
      queue = wanted;
    });
    device.resolve = (address, source) => resolve(host, device, others, address, source, record);
    // Its packet and mark are what they are now, whatever becomes of the buffer.
    device.transmit = ({ packet, mark, toAll }, nexthop) => {
      const wait = queue.wait ? queue.wait(host.clock.now, lengthOf(packet) + 14) : 0;
      if (wait === null) return;
      const one = toAll || others.length === 1 ? null : host.neighbours.get(device, nexthop)?.neighbour;
      const targets = one ? [one] : toAll || others.length === 1 ? others : [];
      const present = queue;
      if (wait > 0) {
        host.clock.after(wait, () => {
          carry(end, targets, packet, mark, toAll, present, options, record);
        });
      } else carry(end, targets, packet, mark, toAll, present, options, record);
    };
  }
  return {
    settle: () => {
      for (const { host, device } of ends) {
        // A cable has a signal when both its ends are up; a switch, or what stands in a line, always gives one.
        const carrier = device.up && (!options.isCable || ends.every((each) => each.device.up));
        setCarrier(host, device, carrier);
      }
    },
    shape: (device, { rate, delay, loss }) => {
      shapes.get(device)?.({ wait: rate === null ? null : createShaper(rate), delay: delay ?? 0, loss: loss ?? 0 });
    },
  };
}

/** What has left the queue is on the wire, and seen there; then it comes to the other ends, or is lost. */
function carry(
  { host, device }: LinkEnd,
  targets: readonly Neighbour[],
  packet: Packet,
  mark: number,
  toAll: boolean,
  queue: Queue,
  options: LinkOptions,
  record: Recorder,
): void {
  // Without a carrier, a device's queue takes nothing (net/sched/sch_generic.c, dev_deactivate).
  if (!device.carrier) return;
  record(host, device, 'out', packet);
  const loss = options.loss + queue.loss;
  if (targets.length === 0 || (loss > 0 && options.random.fraction() < loss)) return;
  host.clock.after(options.delay + queue.delay, () => {
    for (const target of targets) {
      if (!target.device.up) continue;
      record(target.host, target.device, 'in', packet);
      const stays = target.host === host && mark !== 0;
      const kept = stays ? ({ mark, connection: null, tracking: 'none', routedTo: null } as const) : null;
      receive(target.host, target.device, packet, kept, toAll);
    }
  });
}

/** What stands before a device. */
interface Queue {
  /** Seconds that a packet waits; null in place of a number: it is dropped. */
  readonly wait: ((now: number, bytes: number) => number | null) | null;
  readonly delay: number;
  readonly loss: number;
}

const noQueue: Queue = { wait: null, delay: 0, loss: 0 };

function resolve(
  host: Host,
  device: Device,
  others: readonly LinkEnd[],
  address: number,
  source: number,
  record: Recorder,
): Neighbour | null {
  if (!device.carrier || host.silent) return null;
  const sender = arpSender(host, device, address, source);
  const request: ArpPacket = {
    protocol: 'arp',
    kind: 'request',
    source: sender,
    destination: address,
    identity: host.nextIdentity(),
  };
  record(host, device, 'out', request);
  let found: Neighbour | null = null;
  for (const other of others) {
    if (!other.device.up) continue;
    record(other.host, other.device, 'in', request);
    if (other.host.silent || !answersArp(other.host, other.device, address, sender, request.identity)) continue;
    found ??= { host: other.host, device: other.device };
    const reply: ArpPacket = {
      protocol: 'arp',
      kind: 'reply',
      source: address,
      destination: sender,
      identity: host.nextIdentity(),
    };
    record(other.host, other.device, 'out', reply);
    record(host, device, 'in', reply);
  }
  return found;
}

/** Bytes that may go at once, and seconds of waiting that the queue has room for: as the lab's `tc qdisc … tbf` says. */
const burst = 16 * 1024;
const latency = 0.4;

/**
 * A token bucket.
 *
 * @returns a function that says how many seconds a packet of so many bytes has to wait, or null if it is dropped
 */
function createShaper(rate: number): (now: number, bytes: number) => number | null {
  const bytesPerSecond = rate / 8;
  // When the bucket was, or will be, full but for what has been let go.
  let emptyUntil = -Infinity;
  return (now, bytes) => {
    const begin = Math.max(emptyUntil, now - burst / bytesPerSecond);
    const wait = Math.max(0, begin + bytes / bytesPerSecond - now);
    if (wait > latency) return null;
    emptyUntil = begin + bytes / bytesPerSecond;
    return wait;
  };
}
