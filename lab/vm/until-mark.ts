import type { Readable, Writable } from 'node:stream';

/**
 * Passes a stream on up to a mark, which isn't passed on.
 *
 * @returns whether the mark came before the stream ended
 */
export async function untilMark(from: Readable, mark: string, to: Pick<Writable, 'write' | 'once'>): Promise<boolean> {
  const wanted = Buffer.from(mark);
  let held: Buffer = Buffer.alloc(0);
  for await (const chunk of from) {
    const all = Buffer.concat([held, chunk as Buffer]);
    const at = all.indexOf(wanted);
    const passed = at === -1 ? all.length - beginning(all, wanted) : at;
    if (passed > 0 && !to.write(all.subarray(0, passed))) await new Promise((resolve) => to.once('drain', resolve));
    if (at !== -1) return true;
    held = all.subarray(passed);
  }
  return false;
}

/** How many bytes at the end of some may be the beginning of the mark. */
function beginning(bytes: Buffer, mark: Buffer): number {
  for (let length = Math.min(bytes.length, mark.length - 1); length > 0; length--) {
    if (bytes.subarray(-length).equals(mark.subarray(0, length))) return length;
  }
  return 0;
}
