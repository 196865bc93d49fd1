/** The undisturbed fold of one partition of one lineage, record by record: what every row was after every prefix of the log. */
import { createPlainDecoder, partitionOf } from '@tidemark/codec';
import { createCalendars, type FoldSettings, kindOf, type MetricSet, PartitionFold, rowValue, Vocabulary } from '@tidemark/core';
import { type CellKey, NO_VERSION, type Version, versionOf } from '@tidemark/pipeline';
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
  readonly #facts = new Map<Version, PrefixFacts>();
  readonly #set: MetricSet;
  readonly #partitionCount: number;
  readonly #fold: PartitionFold;
  readonly #decoder: ReturnType<typeof createPlainDecoder>;

  constructor(options: { lineage: string; partition: number; partitionCount: number; set: MetricSet; settings: FoldSettings }) {
    const { set, settings } = options;
    this.lineage = options.lineage;
    this.partition = options.partition;
    this.#partitionCount = options.partitionCount;
    this.#set = set;
    const vocabulary = new Vocabulary();
    this.#fold = new PartitionFold({ set, settings, vocabulary, calendars: createCalendars() });
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
    return version === NO_VERSION ? { rows: 0, clockMs: null, counters: '' } : this.#facts.get(version);
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
    for (const number of state.changes.changedAbove(state.epoch, state.next - 1)) {
      const row = state.changes.view(number);
      const { shape } = row.table;
      const value = rowValue(shape, state.dictionaries, row.label);
      const key = rowKey({ metric: shape.metric, table: shape.name, bucket: row.bucket, value });
      const metric = this.#set.metrics.find(({ id }) => id === shape.metric);
      if (metric !== undefined) kindOf(metric).check(metric, shape.name, row.cells);
      const entries = this.journal.get(key) ?? [];
      entries.push({ version: this.version, cells: cellsText(row.cells) });
      this.journal.set(key, entries);
      this.closesAtMs.set(key, shape.closesAtMs(row.bucket));
    }
    const { clockMs, counters, cappedActors } = state;
    this.#facts.set(this.version, {
      rows: this.journal.size,
      clockMs: Number.isFinite(clockMs) ? clockMs : null,
      counters: JSON.stringify({ ...counters.toRecord(), capped: cappedActors.size }),
    });
  }
}
