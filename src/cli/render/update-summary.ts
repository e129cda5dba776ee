import { escapeLine } from '../../lib/escape.ts';

/** What an update of all containers did to one of them. Ids are those of images. */
export interface UpdateRow {
  readonly host: string;
  readonly name: string;
  readonly before: string;
  readonly after: string;
  /** null when it is unknown. */
  readonly latest: string | null;
  readonly status: keyof typeof STATUS;
}

/** The words of the format; what is prepared is not updated yet. */
const STATUS = {
  updated: 'Updated now',
  unchanged: 'Updated',
  prepared: 'Not updated',
  failed: 'Failed',
  unknown: 'Unknown',
} as const;

const COLUMNS = [
  { heading: 'Container', key: 'name', width: 15 },
  { heading: 'Image ID before update', key: 'before', width: 32 },
  { heading: 'Image ID after update', key: 'after', width: 32 },
  { heading: 'Latest image ID', key: 'latest', width: 32 },
  { heading: 'Status', key: 'status', width: 15 },
] as const;

/** A row in the format's words. */
const textOf = (row: UpdateRow) => ({
  ...row,
  status: STATUS[row.status],
  latest: row.latest ?? (row.status === 'unknown' ? '<NOT FOUND>' : ''),
});

/** The table at the end of `kboot containers update --all`, with the format's columns and the machine. */
export function renderUpdateSummary(rows: readonly UpdateRow[]): string {
  const line = (cells: readonly string[], host: string) =>
    `${cells.map((cell, at) => cell.slice(0, COLUMNS[at]?.width).padEnd(COLUMNS[at]?.width ?? 0)).join(' ')} ${host}\n`;
  return [
    'SUMMARY\n',
    line(
      COLUMNS.map(({ heading }) => heading),
      'Host',
    ),
    ...rows.map((row) =>
      line(
        COLUMNS.map(({ key }) => escapeLine(textOf(row)[key])),
        escapeLine(row.host),
      ),
    ),
  ].join('');
}
