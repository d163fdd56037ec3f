import type { Location } from './location.ts';
import type { OpenFile, TakenInput } from './machine.ts';

/** What a descriptor leads to. */
export type Stream = Input | Output;

/** Somewhere to read from. Commands share it: what one has read, the next doesn't see. */
export interface Input {
  readonly kind: 'input';
  /** The next line with its newline, which the last one may lack; or `null` at the end. */
  line(): string | null;
  rest(): TakenInput;
}

/** Somewhere to write to. */
export interface Output {
  readonly kind: 'output';
  /** Returns why it failed, or `null`. */
  write(text: string): string | null;
}

/** An output that keeps what is written to it. */
export interface Buffer extends Output {
  readonly text: () => string;
}

/** @param at where the text's first line stands, `null` where that means nothing */
export function textInput(text: string, at: Location | null): Input {
  let position = 0;
  let line = 0;
  return {
    kind: 'input',
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
  };
}

/** @param spend told how many characters are kept */
export function bufferOutput(spend: (characters: number) => void): Buffer {
  const pieces: string[] = [];
  return {
    kind: 'output',
    write: (text) => {
      spend(text.length);
      pieces.push(text);
      return null;
    },
    text: () => pieces.join(''),
  };
}

export const nullOutput: Output = { kind: 'output', write: () => null };

export function fileOutput(file: OpenFile): Output {
  return { kind: 'output', write: (text) => (text === '' ? null : file.write(text)) };
}
