// What an event that changes no register leaves on the heap, and what it allocates in passing: `npm run bench -- heap [--tiny]`.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createDecoder } from '@tidemark/codec';
import { createCalendars, DEFAULT_SETTINGS, type MetricSet, type Outcome, PartitionFold, type PartitionState, Vocabulary } from '@tidemark/core';
import { type HeapUse, heapInUse } from './in-process/collect-garbage.ts';
import { tableText } from './in-process/table-text.ts';
import { readSet, setFile } from './worker-throughput/workload.ts';

export interface HeapRow {
  readonly title: string;
  readonly events: number;
  /** In use after them and a full collection, less before. */
  readonly keptHeapBytesPerEvent: number;
  readonly keptArrayBytesPerEvent: number;
  /** All that was allocated on the heap while they were decoded and folded, sooner or later collected. */
  readonly allocatedBytesPerEvent: number;
}

interface Case {
  readonly title: string;
  readonly set: MetricSet;
  /** What becomes of each record that is measured. */
  readonly outcome: Outcome;
  readonly event: string;
  readonly app: string;
  readonly timeMs: number;
  /** Records of one pass: more than the filter remembers are new each time, fewer are duplicates. */
  readonly records: number;
}

const people = 500;
const nowMs = Date.UTC(2025, 5, 2, 8);
/** One number for all: a new one would be allocated here and not in what is measured. */
const recordMs = nowMs + 60_000;
/** Small, so that it is full before the measuring begins: what the filter grows to is bounded, and not the work of one event. */
const duplicateWindow = 2 ** 12;
const aboveWindow = duplicateWindow + 1_000;
const warmEvents = 60_000;
const chunkEvents = 1_000;

function casesOf(set: MetricSet): readonly Case[] {
  // Without the metrics that count or keep every match of the name: they change by each.
  const setsOnly = {
    ...set,
    metrics: set.metrics.filter(({ id }) => ['cabinet_retention', 'newcomer_weeks', 'active_customers', 'active_now'].includes(id)),
  };
  const usual = { set, outcome: 'applied', event: 'Page Viewed', app: 'cabinet', timeMs: nowMs, records: aboveWindow } as const;
  return [
    { ...usual, title: 'again within the hour, a name that only * matches' },
    { ...usual, title: 'again within the hour, a name that selectors match', set: setsOnly, event: 'Cabinet Opened' },
    { ...usual, title: 'outside the filter of the set', app: 'elsewhere', event: 'Cabinet Opened' },
    { ...usual, title: 'sent again', outcome: 'duplicate', event: 'Cabinet Opened', records: 2_000 },
    { ...usual, title: 'late', outcome: 'late', event: 'Cabinet Opened', timeMs: nowMs - 8 * 86_400_000 },
  ];
}

function measure({ title, set, outcome, event, app, timeMs, records }: Case, events: number): HeapRow {
  const vocabulary = new Vocabulary();
  const settings = { ...DEFAULT_SETTINGS, duplicateWindow };
  const fold = new PartitionFold({ set, settings, vocabulary, calendars: createCalendars() });
  const decoder = createDecoder(vocabulary);
  const keys = Array.from({ length: records }, (_, index) => Buffer.from(`customer-${index % people}`));
  const values = Array.from({ length: records }, (_, index) => recordOf({ index, event, app, timeMs }));
  const apply = (key: Buffer, value: Buffer): void => {
    const view = decoder.decode(key, value);
    if (view === null) throw new Error(`a record is refused: ${decoder.reason}`);
    fold.apply(view, fold.state.next, recordMs);
  };
  let at = 0;
  const applyMany = (count: number): void => {
    for (let left = count; left > 0; left--) {
      apply(keys[at] as Buffer, values[at] as Buffer);
      at = at + 1 === records ? 0 : at + 1;
    }
  };
  // The partition's clock, so that what is early is late from the first record on.
  apply(Buffer.from('clock'), recordOf({ index: records, event: 'Page Viewed', app: 'cabinet', timeMs: nowMs, person: 'clock' }));
  applyMany(warmEvents);
  const start = { counted: fold.state.counters.of(outcome), changed: changesOf(fold.state), heap: heapInUse() };
  const allocated = allocating(events, applyMany);
  const heap = heapInUse();
  if (fold.state.counters.of(outcome) !== start.counted + events) throw new Error(`${title}: not every record was ${outcome}`);
  if (changesOf(fold.state) !== start.changed) throw new Error(`${title}: a register or a cell has changed`);
  return { title, events, ...keptPerEvent(start.heap, heap, events), allocatedBytesPerEvent: allocated / events };
}

function keptPerEvent(before: HeapUse, after: HeapUse, events: number): Pick<HeapRow, 'keptHeapBytesPerEvent' | 'keptArrayBytesPerEvent'> {
  return {
    keptHeapBytesPerEvent: (after.heapBytes - before.heapBytes) / events,
    keptArrayBytesPerEvent: (after.arrayBytes - before.arrayBytes) / events,
  };
}

/** Bytes that the heap grew by, summed over stretches in which nothing was collected; a stretch with a collection counts as the mean of the others. */
function allocating(events: number, applyMany: (count: number) => void): number {
  let [bytes, stretches] = [0, 0];
  for (let done = 0; done < events; done += chunkEvents) {
    const before = process.memoryUsage().heapUsed;
    applyMany(Math.min(chunkEvents, events - done));
    const grown = process.memoryUsage().heapUsed - before;
    if (grown < 0) continue;
    bytes += grown;
    stretches++;
  }
  return stretches === 0 ? Number.NaN : (bytes / stretches) * (events / chunkEvents);
}

function recordOf(of: { index: number; event: string; app: string; timeMs: number; person?: string }): Buffer {
  const { index, event, app, timeMs, person = `customer-${index % people}` } = of;
  const properties = { channel: index % 2 === 0 ? 'app' : 'web', segment: 'family', purchases: 'one', path: `/cabinet/${index % 40}` };
  const context = { app: { name: app, version: '4.2.1' }, device: { type: 'android' }, campaign: { source: 'organic' } };
  const timestamp = new Date(timeMs + index).toISOString();
  return Buffer.from(JSON.stringify({ type: 'track', event, messageId: `heap-${index}`, userId: person, timestamp, properties, context }));
}

/** What changes when a register or a cell does: sizes, and the versions of rows. */
function changesOf({ actors, bucketSets, firsts, timelines, changes }: PartitionState): string {
  const lengths = timelines.map(({ store }) => store.elements);
  const sizes = [...bucketSets, ...firsts].map(({ store }) => store.size);
  const versions = [...changes.all()].reduce((sum, row) => sum + row.next, 0);
  return [actors.size, ...sizes, ...lengths, changes.size, versions].join(' ');
}

const { values } = parseArgs({ options: { events: { type: 'string' }, json: { type: 'string' }, tiny: { type: 'boolean', default: false } } });
const events = Number(values.events ?? (values.tiny ? 100_000 : 1_000_000));
const rows = casesOf(readSet(setFile)).map((each) => measure(each, events));
console.log(`${events.toLocaleString('en-US')} events of each kind, decoded and folded; bytes per event`);
console.log(
  tableText([
    ['', 'kept in objects', 'kept in arrays', 'allocated in passing'],
    ...rows.map((row) => [
      row.title,
      row.keptHeapBytesPerEvent.toFixed(3),
      row.keptArrayBytesPerEvent.toFixed(3),
      row.allocatedBytesPerEvent.toFixed(1),
    ]),
  ]),
);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ events, rows }, null, 2)}\n`);
