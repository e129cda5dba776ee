import { escapeLine } from '../../lib/escape.ts';

/**
 * Rows under headings, columns two spaces apart and as wide as their widest cell; no trailing spaces, a line
 * break at the end of each line. Cells are escaped: they may come from machines.
 */
export function renderTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [headings, ...rows].map((row) => headings.map((_, column) => escapeLine(row[column] ?? '')));
  const widths = headings.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}
