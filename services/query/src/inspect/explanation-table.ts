/** An explanation as a table: first what the actor adds, then the events. `part` says which a row is of. */
import type { Explanation } from '@tidemark/pipeline';
import type { CsvCell, CsvTable } from '../csv.ts';

const COLUMNS = [
  'part',
  'cell',
  'bucket',
  'through',
  'slice_value',
  'amount',
  'at',
  'recorded_at',
  'partition',
  'epoch',
  'offset',
  'outcome',
  'reason',
  'name',
  'kind',
  'message_id',
  'plays',
  'words',
  'value',
] as const;
type Row = Partial<Record<(typeof COLUMNS)[number], CsvCell>>;

export function explanationTable({ contributions, events }: Explanation): CsvTable {
  const rows: Row[] = [
    ...(contributions ?? []).map(({ cell, bucket, through, value, amount, words }): Row => {
      const slice_value = value === null || typeof value === 'string' ? value : JSON.stringify(value);
      return { part: 'contribution', cell, bucket, through, slice_value, amount, words };
    }),
    ...events.map(({ at, recordedAt, partition, epoch, offset, outcome, reason, name, kind, messageId, plays, words, value }): Row => {
      const place = { at, recorded_at: recordedAt, partition, epoch, offset };
      return { part: 'event', ...place, outcome, reason, name, kind, message_id: messageId, plays: plays.join(', '), words, value };
    }),
  ];
  return { columns: COLUMNS, rows: rows.map((row) => COLUMNS.map((column) => row[column] ?? null)) };
}
