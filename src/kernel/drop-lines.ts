import { LabError } from '../net/error.ts';
import { decodePacket, type Packet } from '../net/packet.ts';

/** A packet that was dropped somewhere on this machine. */
export interface SeenDrop {
  /** The inode of the network namespace. */
  readonly namespace: number;
  readonly interface: string;
  /** As the running kernel numbers them. */
  readonly reason: number;
  readonly function: string;
  /** As its headers tell; null if it was dropped before they were where they belong, and in order. */
  readonly packet: Packet | null;
}

const rawIP = 101;

/** Reads a line of the watch for dropped packets (drops.bt); null for what is none. */
export function readDropLine(line: string): SeenDrop | null {
  const [, namespace, name, reason, by, words] =
    /^drop (\d+) (\S+) (\d+) (\S+) ([\da-f]+(?: [\da-f]+){9})$/.exec(line) ?? [];
  if (namespace === undefined || name === undefined || by === undefined || words === undefined) return null;
  const place = { namespace: Number(namespace), interface: name };
  // Compilers split functions: `__netif_receive_skb_core.constprop.0`.
  return { ...place, reason: Number(reason), function: by.replace(/\..*/, ''), packet: readHeaders(words) };
}

/** A packet of which the first 80 bytes were printed in words of eight; null if its headers are not in order. */
export function readHeaders(words: string): Packet | null {
  try {
    return decodePacket(rawIP, headersIn(bytesOf(words)));
  } catch (error) {
    if (error instanceof LabError) return null;
    throw error;
  }
}

/** Bytes that were printed in words of eight, the lowest first. */
export function bytesOf(words: string): readonly number[] {
  return words.split(' ').flatMap((word) => {
    const digits = word.padStart(16, '0');
    return Array.from({ length: 8 }, (_, index) => Number.parseInt(digits.slice(14 - index * 2, 16 - index * 2), 16));
  });
}

/** A packet's own, where bytes beyond its end were read, too. */
function headersIn(bytes: readonly number[]): Uint8Array {
  const [high = 0, low = 0] = bytes.slice(2, 4);
  return Uint8Array.from(bytes.slice(0, high * 256 + low));
}

/** The names of the reasons, by number, from the tracepoint's own description (events/skb/kfree_skb/format). */
export function readReasons(format: string): ReadonlyMap<number, string> {
  const list = /__print_symbolic\(REC->reason, (.*)\)\s*$/m.exec(format)?.[1] ?? '';
  return new Map([...list.matchAll(/\{ (\d+), "(\w+)" \}/g)].map(([, number, name]) => [Number(number), name ?? '']));
}
