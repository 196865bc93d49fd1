// What becomes of a funnel beyond the cap of an actor's timeline: no integer becomes impossible, and nobody else's figures change.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FunnelDefinition } from '../../src/definition.ts';
import { DEFAULT_SETTINGS } from '../../src/settings.ts';
import { Engine } from '../fold/engine.ts';
import { randomHistory, unfold } from '../fold/random-history.ts';
import { dimension, event, funnel, questionOf, select } from '../recompute/examples.ts';

const HOUR_MS = 3_600_000;

const day = { from: '2026-11-01', to: '2026-11-01' };
const hour = { from: '2026-11-01T00+00:00', to: '2026-11-01T00+00:00' };

const options: fc.Arbitrary<Partial<FunnelDefinition>> = fc.record({
  order: fc.constantFrom<FunnelDefinition['order'][]>('ordered', 'any'),
  attempt: fc.constantFrom<FunnelDefinition['attempt'][]>('furthest', 'first'),
  attribution: fc.constantFrom<FunnelDefinition['attribution'][]>('entry', 'first', { step: 2 }),
  sliceRanges: fc.boolean(),
  windowMs: fc.constantFrom(HOUR_MS, 5 * HOUR_MS, 30 * HOUR_MS),
  exclude: fc.constantFrom<FunnelDefinition['exclude'][]>([], [{ select: select('C'), between: [1, 2], effect: 'drop' }]),
  unit: fc.constantFrom<FunnelDefinition['unit'][]>('hour', 'day'),
});

test('beyond the cap every row stays possible after every record', () => {
  fc.assert(
    fc.property(options, randomHistory({ unit: 'hour', grainMs: HOUR_MS / 12 }, 120), fc.constantFrom(2, 4, 9), (drawn, history, timelineCap) => {
      const metric = funnel({ ...drawn, slices: [['plan']], steps: [select('A'), select(['B', 'A'])], lookback: 5 });
      const { set } = questionOf(metric, { events: [], ...(drawn.unit === 'hour' ? hour : day), slice: dimension('plan') });
      const engine = new Engine({ ...set, metrics: [metric] }, { ...DEFAULT_SETTINGS, latenessMs: 3 * HOUR_MS, timelineCap });
      for (const record of unfold(history)) {
        engine.send(record);
        engine.check();
      }
    }),
    { numRuns: 150 },
  );
});

test('an actor beyond the cap keeps the times and uniques that it had; its later buckets are exact', () => {
  const metric = funnel({ steps: [select('A'), select('B')], attempt: 'first', unit: 'hour', windowMs: HOUR_MS });
  const { set } = questionOf(metric, { events: [], from: '2026-11-01T00+00:00', to: '2026-11-01T00+00:00' });
  const engine = new Engine(set, { ...DEFAULT_SETTINGS, timelineCap: 6 });
  const send = (name: string, time: string) => {
    const sent = event('ann', name, `2026-11-01T${time}`);
    engine.send({ ...sent, actorNumber: 0, recordMs: sent.timeMs });
    engine.check();
  };
  send('A', '00:00');
  send('B', '00:10');
  for (let minute = 11; minute < 30; minute++) send('A', `00:${minute}`);
  send('A', '02:00');
  send('B', '02:30');
  const calendar = engine.calendars.calendar(metric);
  const bucketOf = (time: string) => calendar.bucketOf(Date.parse(`2026-11-01T${time}Z`));
  const answer = engine.answer(metric, { from: bucketOf('00:00'), to: bucketOf('02:00'), limit: 20, byBucket: true });
  const second = 'buckets' in answer && answer.buckets && 'steps' in (answer.buckets[0] ?? {}) ? answer.buckets : [];
  expect(second.flatMap((bucket) => ('steps' in bucket ? [[bucket.steps[1]?.uniques, bucket.steps[1]?.fromFirst.mean]] : []))).toEqual([
    [1, 600],
    [0, null],
    [1, 1800],
  ]);
  expect(engine.folds[0]?.state.cappedActors.size).toBe(1);
});
