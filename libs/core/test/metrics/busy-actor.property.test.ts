// An actor with hundreds of events in a bucket: the fold looks back only as far as an event can matter, and must come to what recomputing all of them gives.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ActivationDefinition, FunnelDefinition } from '../../src/definition.ts';
import { recompute } from '../../src/recompute/recompute.ts';
import { activation, dimension, event, funnel, questionOf, select } from '../recompute/examples.ts';
import { foldedAnswer } from './folded.ts';

const HOUR_MS = 3_600_000;
const START_MS = Date.parse('2026-11-01T00:00:00Z');
const days = { from: '2026-11-01', to: '2026-11-03' };
const hours = { from: '2026-11-01T00+00:00', to: '2026-11-02T20+00:00' };

interface Drawn {
  readonly name: string;
  readonly plan: string;
  /** Minutes that pass before; mostly few, and often none, so that instants are tied. */
  readonly minutes: number;
}

const busy = fc.array(
  fc.record({
    name: fc.constantFrom('A', 'A', 'A', 'B', 'B', 'C', 'Start', 'Other'),
    plan: fc.constantFrom('pro', 'pro', 'pro', 'pro', 'pro', 'free', ''),
    minutes: fc.oneof({ weight: 30, arbitrary: fc.integer({ min: 0, max: 9 }) }, { weight: 1, arbitrary: fc.constant(400) }),
  }),
  { minLength: 40, maxLength: 250 },
);

function eventsOf(drawn: readonly Drawn[]) {
  let timeMs = START_MS;
  return drawn.map(({ name, plan, minutes }) => {
    timeMs += minutes * 60_000;
    return event('ann', name, new Date(timeMs).toISOString().replace('Z', ''), { plan });
  });
}

/** The total and the slice. */
function expectExact(metric: FunnelDefinition | ActivationDefinition, drawn: readonly Drawn[]): void {
  const range = metric.unit === 'hour' ? hours : days;
  const events = eventsOf(drawn);
  for (const slice of [undefined, dimension('plan')]) {
    const sliced = slice === undefined ? metric : { ...metric, slices: [[slice.name]] };
    const asked = { events, ...range, byBucket: true, ...(slice !== undefined && { slice }) };
    const { set, request, clock } = questionOf(sliced, asked);
    expect(foldedAnswer(metric, asked)).toEqual(recompute(set, sliced, events, request, clock));
  }
}

test('of a funnel', () => {
  const options = fc.record({
    attempt: fc.constantFrom<FunnelDefinition['attempt'][]>('furthest', 'first'),
    windowMs: fc.constantFrom(HOUR_MS / 12, HOUR_MS, 5 * HOUR_MS, 30 * HOUR_MS),
    sliceRanges: fc.boolean(),
    unit: fc.constantFrom<FunnelDefinition['unit'][]>('hour', 'day'),
    steps: fc.constantFrom(
      [select('A'), select('B'), select('C')],
      [select('A'), select(['B', 'A']), select('C')],
      [select('A'), select('B'), select('B')],
    ),
  });
  fc.assert(
    fc.property(options, busy, (drawn, history) => expectExact(funnel(drawn), history)),
    { numRuns: 60 },
  );
});

test('of a funnel whose steps come at one instant in any order', () => {
  // At its end many openings, and a second step that comes after the third of the same instant; an attempt that got as far lies further back than is looked.
  const steps = [select('A'), select('B'), select('C')];
  const instant = fc.record({
    names: fc.array(fc.constantFrom('A', 'A', 'A', 'A', 'B', 'C'), { minLength: 1, maxLength: 12 }),
    minutes: fc.constantFrom(1, 1, 100),
  });
  fc.assert(
    fc.property(fc.array(instant, { minLength: 3, maxLength: 10 }), (history) => {
      const drawn = history.flatMap(({ names, minutes }) =>
        names.map((name, index): Drawn => ({ name, plan: 'pro', minutes: index === 0 ? minutes : 0 })),
      );
      expectExact(funnel({ steps, windowMs: HOUR_MS / 12 }), drawn);
    }),
    { numRuns: 300 },
  );
});

test('of an activation', () => {
  const options = fc.record({
    withinMs: fc.constantFrom(HOUR_MS / 12, HOUR_MS, 30 * HOUR_MS),
    unit: fc.constantFrom<ActivationDefinition['unit'][]>('hour', 'day'),
    conditions: fc.constantFrom(
      [
        { select: select('A'), atLeast: 1 },
        { select: select('B'), atLeast: 1 },
      ],
      [
        { select: select('A'), atLeast: 3 },
        { select: select('C'), atLeast: 2 },
      ],
      [{ select: select(['A', 'Start']), atLeast: 2 }],
    ),
  });
  fc.assert(
    fc.property(options, busy, (drawn, history) => expectExact(activation(drawn), history)),
    { numRuns: 60 },
  );
});
