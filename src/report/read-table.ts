// For tests: reads back the tables that cli-table3 draws.

/** Each row's cells, the heading's first; the lines of a cell are joined by `glue`. */
export function readTable(text: string, glue: string): readonly (readonly string[])[] {
  const rows: string[][] = [];
  let lines: string[][] = [];
  for (const line of text.split('\n').filter((each) => /^[┌├└│]/.test(each))) {
    if (line.startsWith('│')) {
      lines.push(line.split('│').slice(1, -1));
      continue;
    }
    const [first = []] = lines;
    const cells = first.map((_, column) =>
      lines
        .map((each) => each[column]?.trim() ?? '')
        .filter(Boolean)
        .join(glue),
    );
    if (cells.length > 0) rows.push(cells);
    lines = [];
  }
  return rows;
}
