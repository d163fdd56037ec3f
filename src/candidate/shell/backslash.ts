/** What backslashes do in shell text: it depends on what stands around it (POSIX.1-2024, XCU 2.2 and 2.7.4). */
import type { Part } from './syntax.ts';

/** `operand`: the word of `${x:-word}` in double quotes. */
export type Surroundings = 'bare' | 'double quotes' | 'operand' | 'here-document' | 'stripped here-document';

/** What a backslash quotes where it doesn't quote everything. */
const escapable = {
  'double quotes': '$`"\\',
  operand: '$`"\\}',
  'here-document': '$`\\',
  'stripped here-document': '$`\\',
};

/** Text outside of quotes, whose backslashes quote the next character. A line's end is taken away by one. */
export function bareText(raw: string): readonly Part[] {
  const parts: Part[] = [];
  for (const [piece] of raw.matchAll(/\\[^]|[^\\]+|\\$/g)) {
    if (piece === '\\\n') continue;
    const quoted = piece.length === 2 && piece.startsWith('\\');
    parts.push({ kind: 'text', text: quoted ? piece.slice(1) : piece, quoted });
  }
  return parts;
}

/** Text in double quotes, or in what is treated so. */
export function quotedText(raw: string, around: Exclude<Surroundings, 'bare'>): Part {
  const text = raw.replace(/\\([^])/g, (pair, next: string) => {
    if (next === '\n') return '';
    return escapable[around].includes(next) ? next : pair;
  });
  return { kind: 'text', text, quoted: true };
}

/** Raw text of a `<<-` document without the tabs that its lines begin with; not those after a line that is continued. */
export function strippedText(raw: string, atLineStart: boolean): string {
  const lines = raw.replace(/\\[^]|\n\t+/g, (match) => (match.startsWith('\n') ? '\n' : match));
  return atLineStart ? lines.replace(/^\t+/, '') : lines;
}

/** For a text between backquotes, which begins at `start`: where each character came from that the backslashes leave. */
export function unescapedOrigins(text: string, start: number): (offset: number) => number {
  const origins: number[] = [];
  for (let index = start; index < text.length && text[index] !== '`'; index++) {
    if (text[index] === '\\' && '$`\\'.includes(text[index + 1] ?? ' ')) index++;
    origins.push(index);
  }
  return (offset) => origins[offset] ?? text.length;
}
