import { LabError } from '../net/error.ts';
import { decodePacket, type Packet } from '../net/packet.ts';

/** A line that the watch for dropped packets (drops.bt) says. */
export type DropLine =
  | {
      readonly kind: 'drop';
      /** The inode of the network namespace. */
      readonly namespace: number;
      readonly interface: string;
      /** As the running kernel numbers them. */
      readonly reason: number;
      readonly function: string;
      /** As its headers tell; null if it was dropped before they were where they belong, and in order. */
      readonly packet: Packet | null;
    }
  /** All that processor `cpu` had to say before `time`, in nanoseconds since the machine was started, has been said. */
  | { readonly kind: 'tick'; readonly cpu: number; readonly time: bigint };

const rawIP = 101;

/** Reads a line of the watch; null for what is none. */
export function readDropLine(line: string): DropLine | null {
  const [, namespace, name, reason, by, words] =
    /^drop (\d+) (\S+) (\d+) (\S+) ([\da-f]+(?: [\da-f]+){9})$/.exec(line) ?? [];
  if (namespace !== undefined && name !== undefined && by !== undefined && words !== undefined) {
    const packet = decode(headersIn(words));
    const place = { namespace: Number(namespace), interface: name };
    // Compilers split functions: `__netif_receive_skb_core.constprop.0`.
    return { kind: 'drop', ...place, reason: Number(reason), function: by.replace(/\..*/, ''), packet };
  }
  const [, cpu, time] = /^tick (\d+) (\d+)$/.exec(line) ?? [];
  return time === undefined ? null : { kind: 'tick', cpu: Number(cpu), time: BigInt(time) };
}

function decode(bytes: Uint8Array): Packet | null {
  try {
    return decodePacket(rawIP, bytes);
  } catch (error) {
    if (error instanceof LabError) return null;
    throw error;
  }
}

/** The bytes of a packet that has been read in words of eight, the lowest byte first, and perhaps beyond its end. */
function headersIn(words: string): Uint8Array {
  const bytes = words.split(' ').flatMap((word) => {
    const digits = word.padStart(16, '0');
    return Array.from({ length: 8 }, (_, index) => Number.parseInt(digits.slice(14 - index * 2, 16 - index * 2), 16));
  });
  const [high = 0, low = 0] = bytes.slice(2, 4);
  return Uint8Array.from(bytes.slice(0, high * 256 + low));
}

/** The names of the reasons, by number, from the tracepoint's own description (events/skb/kfree_skb/format). */
export function readReasons(format: string): ReadonlyMap<number, string> {
  const list = /__print_symbolic\(REC->reason, (.*)\)\s*$/m.exec(format)?.[1] ?? '';
  return new Map([...list.matchAll(/\{ (\d+), "(\w+)" \}/g)].map(([, number, name]) => [Number(number), name ?? '']));
}
