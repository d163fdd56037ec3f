/** Which way a packet went, by the interface it was recorded at (`epb_flags`, bits 0 and 1). */
export type Direction = 'in' | 'out';

const magic = 0x1a2b3c4d;
/** Nanoseconds: 10⁻⁹ s (`if_tsresol`). */
const resolution = 9;

/** The section header with which a pcapng file begins (IETF draft-ietf-opsawg-pcapng), little-endian, of unknown length. */
export function sectionHeader(): Uint8Array {
  return block(0x0a0d0d0a, 16, (view) => {
    view.setUint32(0, magic, true);
    view.setUint16(4, 1, true);
    view.setBigInt64(8, -1n, true);
  });
}

/** Describes an interface, which packets then name by its number: 0 for the first that is described, and so on. */
export function interfaceDescription(name: string, linkType: number): Uint8Array {
  const ending = options([2, new TextEncoder().encode(name)], [9, Uint8Array.of(resolution)]);
  return block(1, 8 + ending.length, (view, body) => {
    view.setUint16(0, linkType, true);
    body.set(ending, 8);
  });
}

/** A packet, captured whole, at the interface of that number. */
export function enhancedPacket(index: number, timeNs: bigint, direction: Direction, data: Uint8Array): Uint8Array {
  const ending = options([2, Uint8Array.of(direction === 'in' ? 1 : 2, 0, 0, 0)]);
  const padded = roundUp(data.length);
  return block(6, 20 + padded + ending.length, (view, body) => {
    view.setUint32(0, index, true);
    view.setUint32(4, Number(timeNs >> 32n), true);
    view.setUint32(8, Number(timeNs & 0xffffffffn), true);
    view.setUint32(12, data.length, true);
    view.setUint32(16, data.length, true);
    body.set(data, 20);
    body.set(ending, 20 + padded);
  });
}

/** A block with its lengths, and a body of `length` bytes, a multiple of 4, to be filled. */
function block(type: number, length: number, fill: (view: DataView, body: Uint8Array) => void): Uint8Array {
  const bytes = new Uint8Array(length + 12);
  const whole = new DataView(bytes.buffer);
  whole.setUint32(0, type, true);
  whole.setUint32(4, bytes.length, true);
  whole.setUint32(bytes.length - 4, bytes.length, true);
  fill(new DataView(bytes.buffer, 8, length), bytes.subarray(8, 8 + length));
  return bytes;
}

/** Options by code, with the one that ends them. */
function options(...given: readonly (readonly [code: number, value: Uint8Array])[]): Uint8Array {
  const bytes = new Uint8Array(given.reduce((sum, [, value]) => sum + 4 + roundUp(value.length), 4));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [code, value] of given) {
    view.setUint16(at, code, true);
    view.setUint16(at + 2, value.length, true);
    bytes.set(value, at + 4);
    at += 4 + roundUp(value.length);
  }
  return bytes;
}

/** Blocks and options are padded to whole words of 32 bits. */
function roundUp(length: number): number {
  return Math.ceil(length / 4) * 4;
}
