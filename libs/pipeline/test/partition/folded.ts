/** A small set with hourly figures, a log, and a partition's memory folded from it, for tests of publishing and checkpoints. */
import { createDecoder } from '@tidemark/codec';
import { createCalendars, type FoldSettings, type MetricSet, PartitionFold, type Selector, Vocabulary } from '@tidemark/core';
import { MemoryLog, memoryBatch } from '@tidemark/testing';
import type { HeadNote, LogBatch } from '../../src/index.ts';
import { createBatchFolder } from '../../src/partition/fold-batch.ts';
import { emptyMemory, type PartitionMemory } from '../../src/partition/memory.ts';

export const HOUR_MS = 3_600_000;
export const START_MS = Date.UTC(2026, 10, 2);
export const LINEAGE = 'abcdef0123456789';

export const SETTINGS: FoldSettings = { latenessMs: 2 * HOUR_MS, futureMs: HOUR_MS, duplicateWindow: 1024, timelineCap: 16 };

function select(event: string): Selector {
  return { name: event, anyOf: [{ event, where: [] }] };
}

const base = { timezone: 'UTC', weekStart: 'monday', unit: 'hour', freshnessMs: 60_000, revision: '0'.repeat(16), slices: [] } as const;

/** `clicks` counts per hour and city; `joined` has one cohort per actor, whose row falls to zero when an earlier first event arrives. */
export const SET: MetricSet = {
  name: 'small',
  timezone: 'UTC',
  weekStart: 'monday',
  filter: [],
  dimensions: [{ name: 'city', path: ['properties', 'city'], max: 50 }],
  metrics: [
    { ...base, id: 'clicks', kind: 'kpi', slices: [['city']], measure: { measure: 'count', of: select('Click') }, lookback: 5 },
    {
      ...base,
      id: 'joined',
      kind: 'retention',
      start: select('Join'),
      return: select('Click'),
      columns: [1],
      entry: 'first_matching',
      interval: 'calendar',
      brackets: [],
      minReturns: 1,
      sliceReturn: 'any',
    },
  ],
  board: [],
  revision: '1'.repeat(16),
};

/** Another set over the same events: another lineage. */
export const OTHER_SET: MetricSet = { ...SET, name: 'other', metrics: SET.metrics.slice(0, 1), revision: '2'.repeat(16) };

export const NOTE: HeadNote = {
  clockMs: null,
  counters: {},
  overflow: false,
  partitionCount: 1,
  publishedAtMs: 1,
  confirmedAtMs: 1,
  atEnd: true,
  fingerprint: '',
};

/** `at` in hours since the start. */
export interface Sent {
  readonly event?: string;
  readonly actor?: string;
  readonly id?: string;
  readonly at: number;
  readonly city?: string;
}

let ids = 0;

export function recordOf({ event = 'Click', actor = 'ann', id = `m${++ids}`, at, city = 'Gyumri' }: Sent): {
  timestampMs: number;
  key: Buffer;
  value: Buffer;
} {
  const timestamp = START_MS + at * HOUR_MS;
  const value = { type: 'track', event, userId: actor, messageId: id, timestamp: new Date(timestamp).toISOString(), properties: { city } };
  return { timestampMs: timestamp, key: Buffer.from(actor), value: Buffer.from(JSON.stringify(value)) };
}

export function foldFactory(set: MetricSet = SET): { vocabulary: Vocabulary; newFold: () => PartitionFold } {
  const vocabulary = new Vocabulary();
  const calendars = createCalendars();
  const newFold = (): PartitionFold => new PartitionFold({ set, settings: SETTINGS, vocabulary, calendars });
  newFold();
  return { vocabulary, newFold };
}

/** All records of a log's partition from an offset on, as one batch. */
export function batchFrom(log: MemoryLog, from = 0, to = Number.POSITIVE_INFINITY): LogBatch {
  const records = log.records(0).filter(({ offset }) => offset >= from && offset < to);
  return memoryBatch({ partition: 0, records, requestedOffset: from, highWatermark: log.bounds(0).high });
}

/** A partition's memory over a log of its own. */
export class Folded {
  readonly log = new MemoryLog({ partitionCount: 1 });
  readonly #factory = foldFactory();
  memory: PartitionMemory = emptyMemory(this.newFold());
  readonly #folder = createBatchFolder({ decoder: createDecoder(this.#factory.vocabulary), partitioner: 'murmur2', partitionCount: 1 });

  newFold(): PartitionFold {
    return this.#factory.newFold();
  }

  /** Appends and folds. */
  send(...events: readonly Sent[]): void {
    for (const event of events) this.log.append(0, recordOf(event));
    this.foldInto(this.memory);
  }

  /** Folds what the memory has not folded yet. */
  foldInto(memory: PartitionMemory): void {
    this.#folder.fold(batchFrom(this.log, 0), [memory], (_failed, error) => {
      throw error;
    });
  }
}
