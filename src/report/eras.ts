import Table from 'cli-table3';
import picocolors from 'picocolors';
import type { Turn } from '../model/era.ts';

/** A table of what Linux does differently since some release. */
export function eraTable(turns: readonly Turn[], { color }: { readonly color: boolean }): string {
  const { bold } = picocolors.createColors(color);
  const table = new Table({
    head: ['since', 'what', 'before', 'from then on', 'commit'].map(bold),
    colWidths: [8, 34, 27, 33, 14],
    wordWrap: true,
    style: { head: [], border: [] },
  });
  for (const { since, title, from, to, commit } of turns) table.push([since, title, from, to, commit ?? '']);
  return `${table.toString()}\n`;
}
