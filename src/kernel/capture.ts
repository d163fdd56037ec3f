import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import type { Crossing } from '../backend/crossing.ts';
import { contains, parseIPv4, type Prefix } from '../net/address.ts';
import { LabError } from '../net/error.ts';
import { decodeEtherType, decodePacket, type Packet } from '../net/packet.ts';
import { createPcapngReader, type CapturedPacket } from '../net/pcapng.ts';
import type { Sandbox } from './sandbox.ts';

/** An interface to be recorded. A tunnel has no hardware address. */
export interface CapturedInterface {
  readonly name: string;
  readonly mac: string | null;
}

/** The recording of interfaces of one host. */
export interface Capture {
  readonly name: string;
  readonly host: string;
  /**
   * Resolves when all has been recorded that came before the end: on an interface with a hardware address, the end
   * marker; on a tunnel device, which takes no marker, as many packets as it says it has carried.
   *
   * @throws LabError `lab-failed` if that takes longer than `patience` seconds
   */
  complete(tunnels: ReadonlyMap<string, TunnelState>, patience: number): Promise<void>;
  /**
   * Ends the recording.
   *
   * @throws LabError `lab-failed` if packets were lost or the file is broken
   */
  stop(): Promise<readonly Crossing[]>;
}

/** What a tunnel device says of itself. */
export interface TunnelState {
  /** Packets that it has carried, in and out. */
  readonly carried: number;
  /** Its own addresses, with the prefixes that are reached by it. */
  readonly addresses: readonly Prefix[];
}

/** Bytes of packets that dumpcap may hold while we are slow to read. */
const queueLimit = 64 * 1024 * 1024;

/** For local experiments (IEEE 802): no host takes notice of it. */
const markerEtherType = 0x88b5;

/**
 * Records a host's interfaces with dumpcap into one pcapng file, and resolves when all of them are being recorded.
 * We read along: a recorded packet stays up to a quarter of a second in the kernel's ring buffer, and what is there
 * when dumpcap is interrupted is lost. So the end of a recording is a marker frame on each interface, seen to come out.
 * dumpcap doesn't tell directions; on Ethernet the source address does.
 */
export async function startCapture(
  sandbox: Sandbox,
  host: string,
  interfaces: readonly CapturedInterface[],
  file: string,
): Promise<Capture> {
  const inputs = interfaces.flatMap((each) => ['-i', each.name]);
  const name = `dumpcap on ${host}`;
  // Of several interfaces dumpcap queues a thousand packets on their way to its output and then drops them, unless it is told otherwise (-C).
  const buffers = ['-B', '1', '-C', String(queueLimit)];
  const daemon = sandbox.start(name, host, ['dumpcap', '-q', ...buffers, ...inputs, '-w', '-'], { binary: true });
  const reader = createPcapngReader();
  const output = createWriteStream(file);
  const macs = new Map(interfaces.map((each) => [each.name, each.mac]));
  // No hardware address, no direction: these wait until the device's own addresses are known.
  const undirected = new Map<string, CapturedPacket[]>(
    interfaces.filter(({ mac }) => mac === null).map((each) => [each.name, []]),
  );
  const unmarked = new Set(interfaces.filter(({ mac }) => mac !== null).map((each) => each.name));
  const crossings: Crossing[] = [];
  let broken: unknown;
  let wake: () => void = () => undefined;

  const keep = (recorded: CapturedPacket, isOut: (packet: Packet) => boolean): void => {
    const packet = decodePacket(recorded.interface.linkType, recorded.data);
    if (!packet || packet.protocol === 'other') return;
    crossings.push(crossingOf(packet, packet.protocol, host, recorded.interface.name, isOut(packet), recorded.timeNs));
  };
  const take = (recorded: CapturedPacket): void => {
    const { name: interfaceName } = recorded.interface;
    const waiting = undirected.get(interfaceName);
    if (waiting) waiting.push(recorded);
    else if (decodeEtherType(recorded.data) === markerEtherType) unmarked.delete(interfaceName);
    else keep(recorded, ({ ethernet }) => ethernet?.source === macs.get(interfaceName));
  };
  daemon.stdout.on('data', (chunk: Buffer) => {
    output.write(chunk);
    try {
      for (const packet of reader.push(chunk)) take(packet);
    } catch (error) {
      broken ??= error;
    }
    wake();
  });

  /** Waits until a condition on what was read holds. */
  const until = (what: string, condition: () => boolean, patience: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (broken === undefined && daemon.running && !condition()) return;
        clearTimeout(timer);
        wake = () => undefined;
        if (broken === undefined && condition()) resolve();
        else reject(broken instanceof Error ? broken : failed(`stopped before ${what}: ${daemon.lines.join(' | ')}`));
      };
      const timer = setTimeout(() => {
        wake = () => undefined;
        reject(failed(`had ${patience} s, and they were over before ${what}`));
      }, patience * 1000);
      wake = look;
      void daemon.ended.then(look);
      look();
    });
  const failed = (how: string): LabError => new LabError('lab-failed', `${name} ${how}`);

  await until('its interfaces were open', () => reader.interfaces.length === interfaces.length, 10);
  return {
    name,
    host,
    complete: async (tunnels, patience) => {
      const arrived = (): boolean =>
        [...undirected].every(([tunnel, packets]) => packets.length >= (tunnels.get(tunnel)?.carried ?? Infinity));
      await until('the end was recorded', () => unmarked.size === 0 && arrived(), patience);
      for (const [tunnel, packets] of undirected) {
        for (const packet of packets) keep(packet, leavesBy(tunnel, tunnels.get(tunnel)?.addresses ?? []));
      }
    },
    stop: async () => {
      await daemon.stop('SIGINT');
      output.end();
      await finished(output);
      if (broken instanceof Error) throw broken;
      reader.end();
      // What comes while it stops is 'flushed', and no loss: the recording was complete before.
      const lost = daemon.lines.filter((line) => /\((?!pcap:0\/dumpcap:0\/flushed:\d+\/ps_ifdrop:0\))pcap:/.test(line));
      if (lost.length > 0) throw failed(`lost packets: ${lost.join(' | ')}`);
      return crossings;
    },
  };
}

/** Whether a packet on a tunnel device was on its way out, by the addresses at its two ends. */
function leavesBy(tunnel: string, addresses: readonly Prefix[]): (packet: Packet) => boolean {
  const own = (address: number): boolean => addresses.some((each) => each.address === address);
  const beyond = (address: number): boolean => addresses.some((each) => contains(each, address)) && !own(address);
  return ({ source, destination }) => {
    const [from, to] = [parseIPv4(source), parseIPv4(destination)];
    if (own(from) || beyond(to)) return true;
    if (own(to) || beyond(from)) return false;
    throw new LabError(
      'lab-failed',
      `which way went ${source} > ${destination} on ${tunnel}? Neither end is known there`,
    );
  };
}

/** An interface that an end marker is sent out of. */
export interface MarkedInterface {
  readonly host: string;
  readonly interface: string;
  readonly mac: string;
}

/** The commands that send end markers. */
export function markerScript(interfaces: readonly MarkedInterface[]): string {
  const frames = interfaces.map(({ host, interface: name, mac }) => {
    const source = mac.split(':').map((byte) => Number.parseInt(byte, 16));
    const header = [...Array<number>(6).fill(0xff), ...source, markerEtherType >> 8, markerEtherType & 0xff];
    const octal = header.map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
    const socat = `nsenter --net=/run/netns/${host} socat -u STDIN INTERFACE:${name}`;
    return `printf '${octal}%-46s' 'multihome-lab: end of recording' | ${socat} &`;
  });
  return [...frames, 'wait', ''].join('\n');
}

function crossingOf(
  packet: Packet,
  protocol: Crossing['protocol'],
  host: string,
  interfaceName: string,
  out: boolean,
  timeNs: bigint,
): Crossing {
  const endpoint = (address: string, port: number | null): string => (port === null ? address : `${address}:${port}`);
  return {
    time: Number(timeNs) / 1e9,
    host,
    interface: interfaceName,
    direction: out ? 'out' : 'in',
    source: endpoint(packet.source, packet.sourcePort),
    destination: endpoint(packet.destination, packet.destinationPort),
    protocol,
    identity: packet.identity,
    ...(packet.echo !== undefined && { echo: packet.echo }),
    bytes: packet.length,
    summary: packet.summary,
  };
}
