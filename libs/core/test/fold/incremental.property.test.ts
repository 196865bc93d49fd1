// L1: at any position of any history, what is answered from the incremental rows is what recomputing from the raw events gives.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AnswerRequest } from '../../src/answer.ts';
import { type MetricDefinition, sliceName } from '../../src/definition.ts';
import { recompute } from '../../src/recompute/recompute.ts';
import { DEFAULT_SETTINGS } from '../../src/settings.ts';
import { Engine } from './engine.ts';
import { appliedOf, type LoggedEvent, randomHistory, unfold } from './random-history.ts';
import { PACES, randomSet } from './random-set.ts';

const HISTORIES = Number(process.env['TIDEMARK_HISTORIES'] ?? 2000);
const SEED = Number(process.env['TIDEMARK_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
/** Of a long run, by piece, so that it can be seen going on. */
const PIECE = 5000;

/** `anchor` is the event at whose bucket the range begins, moved by `shift`. */
const drawnRequest = fc.record({
  anchor: fc.nat(99),
  shift: fc.integer({ min: -3, max: 2 }),
  length: fc.oneof(fc.integer({ min: 1, max: 11 }), fc.integer({ min: 1, max: 40 })),
  slice: fc.nat(3),
  value: fc.option(fc.array(fc.constantFrom('pro', '5', '', 'Yerevan', '$other', 'nobody'), { minLength: 3, maxLength: 3 }), {
    nil: undefined,
    freq: 3,
  }),
  limit: fc.constantFrom(0, 1, 2, 20),
  byBucket: fc.boolean(),
});
type DrawnRequest = typeof drawnRequest extends fc.Arbitrary<infer T> ? T : never;

const scenario = fc.constantFrom(...PACES).chain((pace) =>
  fc.record({
    set: randomSet(pace),
    history: randomHistory(pace, 60),
    latenessMs: fc.constantFrom(0, 1, 3, 10, 30, 100).map((grains) => grains * pace.grainMs),
    partitions: fc.constantFrom(1, 1, 2, 3),
    /** Percents of the history after which every metric is asked; always also at its end. */
    percents: fc.array(fc.integer({ min: 0, max: 99 }), { maxLength: 2 }),
    requests: fc.array(drawnRequest, { minLength: 1, maxLength: 3 }),
  }),
);

const LONGEST_RANGE = 40;

/** What is asked of a metric: all that happened, or its last buckets, as a whole and in each slice; and what was drawn. */
function requestsOf(drawn: readonly DrawnRequest[], metric: MetricDefinition, engine: Engine, applied: readonly LoggedEvent[]): AnswerRequest[] {
  const calendar = engine.calendars.calendar(metric);
  const buckets = applied.map(({ timeMs }) => calendar.bucketOf(timeMs));
  const to = Math.max(0, ...buckets);
  const whole = { from: Math.max(0, to - LONGEST_RANGE, Math.min(to, ...buckets)), to, limit: 2, byBucket: true };
  const sliced = metric.slices.map((tuple) => ({ ...whole, slice: sliceName(tuple) }));
  const others = drawn.map(({ anchor, shift, length, limit, byBucket, slice: number, value }): AnswerRequest => {
    const from = Math.max(0, (buckets[anchor % buckets.length] ?? 0) + shift);
    const tuple = metric.slices[number];
    return {
      from,
      to: from + length - 1,
      limit,
      byBucket,
      ...(tuple !== undefined && { slice: sliceName(tuple) }),
      ...(tuple !== undefined && value !== undefined && { value: tuple.length === 1 ? value[0] : JSON.stringify(value.slice(0, tuple.length)) }),
    };
  });
  return [whole, ...sliced, ...others];
}

const incrementalEqualsRecomputation = fc.property(scenario, ({ set, history, latenessMs, partitions, percents, requests }) => {
  const settings = { ...DEFAULT_SETTINGS, latenessMs };
  const engine = new Engine(set, settings, partitions);
  const records = unfold(history);
  let sent = 0;
  for (const percent of [...percents.sort((a, b) => a - b), 100]) {
    const upTo = Math.round((records.length * percent) / 100);
    for (; sent < upTo; sent++) engine.send(records[sent] as LoggedEvent);
    engine.check();
    const logs = engine.folds.map((_, partition) => records.slice(0, sent).filter(({ actorNumber }) => actorNumber % partitions === partition));
    const replayed = logs.map((log) => appliedOf(log, settings));
    const applied = replayed.flatMap((log) => log.applied);
    expect(engine.folds.map(({ state }) => state.clockMs)).toEqual(replayed.map(({ clockMs }) => clockMs));
    expect(engine.folds.map(({ state }) => state.counters.of('applied'))).toEqual(replayed.map((log) => log.applied.length));
    const clock = { watermarkMs: engine.watermarkMs, latenessMs };
    for (const metric of set.metrics) {
      for (const request of requestsOf(requests, metric, engine, applied)) {
        const asked = { metric, request };
        expect({ ...asked, answer: engine.answer(metric, request) }).toEqual({
          ...asked,
          answer: recompute(set, metric, applied, request, clock),
        });
      }
    }
  }
});

test(
  'at any position of any history every answer equals its recomputation',
  () => {
    for (let from = 0; from < HISTORIES; from += PIECE) {
      const numRuns = Math.min(PIECE, HISTORIES - from);
      const seed = SEED + from / PIECE;
      fc.assert(incrementalEqualsRecomputation, { numRuns, seed });
      if (HISTORIES > PIECE) process.stderr.write(`seed ${seed}: ${numRuns} histories without a difference\n`);
    }
  },
  120_000 + HISTORIES * 100,
);
