import { LabError } from '../../net/error.ts';

/** Where something stands in a script. */
export interface Location {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units, as editors that speak of columns count. */
  readonly column: number;
}

/** `file:line:column`, as compilers write it and editors understand it. */
export function formatLocation({ file, line, column }: Location): string {
  return `${file}:${line}:${column}`;
}

/** A piece of shell source, and where each of its characters came from. */
export interface Source {
  readonly text: string;
  /** The location of the character at an offset. */
  at(offset: number): Location;
}

/** The source that is a file's own text. */
export function fileSource(file: string, text: string): Source {
  const starts = [0];
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) starts.push(end + 1);
  const at = (offset: number): Location => {
    let line = 0;
    for (let beyond = starts.length; beyond - line > 1;) {
      const middle = (line + beyond) >> 1;
      if ((starts[middle] ?? 0) <= offset) line = middle;
      else beyond = middle;
    }
    return { file, line: line + 1, column: offset - (starts[line] ?? 0) + 1 };
  };
  return { text, at };
}

/** The source that was put together while the script ran (`eval`): all of it comes from one place. */
export function generatedSource(text: string, at: Location): Source {
  return { text, at: () => at };
}

/** The error for a script that is not, or not yet, understood: it says where, and what would be. */
export function invalid(at: Location, what: string, hint = ''): LabError {
  return new LabError('invalid', `${formatLocation(at)}: ${what}`, hint);
}
