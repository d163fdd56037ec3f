import type { Location } from './location.ts';
import type { OpenFile, TakenInput } from './machine.ts';
import { createSignal, type Job, type Wait } from './process.ts';

/** What descriptors lead to. */
export type Stream = Input | Output;

/** How many descriptors lead there. Who opens something has the first; with the last it is closed. */
interface Held {
  hold(): void;
  release(): void;
}

/** Somewhere to read from. Commands share it: what one has read, the next doesn't see. */
export interface Input extends Held {
  readonly kind: 'input';
  /** What is to be waited for before the next line, or all that is left, can be read; `null`: nothing. */
  lacks(what: 'line' | 'rest'): Wait | null;
  /** The next line with its newline, which the last one may lack; or `null` at the end. */
  line(): string | null;
  rest(): TakenInput;
}

/** Somewhere to write to. */
export interface Output extends Held {
  readonly kind: 'output';
  /** Returns why it failed, or `null`. */
  write(text: string): string | null;
  /** The file that it leads to, if it does. */
  readonly file: OpenFile | null;
}

/** An output that keeps what is written to it. */
export interface Buffer extends Output {
  readonly text: () => string;
  /** Waits until nobody can write to it any more. */
  closed(): Job<void>;
}

/** Why nobody hears what is written: whoever writes is ended by that. */
export const brokenPipe = 'Broken pipe';

/** Waits until an input has a line, or all that it will ever have. */
export function* awaitInput(input: Input, what: 'line' | 'rest'): Job<void> {
  for (let lack = input.lacks(what); lack; lack = input.lacks(what)) yield lack;
}

/** Takes all that is left to read at a descriptor; where it leads to no input, that is nothing. */
export function* takeRest(stream: Stream | undefined): Job<TakenInput> {
  if (stream?.kind !== 'input') return { text: '', at: null };
  yield* awaitInput(stream, 'rest');
  return stream.rest();
}

/** @param at where the text's first line stands, `null` where that means nothing */
export function textInput(text: string, at: Location | null): Input {
  let position = 0;
  let line = 0;
  return {
    kind: 'input',
    lacks: () => null,
    line: () => {
      if (position >= text.length) return null;
      const newline = text.indexOf('\n', position);
      const start = position;
      position = newline < 0 ? text.length : newline + 1;
      line++;
      return text.slice(start, position);
    },
    rest: () => {
      const taken = { text: text.slice(position), at: at && { ...at, line: at.line + line } };
      line += taken.text.split('\n').length - 1;
      position = text.length;
      return taken;
    },
    ...held(() => undefined),
  };
}

/** @param spend told how many characters are kept */
export function bufferOutput(spend: (characters: number) => void): Buffer {
  const pieces: string[] = [];
  let open = true;
  const end = createSignal();
  return {
    kind: 'output',
    file: null,
    write: (text) => {
      spend(text.length);
      pieces.push(text);
      return null;
    },
    text: () => pieces.join(''),
    *closed() {
      while (open) yield end.wait;
    },
    ...held(() => {
      open = false;
      end.give();
    }),
  };
}

export const nullOutput: Output = { kind: 'output', file: null, write: () => null, ...held(() => undefined) };

export function fileOutput(file: OpenFile): Output {
  return {
    kind: 'output',
    file,
    write: (text) => (text === '' ? null : file.write(text)),
    ...held(() => {
      file.close();
    }),
  };
}

/** Counts descriptors, and calls `close` when the last is gone. */
export function held(close: () => void): Held {
  let descriptors = 1;
  return {
    hold: () => {
      descriptors += 1;
    },
    release: () => {
      descriptors -= 1;
      if (descriptors === 0) close();
    },
  };
}
