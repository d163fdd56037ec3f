import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import type { Crossing } from '../backend/crossing.ts';
import { LabError } from '../net/error.ts';
import { decodeCooked, decodePacket, endpoint, type Packet } from '../net/packet.ts';
import { createPcapngWriter, type Direction } from '../net/pcapng-writer.ts';
import { createPcapngReader, type CapturedPacket } from '../net/pcapng.ts';
import type { Device } from './devices.ts';
import { isMarker, type Expected } from './marker.ts';
import type { Sandbox } from './sandbox.ts';

/** The recording of all that crosses a host's interfaces, those that are made meanwhile included. */
export interface Capture {
  readonly name: string;
  readonly host: string;
  /** Learns the host's devices: `any` knows those it records by number alone. */
  learn(devices: readonly Device[]): void;
  /**
   * Resolves when the end markers have been recorded, and with them all that came before.
   *
   * @throws LabError `lab-failed` if nothing is recorded for `patience` seconds before
   */
  complete(markers: readonly Expected[], patience: number): Promise<void>;
  /**
   * Ends the recording.
   *
   * @throws LabError `lab-failed` if packets were lost, crossed a device that nobody knows, or came in a broken stream
   */
  stop(): Promise<readonly Crossing[]>;
}

/** LINKTYPE_LINUX_SLL2. */
const cooked = 276;
/** Bytes that are written to the file at once. */
const writeAt = 32 * 1024;
/** Bytes of packets that dumpcap may hold while we are slow to read. */
const queueLimit = 64 * 1024 * 1024;

/**
 * Records a host with dumpcap on `any`, and resolves when that runs. Unlike a device of its own, `any` goes on when a device
 * goes down or away, has those that come later, and tells directions. We read along, to write a file in which each
 * interface has its name; and because what is less than a quarter of a second old when dumpcap is interrupted is lost.
 */
export async function startCapture(
  sandbox: Sandbox,
  host: string,
  devices: readonly Device[],
  file: string,
): Promise<Capture> {
  const name = `dumpcap on ${host}`;
  // It keeps a queue of its own only where it reads in a thread (-t), and one of a thousand packets unless told otherwise (-C).
  const buffers = ['-B', '2', '-t', '-C', String(queueLimit)];
  const dumpcap = ['dumpcap', '-q', ...buffers, '-i', 'any', '-y', 'LINUX_SLL2', '-w', '-'];
  const daemon = sandbox.start(name, host, dumpcap, { binary: true });
  const reader = createPcapngReader();
  const output = createWriteStream(file);
  const writer = createPcapngWriter();
  const names = new Map<number, string>();
  /** Their numbers in the file. */
  const described = new Map<string, number>();
  /** Of devices that are not known yet. */
  let nameless: CapturedPacket[] = [];
  const markers = new Map<string, number>();
  const crossings: Crossing[] = [];
  let broken: unknown;
  let wake: () => void = () => undefined;

  const describe = (device: string): number => {
    const known = described.get(device);
    if (known !== undefined) return known;
    const index = writer.describe(device, cooked);
    described.set(device, index);
    return index;
  };
  const take = (recorded: CapturedPacket): void => {
    const header = decodeCooked(recorded.data);
    const { interfaceIndex, outgoing } = header;
    const device = names.get(interfaceIndex);
    if (device === undefined) {
      nameless.push(recorded);
      return;
    }
    const direction: Direction = outgoing ? 'out' : 'in';
    if (isMarker(header, recorded.data)) {
      const seen = `${device} ${direction}`;
      markers.set(seen, (markers.get(seen) ?? 0) + 1);
    } else if (device !== 'lo') {
      writer.packet(describe(device), recorded.timeNs, direction, recorded.data);
      const packet = decodePacket(cooked, recorded.data);
      if (!packet || packet.protocol === 'other') return;
      crossings.push(crossingOf(packet, packet.protocol, host, device, direction, recorded.timeNs));
    }
  };
  const attend = (packets: readonly CapturedPacket[]): void => {
    for (const packet of packets) take(packet);
    if (writer.pending() >= writeAt) output.write(writer.take());
  };
  const learn: Capture['learn'] = (found) => {
    for (const device of found) names.set(device.index, device.name);
    const waiting = nameless;
    nameless = [];
    attend(waiting);
  };
  daemon.stdout.on('data', (chunk: Buffer) => {
    try {
      attend(reader.push(chunk));
    } catch (error) {
      broken ??= error;
    }
    wake();
  });

  /** Waits until a condition on what was read holds; gives up when nothing has come for so many seconds. */
  const until = (what: () => string, condition: () => boolean, patience: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (broken === undefined && daemon.running && !condition()) {
          timer.refresh();
          return;
        }
        clearTimeout(timer);
        wake = () => undefined;
        if (broken === undefined && condition()) resolve();
        else reject(broken instanceof Error ? broken : failed(`stopped before ${what()}: ${daemon.lines.join(' | ')}`));
      };
      const timer = setTimeout(() => {
        wake = () => undefined;
        reject(failed(`said nothing more for ${patience} s, before ${what()}`));
      }, patience * 1000);
      wake = look;
      void daemon.ended.then(look);
      look();
    });
  const failed = (how: string): LabError => new LabError('lab-failed', `${name} ${how}`);

  learn(devices);
  await until(
    () => 'it recorded',
    () => reader.interfaces.length === 1,
    10,
  );
  return {
    name,
    host,
    learn,
    complete: async (expected, patience) => {
      const missing = (): readonly string[] =>
        expected
          .map(({ device, direction, times }) => ({ passing: `${device} ${direction}`, times }))
          .filter(({ passing, times }) => (markers.get(passing) ?? 0) < times)
          .map(({ passing }) => passing);
      await until(
        () => `an end marker was seen to pass ${missing().join(', ')}`,
        () => missing().length === 0,
        patience,
      );
    },
    stop: async () => {
      await daemon.stop('SIGINT');
      output.end(writer.take());
      await finished(output);
      if (broken instanceof Error) throw broken;
      reader.end();
      // What comes while it stops is 'flushed', and no loss: the recording was complete before.
      const lost = daemon.lines.filter((line) => /\((?!pcap:0\/dumpcap:0\/flushed:\d+\/ps_ifdrop:0\))pcap:/.test(line));
      if (lost.length > 0) throw failed(`lost packets: ${lost.join(' | ')}`);
      if (nameless.length > 0) throw failed(`recorded ${nameless.length} packets of a device that came and went`);
      return crossings;
    },
  };
}

function crossingOf(
  packet: Packet,
  protocol: Crossing['protocol'],
  host: string,
  device: string,
  direction: Direction,
  timeNs: bigint,
): Crossing {
  return {
    time: Number(timeNs) / 1e9,
    host,
    interface: device,
    direction,
    source: endpoint(packet.source, packet.sourcePort),
    destination: endpoint(packet.destination, packet.destinationPort),
    protocol,
    identity: packet.identity,
    ...(packet.echo !== undefined && { echo: packet.echo }),
    bytes: packet.length,
    summary: packet.summary,
  };
}
