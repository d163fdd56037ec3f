import { LabError } from './error.ts';

/** What an interface description block says of the interface that packets were captured on. */
export interface CaptureInterface {
  /** Which section of the stream describes it, from 0; a plain file has one. */
  readonly section: number;
  /** Its number within the section. */
  readonly index: number;
  /** `if_name`; empty where the stream names none. */
  readonly name: string;
  /** LINKTYPE_ value, such as 1 for Ethernet; see tcpdump.org/linktypes.html. */
  readonly linkType: number;
  /** The most bytes kept of a packet; 0 for no limit. */
  readonly snapLength: number;
  /** The capture filter (`if_filter`) where it is given as text. */
  readonly filter: string | null;
}

export interface CapturedPacket {
  readonly interface: CaptureInterface;
  /** Nanoseconds since 1970-01-01 UTC. Finer resolutions are rounded down. */
  readonly timeNs: bigint;
  /** The bytes that were captured, the caller's to keep: the reader doesn't touch them again. */
  readonly data: Uint8Array;
  /** Bytes on the wire: more than `data` holds where the capture cut the packet short. */
  readonly originalLength: number;
}

/** The newest interface statistics block for an interface; null for a counter that it does not give. Counts of packets. */
export interface InterfaceStatistics {
  readonly interface: CaptureInterface;
  readonly received: number | null;
  /** `isb_ifdrop`: lost by the interface for want of resources. */
  readonly interfaceDropped: number | null;
  /** `isb_osdrop`: lost by the operating system, the kernel's ring buffer being full. */
  readonly systemDropped: number | null;
}

export interface PcapngReader {
  /**
   * Takes the next bytes of the stream, in pieces of any size; the caller may reuse the chunk afterwards.
   *
   * @returns the packets that these bytes completed, in the order of the stream
   * @throws LabError 'lab-failed' naming the byte offset of a corrupt or unsupported block, from then on at every call
   */
  push(chunk: Uint8Array): readonly CapturedPacket[];
  /** @throws LabError 'lab-failed' naming the byte offset if the stream stops inside a block, or never began */
  end(): void;
  /** Every interface described so far. */
  readonly interfaces: readonly CaptureInterface[];
  /** The statistics so far, one for each interface that has any; dumpcap writes them when it stops. */
  readonly statistics: readonly InterfaceStatistics[];
}

interface Clock {
  readonly interface: CaptureInterface;
  readonly ticksPerSecond: bigint;
  readonly offsetNs: bigint;
}

/** A whole block's body, without type and lengths. */
interface Block {
  readonly view: DataView<ArrayBuffer>;
  readonly littleEndian: boolean;
  readonly corrupt: (reason: string) => LabError;
}

const blockType = {
  section: 0x0a0d0d0a,
  interface: 1,
  obsoletePacket: 2,
  simplePacket: 3,
  statistics: 5,
  enhancedPacket: 6,
} as const;
const byteOrderMagic = 0x1a2b3c4d;
/** Wireshark's own limit (wiretap/pcapng.c): a length beyond it is a corrupt length. */
const maximumBlockLength = 16 * 1024 * 1024;
/** Chunks are taken in by pieces of this size, so that the buffer need not hold more than a block and a piece. */
const pieceLength = 64 * 1024;

/**
 * Makes a reader for a pcapng stream (IETF draft-ietf-opsawg-pcapng) that arrives piece by piece.
 *
 * Takes sections of either byte order; skips blocks that it does not know, except those that hold packets: the simple
 * packet block (no interface, no time) and the obsolete packet block are errors, for no packet may go unseen.
 */
export function createPcapngReader(): PcapngReader {
  let buffer = new Uint8Array(2 * pieceLength);
  let start = 0; // of the bytes not yet read, in the buffer
  let end = 0;
  let offset = 0; // of `start`, in the stream
  let section = -1;
  let littleEndian = true;
  let clocks: Clock[] = []; // the section's interfaces
  let failure: LabError | null = null;
  const interfaces: CaptureInterface[] = [];
  const statistics = new Map<CaptureInterface, InterfaceStatistics>();

  function corrupt(reason: string): LabError {
    failure = new LabError('lab-failed', `the capture cannot be read at byte ${offset}: ${reason}`);
    return failure;
  }

  /**
   * Linear in all, whatever the pieces' size: moves a block that has begun to a new buffer's start once, of double its length. The
   * old one belongs to the packets that were read from it.
   */
  function append(piece: Uint8Array): void {
    if (end + piece.length > buffer.length) {
      const needed = end - start + piece.length;
      const target = new Uint8Array(Math.max(needed * 2, 2 * pieceLength));
      target.set(buffer.subarray(start, end));
      buffer = target;
      end -= start;
      start = 0;
    }
    buffer.set(piece, end);
    end += piece.length;
  }

  /** The length of the block that starts here, or null while its header has not arrived. Sets the section's byte order. */
  function blockLength(): number | null {
    if (end - start < 8) return null;
    const view = new DataView(buffer.buffer, start, end - start);
    if (view.getUint32(0, littleEndian) === blockType.section) {
      if (view.byteLength < 12) return null;
      littleEndian = view.getUint32(8, true) === byteOrderMagic;
      if (view.getUint32(8, littleEndian) !== byteOrderMagic)
        throw corrupt('no byte-order magic in the section header');
    } else if (section < 0) {
      throw corrupt('not a pcapng stream: it does not begin with a section header');
    }
    const length = view.getUint32(4, littleEndian);
    if (length < 12 || length % 4 !== 0 || length > maximumBlockLength) {
      throw corrupt(`a block cannot be ${length} bytes long`);
    }
    return length;
  }

  function clockOf(block: Block): Clock {
    const index = block.view.getUint32(0, block.littleEndian);
    const clock = clocks[index];
    if (clock === undefined) throw corrupt(`interface ${index} has not been described`);
    return clock;
  }

  function readBlock(type: number, block: Block, packets: CapturedPacket[]): void {
    switch (type) {
      case blockType.section: {
        need(block, 16, 'section header');
        const major = block.view.getUint16(4, littleEndian);
        if (major !== 1) throw corrupt(`expected pcapng version 1, got ${major}`);
        section++;
        clocks = [];
        break;
      }
      case blockType.interface: {
        const clock = readInterface(block, section, clocks.length);
        clocks.push(clock);
        interfaces.push(clock.interface);
        break;
      }
      case blockType.enhancedPacket:
        need(block, 20, 'enhanced packet');
        packets.push(readPacket(block, clockOf(block)));
        break;
      case blockType.statistics: {
        need(block, 12, 'interface statistics');
        const read = readStatistics(block, clockOf(block));
        statistics.set(read.interface, read);
        break;
      }
      case blockType.simplePacket:
        throw corrupt('simple packet blocks say neither interface nor time: not supported');
      case blockType.obsoletePacket:
        throw corrupt('the obsolete packet block is not supported');
    }
  }

  function readBlocks(packets: CapturedPacket[]): void {
    for (let length = blockLength(); length !== null && length <= end - start; length = blockLength()) {
      const whole = new DataView(buffer.buffer, start, length);
      const trailing = whole.getUint32(length - 4, littleEndian);
      if (trailing !== length) {
        throw corrupt(`the block gives its length as ${length} before and ${trailing} after its content`);
      }
      const view = new DataView(buffer.buffer, start + 8, length - 12);
      readBlock(whole.getUint32(0, littleEndian), { view, littleEndian, corrupt }, packets);
      start += length;
      offset += length;
    }
  }

  return {
    push(chunk) {
      if (failure !== null) throw failure;
      const packets: CapturedPacket[] = [];
      for (let at = 0; at < chunk.length; at += pieceLength) {
        append(chunk.subarray(at, at + pieceLength));
        readBlocks(packets);
      }
      return packets;
    },
    end() {
      if (failure !== null) throw failure;
      if (end > start) {
        throw corrupt(`the stream stops inside a block, ${end - start} bytes after the block's beginning`);
      }
      if (section < 0) throw corrupt('the stream is empty');
    },
    get interfaces() {
      return [...interfaces];
    },
    get statistics() {
      return [...statistics.values()];
    },
  };
}

function need(block: Block, length: number, what: string): void {
  if (block.view.byteLength < length) throw block.corrupt(`the ${what} block is too short`);
}

function readInterface(block: Block, section: number, index: number): Clock {
  need(block, 8, 'interface description');
  const { view, littleEndian } = block;
  const options = readOptions(block, 8);
  const [filterKind, ...filter] = options.get(11) ?? [];
  const resolution = options.get(9)?.[0] ?? 6;
  const exponent = BigInt(resolution & 0x7f);
  const seconds = options.get(14);
  if (seconds !== undefined && seconds.length !== 8) throw block.corrupt('if_tsoffset is not 8 bytes long');
  return {
    interface: {
      section,
      index,
      name: text(options.get(2) ?? new Uint8Array()),
      linkType: view.getUint16(0, littleEndian),
      snapLength: view.getUint32(4, littleEndian),
      filter: filterKind === 0 ? text(Uint8Array.from(filter)) : null,
    },
    ticksPerSecond: resolution >= 0x80 ? 2n ** exponent : 10n ** exponent,
    offsetNs: seconds === undefined ? 0n : viewOf(seconds).getBigInt64(0, littleEndian) * 1_000_000_000n,
  };
}

function readPacket(block: Block, clock: Clock): CapturedPacket {
  const { view, littleEndian } = block;
  const length = view.getUint32(12, littleEndian);
  if (length > view.byteLength - 20) throw block.corrupt(`the block has no room for a packet of ${length} bytes`);
  // The two halves of the time are 32-bit words in their own right, high first in either byte order.
  const ticks = (BigInt(view.getUint32(4, littleEndian)) << 32n) | BigInt(view.getUint32(8, littleEndian));
  return {
    interface: clock.interface,
    timeNs: (ticks * 1_000_000_000n) / clock.ticksPerSecond + clock.offsetNs,
    data: new Uint8Array(view.buffer, view.byteOffset + 20, length),
    originalLength: view.getUint32(16, littleEndian),
  };
}

function readStatistics(block: Block, clock: Clock): InterfaceStatistics {
  const options = readOptions(block, 12);
  const counter = (code: number): number | null => {
    const value = options.get(code);
    if (value === undefined) return null;
    if (value.length !== 8) throw block.corrupt(`statistics option ${code} is not 8 bytes long`);
    return Number(viewOf(value).getBigUint64(0, block.littleEndian));
  };
  return { interface: clock.interface, received: counter(4), interfaceDropped: counter(5), systemDropped: counter(7) };
}

/** The options from `at` on, by code, the first of each; both ends that the draft allows: opt_endofopt, and the block's own. */
function readOptions(block: Block, from: number): ReadonlyMap<number, Uint8Array<ArrayBuffer>> {
  const { view, littleEndian } = block;
  const options = new Map<number, Uint8Array<ArrayBuffer>>();
  for (let at = from; at + 4 <= view.byteLength;) {
    const code = view.getUint16(at, littleEndian);
    const length = view.getUint16(at + 2, littleEndian);
    if (code === 0) break;
    if (at + 4 + length > view.byteLength) throw block.corrupt(`option ${code} is longer than its block`);
    if (!options.has(code)) options.set(code, new Uint8Array(view.buffer, view.byteOffset + at + 4, length));
    at += 4 + Math.ceil(length / 4) * 4;
  }
  return options;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
