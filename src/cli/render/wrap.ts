import { stripVTControlCharacters } from 'node:util';

/**
 * Breaks a line between words so that no part is wider than `columns`; the parts after the first are indented by
 * `indent` columns. A word that is wider stays whole. Colours take no room.
 */
export function wrapLine(line: string, columns: number, indent: number): string {
  const [first = '', ...words] = line.split(' ');
  const rows: string[] = [];
  let row = first;
  for (const word of words) {
    const longer = `${row} ${word}`;
    if (widthOf(longer) <= columns || widthOf(row.trim()) === 0) {
      row = longer;
      continue;
    }
    rows.push(row);
    row = `${' '.repeat(indent)}${word}`;
  }
  return [...rows, row].join('\n');
}

/** Every character counts as one column, as in the tables. */
function widthOf(text: string): number {
  return [...stripVTControlCharacters(text)].length;
}
