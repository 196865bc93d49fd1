/** A set with every kind of register, and folds of random traffic over it, for tests of packed state. */
import { createCalendars, DEFAULT_SETTINGS, type FoldSettings, type MetricSet, PartitionFold, type Selector, Vocabulary } from '@tidemark/core';
import { createPlainDecoder, type Decoder } from '../../src/plain.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

function select(event: string): Selector {
  return { name: event, anyOf: [{ event, where: [] }] };
}

const base = { timezone: 'Asia/Yerevan', weekStart: 'monday', unit: 'day', freshnessMs: 60_000, revision: '0'.repeat(16) } as const;

export const EVERY_REGISTER: MetricSet = {
  name: 'packed',
  timezone: 'Asia/Yerevan',
  weekStart: 'monday',
  filter: [],
  dimensions: [
    { name: 'channel', path: ['properties', 'channel'], values: ['ads', 'organic'], max: 50 },
    { name: 'city', path: ['properties', 'city'], max: 4 },
    { name: 'first_channel', path: ['properties', 'channel'], values: ['ads', 'organic'], max: 50, hold: 'first' },
    { name: 'first_city', path: ['properties', 'city'], max: 4, hold: 'first' },
  ],
  metrics: [
    {
      ...base,
      id: 'back',
      kind: 'retention',
      slices: [['city'], ['first_channel', 'first_city']],
      start: select('A'),
      return: select('*'),
      columns: [1, 2, 5],
      entry: 'every',
      interval: 'calendar',
      brackets: [[0, 1]],
      minReturns: 2,
      sliceReturn: 'same',
    },
    {
      ...base,
      id: 'came',
      kind: 'retention',
      slices: [['channel']],
      start: select('B'),
      return: select('A'),
      columns: [1, 3],
      entry: 'first_ever',
      interval: 'rolling',
      brackets: [[0, 2]],
      minReturns: 1,
      sliceReturn: 'any',
    },
    {
      ...base,
      id: 'steps',
      kind: 'funnel',
      slices: [['city'], ['channel', 'city'], ['first_city']],
      steps: [select('A'), select('B'), select('C')],
      windowMs: 2 * DAY_MS,
      lookback: 5,
      order: 'ordered',
      attempt: 'first',
      exclude: [{ select: select('B'), between: [1, 3], effect: 'end' }],
      attribution: 'last',
      sliceRanges: true,
    },
    { ...base, id: 'actives', kind: 'activity', slices: [['city'], ['first_city']], event: select('*'), rolling: [7], lookback: 10, churnAfter: 7 },
    {
      ...base,
      id: 'money',
      kind: 'kpi',
      slices: [['first_city']],
      unit: 'hour',
      measure: { measure: 'sum', of: select('C'), path: ['properties', 'amount'], decimals: 2 },
      lookback: 5,
    },
    { ...base, id: 'buyers', kind: 'kpi', slices: [['channel']], unit: 'week', measure: { measure: 'uniques', of: select('C') }, lookback: 5 },
  ],
  board: [],
  revision: '1'.repeat(16),
};

export const SMALL_SETTINGS: FoldSettings = { ...DEFAULT_SETTINGS, latenessMs: 2 * DAY_MS, duplicateWindow: 1024, timelineCap: 4 };

/** One record of the log. `at` in milliseconds since the history's start. */
export interface Sent {
  readonly actor: number;
  readonly event: string;
  readonly id: number;
  readonly at: number;
  readonly city: string;
  readonly channel: string | null;
  readonly amount: number;
}

const START_MS = Date.UTC(2026, 9, 20);

/** A fold and its decoder; offsets are sparse. */
export class Folding {
  readonly fold: PartitionFold;
  readonly #decoder: Decoder;

  constructor(settings: FoldSettings = SMALL_SETTINGS) {
    const vocabulary = new Vocabulary();
    this.fold = new PartitionFold({ set: EVERY_REGISTER, settings, vocabulary, calendars: createCalendars() });
    this.#decoder = createPlainDecoder(vocabulary);
  }

  /** Folds what follows and answers each outcome. */
  send(records: readonly Sent[]): string[] {
    return records.map(({ actor, event, id, at, city, channel, amount }) => {
      const properties = { city, channel, amount };
      const value = { type: 'track', event, userId: `u${actor}`, messageId: `m${id}`, timestamp: START_MS + at, properties };
      const view = this.#decoder.decode(Buffer.from(`u${actor}`), Buffer.from(JSON.stringify(value)));
      if (view === null) throw new Error(`rejected: ${this.#decoder.reason}`);
      const offset = this.fold.state.next + (id % 3);
      return this.fold.apply(view, offset, START_MS + at);
    });
  }

  /** What both sinks hold: rows closed by now leave the state. Answers their tombs. */
  dropClosed(): { table: string; bucket: number; label: number; epoch: number; next: number }[] {
    const { state } = this.fold;
    const dropped = [];
    for (const { row, table, bucket, label, epoch, next } of [...state.changes.all()]) {
      const { metric, name, closesAtMs } = table.shape;
      if (closesAtMs(bucket) > state.clockMs) continue;
      dropped.push({ table: `${metric}/${name}`, bucket, label, epoch, next });
      table.drop(row);
    }
    return dropped;
  }
}
