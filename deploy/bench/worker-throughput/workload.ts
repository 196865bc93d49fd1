// What a benchmark's topic holds: the events of a workload, and the counts that whoever reads them must come to.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Calendar, createCalendars, DEFAULT_SETTINGS, type MetricSet, PartitionFold, Vocabulary } from '@tidemark/core';
import { parseMetricSet } from '@tidemark/definitions';
import { cabinetHistory, eventStream, type SampleEvent } from '@tidemark/testing';

/**
 * `stream` is a product's traffic of some days with its disorder, `live` the same traffic at so many events a second, as a worker that keeps up
 * meets it; `history` is the sample dealer's sixty days in perfect order.
 */
export const workloads = ['stream', 'live', 'history'] as const;
export type Workload = (typeof workloads)[number];

export interface WorkloadOptions {
  readonly workload: Workload;
  readonly seed: number;
  readonly people: number;
  readonly days: number;
  /** About how many; of `stream` exactly. */
  readonly events: number;
}

/** Counts of records; shares follow from them. */
export interface Tally {
  readonly events: number;
  readonly bytes: number;
  readonly duplicate: number;
  readonly late: number;
  readonly outOfOrder: number;
  /** Names that no metric of the set names: `*` alone sees them. */
  readonly unnamed: number;
  /** The first applied of their person's day: what a daily register of `*` changes by. */
  readonly firstOfDay: number;
}

export const setFile = join(import.meta.dirname, '../../../schemas/metrics/auto-cabinet.yaml');
/** Above any day's number. */
const DAY_NUMBERS = 100_000;
/** A fixed past, so that the same seed gives the same bytes and no event lies in the future. */
export const endMs = Date.UTC(2025, 5, 30);

export function workloadEvents({ workload, ...options }: WorkloadOptions): Iterable<SampleEvent> {
  return workload === 'history' ? cabinetHistory({ ...options, endMs }) : eventStream({ ...options, endMs });
}

/** Throws when the file is not in order. */
export function readSet(file: string): MetricSet {
  const parsed = parseMetricSet(readFileSync(file, 'utf8'), { file });
  if (!parsed.ok) throw new Error(parsed.problems.map(({ line, message }) => `${file}:${line} ${message}`).join('\n'));
  return parsed.set;
}

/** Counts records as they go by; memory grows with people and days, not with events. */
export class TallyKeeper {
  readonly tally: { -readonly [K in keyof Tally]: Tally[K] } = {
    events: 0,
    bytes: 0,
    duplicate: 0,
    late: 0,
    outOfOrder: 0,
    unnamed: 0,
    firstOfDay: 0,
  };
  readonly #names: ReadonlyMap<string, number>;
  readonly #calendar: Calendar;
  readonly #people = new Map<string, number>();
  readonly #personDays = new Set<number>();

  constructor(set: MetricSet) {
    const vocabulary = new Vocabulary();
    const calendars = createCalendars();
    new PartitionFold({ set, settings: DEFAULT_SETTINGS, vocabulary, calendars });
    this.#names = vocabulary.names;
    const [metric] = set.metrics;
    if (metric === undefined) throw new Error('the set has no metric');
    this.#calendar = calendars.calendar(metric, 'day');
  }

  add({ key, value, timeMs, meta }: SampleEvent): void {
    const { tally } = this;
    tally.events++;
    tally.bytes += Buffer.byteLength(value);
    if (meta !== 'plain') tally[meta]++;
    if (!this.#names.has(/"event":"([^"]*)"/.exec(value)?.[1] ?? '')) tally.unnamed++;
    if (meta === 'late' || meta === 'duplicate') return;
    const person = this.#people.get(key) ?? this.#people.size;
    this.#people.set(key, person);
    const before = this.#personDays.size;
    if (this.#personDays.add(person * DAY_NUMBERS + this.#calendar.bucketOf(timeMs)).size > before) tally.firstOfDay++;
  }
}

/** The tally of a workload, generated for it alone. */
export function tallyOf(options: WorkloadOptions): Tally {
  const keeper = new TallyKeeper(readSet(setFile));
  for (const event of workloadEvents(options)) keeper.add(event);
  return keeper.tally;
}

function spanText(days: number): string {
  return days < 1 ? `${Math.round(days * 86_400)} seconds` : `${days} days`;
}

/** One line for people. */
export function workloadText({ workload, seed, people, days }: WorkloadOptions, tally: Tally): string {
  const share = (count: number): string => `${Number(((100 * count) / tally.events).toPrecision(2))} %`;
  const parts = [
    `workload ${workload}, seed ${seed}: ${tally.events.toLocaleString('en-US')} events of ${people.toLocaleString('en-US')} people over ${spanText(days)}`,
    `${Math.round(tally.bytes / tally.events)} bytes on average`,
    `${share(tally.unnamed)} with a name that no metric names`,
    `${share(tally.firstOfDay)} the first of their person's day`,
    `${share(tally.outOfOrder)} out of order, ${share(tally.late)} late, ${share(tally.duplicate)} again`,
  ];
  return parts.join('; ');
}
