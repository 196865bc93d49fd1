/** A funnel in a file: steps in order, within a window from the opening event. */
import type { FunnelDefinition } from '@tidemark/core';
import { z } from 'zod';
import { timesBytes } from '../registers.ts';
import { selector } from '../schema/selection.ts';
import { choice, duration, durationMs, strict, unit, whole } from '../schema/values.ts';
import { alsoBy, bucket, plural, selection, span } from '../words.ts';
import { baseShape } from './base.ts';
import type { Kind } from './kind.ts';

const stepsError = 'expected a list of 2 to 20 steps, each a selector';

const schema = strict(
  {
    kind: z.literal('funnel'),
    ...baseShape,
    steps: z.array(selector, { error: stepsError }).min(2, { error: stepsError }).max(20, { error: stepsError }),
    order: choice(['ordered']).optional(),
    window: duration('1s', '90d').default('14d').meta({ description: 'From the opening event to the last step, inclusive; d = 24 h.' }),
    attempt: choice(['furthest']).optional(),
    unit: unit.default('day').meta({ description: 'The bucket of the opening event.' }),
    lookback: whole(1, 400).default(90).meta({ description: 'The longest range, in buckets, with exact distinct actors.' }),
    attribution: choice(['entry']).optional(),
    sliceRanges: z.literal(false, { error: 'expected true or false' }).optional(),
  },
  'a funnel metric',
);
type Written = z.infer<typeof schema>;

const isOneOf =
  (...values: readonly unknown[]) =>
  (value: unknown) =>
    values.includes(value);

export const funnel = {
  kind: 'funnel',
  schema,
  later: [
    { at: 'order', what: "order 'any' and 'strict'", isLater: isOneOf('any', 'strict') },
    { at: 'attempt', what: "attempt 'first'", isLater: isOneOf('first') },
    {
      at: 'attribution',
      what: 'attribution to a later step',
      isLater: (value) => value === 'first' || value === 'last' || typeof value === 'object',
    },
    { at: 'sliceRanges', what: 'sliceRanges', isLater: isOneOf(true) },
    { at: 'exclude', what: 'exclude' },
  ],
  check() {},
  build: (written, base, select) => ({
    ...base,
    kind: 'funnel',
    unit: written.unit,
    steps: written.steps.map((step, index) => select(step, ['steps', index])),
    windowMs: durationMs(written.window) ?? 0,
    lookback: written.lookback,
  }),
  meaning: ({ steps, windowMs, lookback }) => ({ steps: steps.map((step) => step.anyOf), windowMs, lookback }),
  sentence(metric) {
    const steps = metric.steps.map(selection).join(', then ');
    return `Funnel: ${steps}, in this order within ${span(metric.windowMs)} of the first event; each opening event is an attempt of its own, counted in its ${bucket(metric)}; people are distinct over any range of up to ${plural(metric.lookback, metric.unit)}, by the furthest attempt${alsoBy(metric)}.`;
  },
  // Per step its entries, and the openings by the gap to the actor's one before, or beyond the lookback.
  bound: ({ steps, lookback }) => ({
    cells: steps.length * (lookback + 2),
    bytes: steps.length * (timesBytes() + 8),
    bytesPerSliceValue: steps.length * 8,
  }),
  fields: ({ steps }) => steps.flatMap((_, index) => ['uniques', 'entries', 'ofFirst', 'ofPrevious'].map((field) => `step.${index + 1}.${field}`)),
} satisfies Kind<Written, FunnelDefinition>;
