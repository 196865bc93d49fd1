/** Folds sorted events into metric sets in one partition, and gives the rows as a store would. */
import { createDecoder } from '@tidemark/codec';
import { createCalendars, type FoldSettings, lineageOf, type MetricSet, PartitionFold, rowValue, Vocabulary } from '@tidemark/core';
import { type CellRow, type HeadNote, type PartitionRows, type ServedSet, versionOf } from '@tidemark/pipeline';
import type { FileEvent } from '../events/rows.ts';

export interface FoldedSet extends ServedSet {
  /** The only partition, 0. */
  readonly partition: PartitionRows;
}

/** By time, then by the smaller 64-bit hash of the messageId; equal ids keep the order of the files. */
export function inFoldOrder(left: FileEvent, right: FileEvent): number {
  return left.timeMs - right.timeMs || left.messageHigh - right.messageHigh || left.messageLow - right.messageLow;
}

/** `events` in fold order; `watermarkMs` null when there is neither event nor moment. The record's time is the event's, so that none lies in the future. */
export function foldEvents(options: {
  readonly sets: readonly MetricSet[];
  readonly settings: FoldSettings;
  readonly events: readonly FileEvent[];
  readonly watermarkMs: number | null;
}): FoldedSet[] {
  const { sets, settings, watermarkMs } = options;
  const vocabulary = new Vocabulary();
  const calendars = createCalendars();
  const folds = sets.map((set) => new PartitionFold({ set, settings, vocabulary, calendars }));
  const decoder = createDecoder(vocabulary);
  for (const [offset, { key, value, timeMs }] of options.events.entries()) {
    const event = decoder.decode(Buffer.from(key), typeof value === 'string' ? Buffer.from(value) : value);
    if (event === null) throw new Error(`an event that was accepted is now refused: ${decoder.reason}`);
    for (const fold of folds) fold.apply(event, offset, timeMs);
  }
  return folds.map((fold) => ({ set: fold.set, lineage: lineageOf(fold.set, settings), partition: partitionOf(fold, watermarkMs) }));
}

function partitionOf(fold: PartitionFold, watermarkMs: number | null): PartitionRows {
  const { state } = fold;
  state.counters.check();
  const closed = versionOf(state.epoch, state.next);
  const note: HeadNote = {
    clockMs: watermarkMs,
    counters: { ...state.counters.toRecord(), capped: state.cappedActors.size },
    overflow: state.dictionaries.some((dictionary) => dictionary.overflow),
    partitionCount: 1,
    publishedAtMs: watermarkMs ?? 0,
    confirmedAtMs: watermarkMs ?? 0,
    atEnd: true,
    fingerprint: '',
  };
  return { partition: 0, head: { closed, target: closed, note }, rows: rowsOf(fold) };
}

function rowsOf(fold: PartitionFold): CellRow[] {
  const { state } = fold;
  const rows: CellRow[] = [];
  for (const row of state.changes.all()) {
    const { shape } = row.table;
    const value = rowValue(shape, state.dictionaries, row.label);
    rows.push({ metric: shape.metric, table: shape.name, bucket: row.bucket, value, version: versionOf(row.epoch, row.next), cells: row.cells });
  }
  return rows;
}
