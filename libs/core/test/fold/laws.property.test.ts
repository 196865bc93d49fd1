// L3, L4, L5, L8 and L11 of the fold: repeats vanish, arrival order within lateness is irrelevant, actors are isolated, and forgetting changes nothing.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { MetricDefinition, MetricSet } from '../../src/definition.ts';
import { DEFAULT_SETTINGS, type FoldSettings } from '../../src/settings.ts';
import { Engine } from './engine.ts';
import { appliedOf, type DrawnHistory, type LoggedEvent, randomHistory, unfold } from './random-history.ts';
import { PACES, randomSet } from './random-set.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const HISTORIES = Math.ceil(Number(process.env['TIDEMARK_HISTORIES'] ?? 1500) / 4);

interface Scenario {
  readonly set: MetricSet;
  readonly history: DrawnHistory;
  readonly latenessMs: number;
}

const scenario: fc.Arbitrary<Scenario> = fc.constantFrom(...PACES).chain((pace) =>
  fc.record({
    set: randomSet(pace),
    history: randomHistory(pace, 60),
    latenessMs: fc.constantFrom(0, 3, 10, 30, 100).map((grains) => grains * pace.grainMs),
  }),
);

function folded(set: MetricSet, settings: FoldSettings, records: readonly LoggedEvent[]): Engine {
  const engine = new Engine(set, settings);
  for (const record of records) engine.send(record);
  engine.check();
  return engine;
}

/** A record that nothing but its own place in the log can keep out. */
function neverFuture(record: LoggedEvent): LoggedEvent {
  return { ...record, recordMs: record.timeMs };
}

test('L3: a log with repeats gives the cells of the log without them', () => {
  fc.assert(
    fc.property(scenario, fc.array(fc.tuple(fc.nat(100), fc.nat(100)), { minLength: 1, maxLength: 20 }), ({ set, history, latenessMs }, repeats) => {
      const settings = { ...DEFAULT_SETTINGS, latenessMs };
      const { applied } = appliedOf(unfold(history), settings);
      const repeated = [...applied];
      for (const [of, after] of repeats) {
        const record = applied[of % applied.length];
        const at = record === undefined ? 0 : repeated.indexOf(record) + 1 + (after % (repeated.length + 1));
        if (record !== undefined) repeated.splice(at, 0, { ...record, name: 'A', timeMs: record.timeMs });
      }
      const once = folded(set, settings, applied);
      const again = folded(set, settings, repeated);
      expect(again.cells()).toEqual(once.cells());
      expect(again.watermarkMs).toBe(once.watermarkMs);
    }),
    { numRuns: HISTORIES },
  );
});

test('L4: arrival in any order within the lateness gives the same cells and clock', () => {
  const delays = fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true }));
  fc.assert(
    fc.property(scenario, delays, ({ set, history, latenessMs }, delay) => {
      const settings = { ...DEFAULT_SETTINGS, latenessMs };
      const records = [...new Map(unfold(history).map((record) => [record.messageId, neverFuture(record)])).values()].sort(
        (a, b) => a.timeMs - b.timeMs,
      );
      const arrivals = records.map((record) => ({ record, atMs: record.timeMs + Math.floor((delay.next().value ?? 0) * latenessMs) }));
      const shuffled = arrivals.sort((a, b) => a.atMs - b.atMs).map(({ record }) => record);
      const inOrder = folded(set, settings, records);
      const outOfOrder = folded(set, settings, shuffled);
      expect(outOfOrder.folds[0]?.state.counters.of('applied')).toBe(records.length);
      expect(outOfOrder.cells()).toEqual(inOrder.cells());
      expect(outOfOrder.watermarkMs).toBe(inOrder.watermarkMs);
    }),
    { numRuns: HISTORIES },
  );
});

test('L5: the cells of a log are the sums of what each actor gives alone', () => {
  fc.assert(
    fc.property(scenario, ({ set, history, latenessMs }) => {
      const settings = { ...DEFAULT_SETTINGS, latenessMs };
      const { applied } = appliedOf(unfold(history), settings);
      const together = folded(set, settings, applied.map(neverFuture));
      const sums: Record<string, number[]> = {};
      for (const own of Map.groupBy(applied.map(neverFuture), ({ actor }) => actor).values()) {
        for (const [key, cells] of Object.entries(folded(set, settings, own).cells()))
          sums[key] = cells.map((cell, column) => cell + (sums[key]?.[column] ?? 0));
      }
      expect(canonical(sums, set)).toEqual(canonical(together.cells(), set));
    }),
    { numRuns: HISTORIES },
  );
});

/** Two-column integers brought to one form, and rows that are all zero left out. */
function canonical(rows: Record<string, number[]>, set: MetricSet): Record<string, (number | bigint)[]> {
  const wide = new Map(set.metrics.map((metric) => [metric.id, wideColumns(metric)]));
  const entries = Object.entries(rows).map(([key, cells]): [string, (number | bigint)[]] => {
    const columns = wide.get(key.slice(0, key.indexOf('/'))) ?? [];
    const pairs = columns.map((column) => (BigInt(cells[column] ?? 0) << 32n) + BigInt(cells[column + 1] ?? 0));
    return [key, [...pairs, ...cells.filter((_, column) => !columns.includes(column) && !columns.includes(column - 1))]];
  });
  return Object.fromEntries(entries.filter(([, cells]) => cells.some((cell) => Number(cell) !== 0)));
}

/** The first columns of a kpi's sums: the upper halves. */
function wideColumns(metric: MetricDefinition): number[] {
  if (metric.kind !== 'kpi') return [];
  const { measure } = metric;
  if (measure.measure === 'sum') return [0];
  if (measure.measure !== 'ratio') return [];
  const width = { count: 1, sum: 4, uniques: metric.lookback + 2 }[measure.numerator.measure];
  return [...(measure.numerator.measure === 'sum' ? [0] : []), ...(measure.denominator.measure === 'sum' ? [width] : [])];
}

test('L8: after years of traffic registers hold what the open buckets need, and the rows that are still open are as many as ever', () => {
  const settings = { ...DEFAULT_SETTINGS, latenessMs: 3 * DAY_MS };
  for (const set of fc.sample(randomSet({ unit: 'day', grainMs: DAY_MS / 4 }), { numRuns: 20, seed: 11 })) {
    const [record] = unfold({
      startMs: 0,
      grainMs: HOUR_MS,
      advanceEvery: 1,
      steps: [
        {
          actor: 0,
          name: 'A',
          advance: 0,
          back: 0,
          jitter: 0,
          recordLag: 0,
          repeat: 0,
          id: 1,
          plan: 'pro',
          city: 'Yerevan',
          came: undefined,
          amount: 1,
        },
      ],
    });
    if (record === undefined) throw new Error('there is a record');
    const engine = new Engine(set, settings);
    const openRows: number[] = [];
    const names = ['A', 'B', 'C'];
    for (let index = 0; index < 3000; index++) {
      const timeMs = index * 8 * HOUR_MS;
      engine.send({
        ...record,
        actorNumber: index % 2,
        name: names[index % 3] ?? '',
        timeMs,
        recordMs: timeMs,
        messageId: `${index}`,
        tieHash: BigInt(index + 1),
      });
      if (index % 500 === 499) openRows.push(engine.rows().filter(({ row }) => row.table.shape.closesAtMs(row.bucket) > timeMs).length);
    }
    const [state] = engine.folds.map((fold) => fold.state);
    const windows = set.metrics.map((metric) => {
      if (metric.kind === 'activation') return (metric.withinMs ?? 0) + settings.latenessMs;
      // A bucket or span of at most 31 days before what is still open.
      if (metric.kind === 'retention') return settings.latenessMs;
      return metric.kind === 'funnel' ? metric.windowMs + settings.latenessMs : 0;
    });
    // The longest bucket is a month; two actors take turns every eight hours.
    const most = Math.ceil((Math.max(...windows) + 32 * DAY_MS) / (16 * HOUR_MS));
    for (const { store } of state?.timelines ?? []) for (let row = 0; row < store.size; row++) expect(store.length(row)).toBeLessThanOrEqual(most);
    for (const { store } of state?.bucketSets ?? []) expect(store.size).toBeLessThanOrEqual(64);
    expect(Math.max(...openRows.slice(1))).toBeLessThanOrEqual(Math.max(...openRows.slice(0, 2)) * 1.5 + 10);
  }
});

test('beyond the cap of a timeline or the values of a slice every integer stays a count, and no closed row changes', () => {
  fc.assert(
    fc.property(scenario, fc.integer({ min: 1, max: 8 }), ({ set, history, latenessMs }, timelineCap) => {
      const settings = { ...DEFAULT_SETTINGS, latenessMs, timelineCap };
      const narrow = { ...set, dimensions: set.dimensions.map((dimension) => ({ ...dimension, max: 1 })) };
      const records = unfold(history).map((record) => ({ ...record, actorNumber: 0 }));
      const engine = folded(narrow, settings, records);
      for (const { store } of engine.folds[0]?.state.timelines ?? [])
        for (let row = 0; row < store.size; row++) expect(store.length(row)).toBeLessThanOrEqual(timelineCap);
    }),
    { numRuns: HISTORIES },
  );
});
