/** The undisturbed fold of one partition of one lineage, record by record: what every row was after every prefix of the log. */
import { createPlainDecoder, partitionOf } from '@tidemark/codec';
import { createCalendars, type FoldSettings, kindOf, type MetricSet, PartitionFold, type PartitionState, rowValue, Vocabulary } from '@tidemark/core';
import { type CellKey, type CellRow, NO_VERSION, type Version, versionOf } from '@tidemark/pipeline';
import type { MemoryRecord } from '../twins/log.ts';
import { PARTITIONER } from './traffic.ts';

/** A row as it was from one version on. */
export interface JournalEntry {
  readonly version: Version;
  /** The integers as text, trailing zeros cut. */
  readonly cells: string;
}

/** What is true of a whole prefix. */
export interface PrefixFacts {
  /** Rows that have ever been written. */
  readonly rows: number;
  /** null before the first applied event or tick. */
  readonly clockMs: number | null;
  readonly counters: string;
  readonly overflow: boolean;
}

export function cellsText(cells: ArrayLike<number>): string {
  let length = cells.length;
  while (length > 0 && cells[length - 1] === 0) length--;
  return Array.from({ length }, (_, index) => cells[index]).join(',');
}

export function rowKey({ metric, table, bucket, value }: CellKey): string {
  return `${metric}|${table}|${bucket}|${value}`;
}

export class Reference {
  readonly lineage: string;
  readonly partition: number;
  /** By row: its entries in the order of versions. */
  readonly journal = new Map<string, JournalEntry[]>();
  /** By row: the clock from which on it is closed. */
  readonly closesAtMs = new Map<string, number>();
  readonly #keys = new Map<string, CellKey>();
  readonly #facts = new Map<Version, PrefixFacts>();
  readonly #set: MetricSet;
  readonly #partitionCount: number;
  readonly #fold: PartitionFold;
  readonly #decoder: ReturnType<typeof createPlainDecoder>;

  constructor(options: { lineage: string; partition: number; partitionCount: number; set: MetricSet; settings: FoldSettings; epoch: number }) {
    const { set, settings } = options;
    this.lineage = options.lineage;
    this.partition = options.partition;
    this.#partitionCount = options.partitionCount;
    this.#set = set;
    const vocabulary = new Vocabulary();
    this.#fold = new PartitionFold({ set, settings, vocabulary, calendars: createCalendars() });
    this.#fold.state.epoch = options.epoch;
    this.#decoder = createPlainDecoder(vocabulary);
    this.#note();
  }

  /** The version of the whole log so far. */
  get version(): Version {
    const { epoch, next } = this.#fold.state;
    return versionOf(epoch, next);
  }

  /** Facts of the prefix that a version names; undefined when no record ends there. */
  factsAt(version: Version): PrefixFacts | undefined {
    return version === NO_VERSION ? { rows: 0, clockMs: null, counters: '', overflow: false } : this.#facts.get(version);
  }

  /** All rows as they are now. */
  rows(): readonly CellRow[] {
    const { state } = this.#fold;
    return [...state.changes.all()].map(({ table: { shape }, bucket, label, epoch, next, cells }) => {
      const key = { metric: shape.metric, table: shape.name, bucket, value: rowValue(shape, state.dictionaries, label) };
      return { ...key, version: versionOf(epoch, next), cells: Array.from(cells) };
    });
  }

  /** The same state goes on in a later epoch, at the beginning of another log. */
  raise(epoch: number): PartitionState {
    const { state } = this.#fold;
    state.epoch = epoch;
    state.next = 0;
    this.#note();
    return state;
  }

  /** All rows as they were at a version. */
  rowsAt(version: Version): readonly CellRow[] {
    const rows: CellRow[] = [];
    for (const [text, key] of this.#keys) {
      const entry = this.journal.get(text)?.findLast((each) => each.version <= version);
      if (entry !== undefined) rows.push({ ...key, version: entry.version, cells: entry.cells === '' ? [] : entry.cells.split(',').map(Number) });
    }
    return rows;
  }

  /** Why no prefix at all can have such a row, or null: a count below zero, more retained than there are. */
  impossible(row: CellRow): string | null {
    const metric = this.#set.metrics.find(({ id }) => id === row.metric);
    const table = this.#fold.state.tables.get(`${row.metric}/${row.table}`);
    if (metric === undefined || table === undefined) return 'no metric has such a table';
    const cells = new Float64Array(table.shape.width);
    cells.set(Array.from(row.cells));
    try {
      kindOf(metric).check(metric, row.table, cells);
      return null;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** Folds the next record of the log. */
  fold(record: MemoryRecord): void {
    const { offset, timestampMs, key, value } = record;
    const fold = this.#fold;
    const event = record.control ? null : this.#decoder.decode(key, value);
    if (record.control) fold.skip('control', offset, timestampMs);
    else if (event === null || key === null) fold.skip('rejected', offset, timestampMs);
    else if (partitionOf(PARTITIONER, key, this.#partitionCount) !== this.partition) fold.skip('misrouted', offset, timestampMs);
    else fold.apply(event, offset, timestampMs);
    this.#note();
  }

  #note(): void {
    const { state } = this.#fold;
    state.counters.check();
    for (const number of state.changes.changedAbove(state.epoch, state.next - 1)) {
      const row = state.changes.view(number);
      const { shape } = row.table;
      const value = rowValue(shape, state.dictionaries, row.label);
      const key = rowKey({ metric: shape.metric, table: shape.name, bucket: row.bucket, value });
      const metric = this.#set.metrics.find(({ id }) => id === shape.metric);
      if (metric !== undefined) kindOf(metric).check(metric, shape.name, row.cells);
      const entries = this.journal.get(key) ?? [];
      if (entries.length === 0) this.#keys.set(key, { metric: shape.metric, table: shape.name, bucket: row.bucket, value });
      entries.push({ version: this.version, cells: cellsText(row.cells) });
      this.journal.set(key, entries);
      this.closesAtMs.set(key, shape.closesAtMs(row.bucket));
    }
    const { clockMs, counters, cappedActors } = state;
    this.#facts.set(this.version, {
      rows: this.journal.size,
      clockMs: Number.isFinite(clockMs) ? clockMs : null,
      counters: JSON.stringify({ ...counters.toRecord(), capped: cappedActors.size }),
      overflow: state.dictionaries.some(({ overflow }) => overflow),
    });
  }
}
