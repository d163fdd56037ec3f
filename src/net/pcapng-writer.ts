/** Which way a packet went, by the interface it was recorded at (`epb_flags`, bits 0 and 1). */
export type Direction = 'in' | 'out';

/** Makes a pcapng file (IETF draft-ietf-opsawg-pcapng), little-endian, of one section of unknown length, piece by piece. */
export interface PcapngWriter {
  /** Describes an interface by a LINKTYPE_ value. @returns the number that its packets name it by */
  describe(name: string, linkType: number): number;
  /** Adds a packet, captured whole at the interface of that number. */
  packet(index: number, timeNs: bigint, direction: Direction, data: Uint8Array): void;
  /** Bytes that have been made, and not been taken. */
  readonly pending: () => number;
  /** Those bytes, the caller's to keep. */
  take(): Uint8Array;
}

const magic = 0x1a2b3c4d;
/** Nanoseconds: 10⁻⁹ s (`if_tsresol`). */
const resolution = 9;
const bufferLength = 64 * 1024;

/** Begins a file with its section header. */
export function createPcapngWriter(): PcapngWriter {
  // Blocks go to a buffer until it is full: hundreds of thousands of packets are too many for one each.
  let bytes = new Uint8Array(bufferLength);
  let view = new DataView(bytes.buffer);
  let start = 0; // of what hasn't been taken
  let end = 0;
  let interfaces = 0;

  /** Adds a block of zeroes, a multiple of 4 of them. @returns where its body begins */
  const block = (type: number, length: number): number => {
    const whole = length + 12;
    if (end + whole > bytes.length) {
      const kept = bytes.subarray(start, end);
      bytes = new Uint8Array(Math.max(bufferLength, (kept.length + whole) * 2));
      bytes.set(kept);
      view = new DataView(bytes.buffer);
      [start, end] = [0, kept.length];
    }
    view.setUint32(end, type, true);
    view.setUint32(end + 4, whole, true);
    view.setUint32(end + whole - 4, whole, true);
    end += whole;
    return end - whole + 8;
  };
  /** @returns where it ends */
  const option = (at: number, code: number, value: Uint8Array): number => {
    view.setUint16(at, code, true);
    view.setUint16(at + 2, value.length, true);
    bytes.set(value, at + 4);
    return at + 4 + roundUp(value.length);
  };

  const section = block(0x0a0d0d0a, 16);
  view.setUint32(section, magic, true);
  view.setUint16(section + 4, 1, true);
  view.setBigInt64(section + 8, -1n, true);
  return {
    describe: (name, linkType) => {
      const text = new TextEncoder().encode(name);
      // Two options, and the one that ends them, all zeroes.
      const at = block(1, 8 + 4 + roundUp(text.length) + 8 + 4);
      view.setUint16(at, linkType, true);
      option(option(at + 8, 2, text), 9, Uint8Array.of(resolution));
      return interfaces++;
    },
    packet: (index, timeNs, direction, data) => {
      const padded = roundUp(data.length);
      // One option of four bytes, and the one that ends them.
      const at = block(6, 20 + padded + 8 + 4);
      view.setUint32(at, index, true);
      view.setUint32(at + 4, Number(timeNs >> 32n), true);
      view.setUint32(at + 8, Number(timeNs & 0xffffffffn), true);
      view.setUint32(at + 12, data.length, true);
      view.setUint32(at + 16, data.length, true);
      bytes.set(data, at + 20);
      view.setUint16(at + 20 + padded, 2, true);
      view.setUint16(at + 22 + padded, 4, true);
      view.setUint32(at + 24 + padded, direction === 'in' ? 1 : 2, true);
    },
    pending: () => end - start,
    take: () => {
      const taken = bytes.subarray(start, end);
      start = end;
      return taken;
    },
  };
}

/** Blocks and options are padded to whole words of 32 bits. */
function roundUp(length: number): number {
  return Math.ceil(length / 4) * 4;
}
