/** The undisturbed run that everything is compared with: one fold of each partition in this process, in log order, answered by the service's own code. */
import { readFileSync } from 'node:fs';
import { createDecoder, type Decoder, partitionOf } from '@tidemark/codec';
import {
  createCalendars,
  DEFAULT_SETTINGS,
  lineageOf,
  type MetricDefinition,
  type MetricSet,
  measuredMetrics,
  type Outcome,
  PartitionFold,
  rowValue,
  Vocabulary,
} from '@tidemark/core';
import { parseMetricSet } from '@tidemark/definitions';
import { type AnswerBody, type AnswerQuery, answerFromRows, type CellRow, type Head, type PartitionRows, versionOf } from '@tidemark/pipeline';

export interface OracleRecord {
  readonly partition: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** The record's LogAppendTime. */
  readonly recordMs: number;
}

export function readSet(file: string): MetricSet {
  const parsed = parseMetricSet(readFileSync(file, 'utf8'), { file });
  if (!parsed.ok) throw new Error(parsed.problems.map(({ line, message }) => `${file}:${line} ${message}`).join('\n'));
  return parsed.set;
}

export class Oracle {
  readonly set: MetricSet;
  readonly lineage: string;
  readonly #partitionCount: number;
  readonly #folds: readonly PartitionFold[];
  readonly #decoder: Decoder;
  #rows: ReadonlyMap<string, readonly PartitionRows[]> | null = null;

  constructor(options: { set: MetricSet; partitions: number }) {
    this.set = options.set;
    this.lineage = lineageOf(options.set, DEFAULT_SETTINGS);
    this.#partitionCount = options.partitions;
    const shared = { set: options.set, settings: DEFAULT_SETTINGS, vocabulary: new Vocabulary(), calendars: createCalendars() };
    this.#folds = Array.from({ length: options.partitions }, () => new PartitionFold(shared));
    // Only now, because the folds complete the vocabulary.
    this.#decoder = createDecoder(shared.vocabulary);
  }

  /** The partition of a key by the namespace's partitioner. */
  partitionOf(key: Buffer): number {
    return partitionOf('murmur2', key, this.#partitionCount);
  }

  /** The next record of its partition. */
  fold({ partition, key, value, recordMs }: OracleRecord): Outcome {
    const fold = this.#foldOf(partition);
    const offset = fold.state.next;
    this.#rows = null;
    const event = this.#decoder.decode(key, value);
    if (event === null || key === null) {
      fold.skip('rejected', offset, recordMs);
      return 'rejected';
    }
    if (this.partitionOf(key) === partition) return fold.apply(event, offset, recordMs);
    fold.skip('misrouted', offset, recordMs);
    return 'misrouted';
  }

  /** The next record as a producer sends it, to the partition of its key. */
  foldText(keyText: string, valueText: string): void {
    const key = Buffer.from(keyText);
    this.fold({ partition: this.partitionOf(key), key, value: Buffer.from(valueText), recordMs: Date.now() });
  }

  /** By partition, as answers name them. */
  positions(): Record<string, string> {
    return Object.fromEntries(this.#folds.map(({ state }, partition) => [String(partition), String(state.next)]));
  }

  /** Records by outcome, over all partitions. */
  counters(): Record<string, number> {
    const sums: Record<string, number> = {};
    for (const { state } of this.#folds) {
      for (const [name, count] of Object.entries(state.counters.toRecord())) sums[name] = (sums[name] ?? 0) + count;
    }
    return sums;
  }

  answer(metricId: string, query: AnswerQuery): AnswerBody {
    const metric = this.set.metrics.find(({ id }) => id === metricId);
    if (metric === undefined) throw new Error(`no metric ${metricId}`);
    const partitions = this.#rowsFor(metric, query.slice);
    const served = { metric, set: this.set, lineage: this.lineage };
    return answerFromRows({ served, query, partitions, latenessMs: DEFAULT_SETTINGS.latenessMs, nowMs: 0, source: 'redis' }).body;
  }

  /** Of a formula, the rows of all metrics that it is made of. */
  #rowsFor(metric: MetricDefinition, slice: string | undefined): readonly PartitionRows[] {
    const byRoom = this.#rows ?? this.#rowsByRoom();
    this.#rows = byRoom;
    const [first = this.#partitionRows(), ...more] = measuredMetrics(this.set, metric).map(
      ({ id }) => byRoom.get(roomOf(id, slice)) ?? this.#partitionRows(),
    );
    if (more.length === 0) return first;
    return first.map((each, index) => ({ ...each, rows: [first, ...more].flatMap((room) => room[index]?.rows ?? []) }));
  }

  #foldOf(partition: number): PartitionFold {
    const fold = this.#folds[partition];
    if (fold === undefined) throw new Error(`no partition ${partition}`);
    return fold;
  }

  #rowsByRoom(): ReadonlyMap<string, readonly PartitionRows[]> {
    const byRoom = new Map<string, readonly GrowingRows[]>();
    for (const [partition, fold] of this.#folds.entries()) {
      for (const row of rowsOf(fold)) {
        const room = roomOf(row.metric, row.table.split(':')[1]);
        const partitions = byRoom.get(room) ?? this.#partitionRows();
        byRoom.set(room, partitions);
        partitions[partition]?.rows.push(row);
      }
    }
    return byRoom;
  }

  #partitionRows(): readonly GrowingRows[] {
    return this.#folds.map((fold, partition) => ({ partition, head: headOf(fold), rows: [] }));
  }
}

interface GrowingRows extends PartitionRows {
  readonly rows: CellRow[];
}

/** Rows are kept by what one question can need of them: a metric's unsliced tables, or those of one dimension. */
function roomOf(metric: string, dimension: string | undefined): string {
  return `${metric}:${dimension ?? ''}`;
}

function headOf({ state }: PartitionFold): Head {
  const closed = versionOf(state.epoch, state.next);
  return {
    closed,
    target: closed,
    note: {
      clockMs: Number.isFinite(state.clockMs) ? state.clockMs : null,
      counters: { ...state.counters.toRecord(), capped: state.cappedActors.size },
      overflow: state.dictionaries.some((dictionary) => dictionary.overflow),
      partitionCount: 0,
      publishedAtMs: 0,
      confirmedAtMs: 0,
      atEnd: true,
      fingerprint: '',
    },
  };
}

/** Nothing is ever dropped here: closed rows stay. */
function* rowsOf({ state }: PartitionFold): Generator<CellRow> {
  for (const row of state.changes.all()) {
    const { metric, name } = row.table.shape;
    const value = rowValue(row.table.shape, state.dictionaries, row.label);
    yield { metric, table: name, bucket: row.bucket, value, version: versionOf(row.epoch, row.next), cells: row.cells };
  }
}
