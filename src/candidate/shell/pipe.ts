import { createSignal, type Job } from './process.ts';
import { brokenPipe, held, type Input, type Output, type Stream } from './streams.ts';

/** A pipe: what is written at one end is read at the other. It holds any amount. */
export interface Pipe {
  reader(): Input;
  writer(): Output;
  /** Opens an end of one that has a name: that waits until the other end is open, too (POSIX.1-2024, XSH open). */
  open(mode: 'read' | 'write'): Job<Stream>;
}

export function createPipe(): Pipe {
  let text = '';
  const changed = createSignal();
  /** Of each end, how often it is open, and how often it has been opened. */
  const ends = { read: { open: 0, ever: 0 }, write: { open: 0, ever: 0 } };
  const enter = (mode: 'read' | 'write'): ReturnType<typeof held> => {
    ends[mode].open += 1;
    ends[mode].ever += 1;
    changed.give();
    return held(() => {
      ends[mode].open -= 1;
      if (ends.read.open + ends.write.open === 0) text = '';
      changed.give();
    });
  };
  const take = (length: number): string => {
    const taken = text.slice(0, length);
    text = text.slice(length);
    return taken;
  };
  const reader = (): Input => ({
    kind: 'input',
    lacks: (what) => (ends.write.open === 0 || (what === 'line' && text.includes('\n')) ? null : changed.wait),
    line: () => (text === '' ? null : take(text.indexOf('\n') + 1 || text.length)),
    rest: () => ({ text: take(text.length), at: null }),
    ...enter('read'),
  });
  const writer = (): Output => ({
    kind: 'output',
    file: null,
    write: (more) => {
      if (ends.read.open === 0) return brokenPipe;
      text += more;
      changed.give();
      return null;
    },
    ...enter('write'),
  });
  return {
    reader,
    writer,
    *open(mode) {
      const other = ends[mode === 'read' ? 'write' : 'read'];
      const before = other.ever - other.open;
      const stream = mode === 'read' ? reader() : writer();
      let opened = false;
      try {
        while (other.ever === before) yield changed.wait;
        opened = true;
        return stream;
      } finally {
        if (!opened) stream.release();
      }
    },
  };
}
