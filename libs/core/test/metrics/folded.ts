/** The worked examples of the oracle, answered by the incremental engine instead: folded in time order, and in other orders with a lateness that lets them. */
import { expect } from 'vitest';
import type { Answer } from '../../src/answer.ts';
import type { MetricDefinition } from '../../src/definition.ts';
import { DEFAULT_SETTINGS } from '../../src/settings.ts';
import { Engine } from '../fold/engine.ts';
import type { LoggedEvent } from '../fold/random-history.ts';
import { type Asked, questionOf } from '../recompute/examples.ts';

/** What the engine answers once its clock stands at the example's watermark; in the order of writing, and in reverse, the cells must be the same. */
export function foldedAnswer(metric: MetricDefinition, asked: Asked): Answer {
  const { set: plain, request, clock } = questionOf(metric, asked);
  const sliced = asked.slice === undefined ? metric : { ...metric, slices: [[asked.slice.name]] };
  const set = { ...plain, metrics: [sliced] };
  const written = recordsOf(asked);
  const records = written.toSorted((a, b) => a.timeMs - b.timeMs);
  const engine = folded(new Engine(set, { ...DEFAULT_SETTINGS, latenessMs: clock.latenessMs }), records);
  const spanMs = (records.at(-1)?.timeMs ?? 0) - (records[0]?.timeMs ?? 0);
  for (const order of [written, records.toReversed()]) {
    const late = folded(new Engine(set, { ...DEFAULT_SETTINGS, latenessMs: Math.max(spanMs, clock.latenessMs) }), order);
    expect(late.cells()).toEqual(engine.cells());
  }
  for (const { state } of engine.folds) state.clockMs = clock.watermarkMs;
  return engine.answer(sliced, request);
}

function folded(engine: Engine, records: readonly LoggedEvent[]): Engine {
  for (const record of records) engine.send(record);
  engine.check();
  return engine;
}

/** As they were written; of repeats of a messageId the first. */
function recordsOf({ events }: Asked): LoggedEvent[] {
  const first = new Map(events.toReversed().map((event) => [event.messageId, event]));
  const actors = [...new Set(events.map(({ actor }) => actor))];
  return events
    .filter((event) => first.get(event.messageId) === event)
    .map((event): LoggedEvent => ({ ...event, actorNumber: actors.indexOf(event.actor), recordMs: event.timeMs }));
}
