import type { TapReport } from './tap-tree.ts';

/** Control characters, invisible formatting (bidirectional overrides too), lone surrogates, and the line breaks of Unicode. */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\ufffe\uffff]/gu;

/**
 * The same text on one line, safe for a terminal, TAP and XML: what packets, logs and daemons say may hold anything. Every
 * character that does not print becomes a JSON escape (`\n`, `\u001b`).
 */
export function printable(text: string): string {
  return text.replace(unprintable, (character) => {
    const escaped = JSON.stringify(character).slice(1, -1);
    return escaped === character ? character.split('').map(unit).join('') : escaped;
  });
}

const unit = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** A double-quoted string that is JSON and YAML alike, on one line. */
export const quoted = (text: string): string => printable(JSON.stringify(text));

/** The report with every string in it {@link printable}: what the formats for people start from, so that none is forgotten. */
export function printableReport(report: TapReport): TapReport {
  // Only strings change, and only to strings: the shape stays.
  return printableStrings(report) as TapReport;
}

function printableStrings(value: unknown): unknown {
  if (typeof value === 'string') return printable(value);
  if (Array.isArray(value)) return value.map(printableStrings);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, printableStrings(field)]));
}

/** Lays words out in lines; those after the first are set in by one space. A word longer than the width keeps its line. */
export function wrap(words: readonly string[], width: number): readonly string[] {
  return words.reduce<readonly string[]>((lines, word) => {
    const line = lines.at(-1);
    if (line === undefined) return [word];
    const longer = `${line} ${word}`;
    return longer.length <= width ? [...lines.slice(0, -1), longer] : [...lines, ` ${word}`];
  }, []);
}
