/** Compares what a store serves of a partition with the state that was folded again to the same position: pure. */
import { rowLabel, rowValue } from '@tidemark/core';
import type { PartitionMemory } from '../partition/memory.ts';
import type { CellRow, Head, PartitionRows, TableRange } from '../ports/sink.ts';
import { versionOf } from '../ports/version.ts';

/** One integer, or one fact of the head, that is not what the archive gives. */
export interface Difference {
  readonly store: 'redis' | 'clickhouse';
  readonly partition: number;
  /** `$head` for what the head says: `table` is then `note`. */
  readonly metric: string;
  readonly table: string;
  readonly bucket: number;
  /** Of the slice; '' of the total. Hostile text. */
  readonly value: string;
  /** Number of the integer in its row; `version` when the row claims another last change; a name of the head's note. */
  readonly column: number | string;
  readonly served: number | string | null;
  readonly recomputed: number | string | null;
}

export interface Comparison {
  /** Integers and facts that were looked at. */
  compared: number;
  readonly found: (difference: Difference) => void;
}

interface Place extends Pick<Difference, 'store' | 'partition'> {
  readonly memory: PartitionMemory;
}

/** Every integer of the ranges; a row that one side lacks counts as zeros, which is how it is answered. The memory stands where the head is closed. */
export function compareRows(of: Place, { rows }: PartitionRows, ranges: readonly TableRange[], comparison: Comparison): void {
  const { changes, tables, dictionaries } = of.memory.fold.state;
  const seen = new Set<number>();
  for (const row of rows) {
    const table = tables.get(`${row.metric}/${row.table}`);
    const label = table === undefined ? null : rowLabel(table.shape, dictionaries, row.value);
    const found = table === undefined || label === null ? -1 : table.find(row.bucket, label);
    if (found >= 0) seen.add(found);
    const cells = found < 0 ? [] : changes.cellsOf(found);
    const version = found < 0 ? null : versionOf(changes.epochOf(found), changes.nextOf(found));
    compareRow({ ...of, ...row }, { served: row.cells, recomputed: cells }, comparison);
    if (version !== null && version !== row.version)
      comparison.found({ ...placeOf({ ...of, ...row }), column: 'version', served: row.version, recomputed: version });
  }
  for (const { row, table, bucket, label, cells } of changes.all()) {
    const { metric, name } = table.shape;
    if (seen.has(row) || !ranges.some((range) => range.metric === metric && range.table === name && range.from <= bucket && bucket <= range.to))
      continue;
    const value = rowValue(table.shape, dictionaries, label);
    compareRow({ ...of, metric, table: name, bucket, value }, { served: [], recomputed: cells }, comparison);
  }
}

type RowPlace = Pick<Difference, 'store' | 'partition' | 'metric' | 'table' | 'bucket' | 'value'>;

function compareRow(place: RowPlace, { served, recomputed }: Record<'served' | 'recomputed', CellRow['cells']>, comparison: Comparison): void {
  const width = Math.max(served.length, recomputed.length);
  for (let column = 0; column < width; column++) {
    const [was, is] = [served[column] ?? 0, recomputed[column] ?? 0];
    if (was !== is) comparison.found({ ...placeOf(place), column, served: was, recomputed: is });
  }
  comparison.compared += width;
}

function placeOf({ store, partition, metric, table, bucket, value }: RowPlace): RowPlace {
  return { store, partition, metric, table, bucket, value };
}

/** What the head says of its prefix: clock, outcomes, overflow and the last record. */
export function compareHead({ store, partition, memory }: Place, { note }: Head, comparison: Comparison): void {
  if (note === null) return;
  const { state } = memory.fold;
  const counters: Record<string, number> = { ...state.counters.toRecord(), capped: state.cappedActors.size };
  const facts: [string, number | string | null, number | string | null][] = [
    ['clockMs', note.clockMs, Number.isFinite(state.clockMs) ? state.clockMs : null],
    ['overflow', Number(note.overflow), Number(state.dictionaries.some(({ overflow }) => overflow))],
    ['fingerprint', note.fingerprint, memory.fingerprint],
    ...Object.entries(counters).map(([name, count]): [string, number, number] => [name, note.counters[name] ?? 0, count]),
  ];
  const place = { store, partition, metric: '$head', table: 'note', bucket: 0, value: '' };
  for (const [column, served, recomputed] of facts) if (served !== recomputed) comparison.found({ ...place, column, served, recomputed });
  comparison.compared += facts.length;
}
