/** Activity in a file: who is active, new, returning, resurrecting, dormant and churned, bucket by bucket. */
import type { ActivityDefinition, Unit } from '@tidemark/core';
import { z } from 'zod';
import { daysBytes, openBuckets } from '../registers.ts';
import { selector } from '../schema/selection.ts';
import { strict, unit, whole } from '../schema/values.ts';
import { alsoBy, bucket, list, plural, selection } from '../words.ts';
import { baseShape } from './base.ts';
import type { Kind } from './kind.ts';

const rollingError = 'expected a list of 1 to 10 numbers of buckets, such as [7, 30]';

const schema = strict(
  {
    kind: z.literal('activity'),
    ...baseShape,
    event: selector.default('*').meta({ description: 'The events that make an actor active.' }),
    unit: unit.default('day'),
    rolling: z
      .array(whole(1, 400), { error: rollingError })
      .min(1, { error: rollingError })
      .max(10, { error: rollingError })
      .default([7, 30])
      .meta({ description: 'Distinct actors over so many buckets that end with each bucket.' }),
    lookback: whole(1, 400).default(90).meta({ description: 'The longest range, in buckets, with exact distinct actors.' }),
    churnAfter: whole(1, 400).default(30).meta({ description: 'An actor has churned this many buckets after its last active one.' }),
  },
  'an activity metric',
);
type Written = z.infer<typeof schema>;

/** Per calendar week and per month: actors by the number of buckets in which they were active; a day of clock change has 25 hours. */
const STICKINESS_CELLS: Readonly<Record<Unit, number>> = { hour: 169 + 745, day: 7 + 31, week: 1 + 6, month: 1 + 1 };

export const activity = {
  kind: 'activity',
  schema,
  later: [],
  check(written, report, wasMended) {
    const longest = Math.max(...written.rolling, written.churnAfter);
    if (written.lookback >= longest || ['rolling', 'lookback', 'churnAfter'].some(wasMended)) return;
    const cause = longest === written.churnAfter ? 'churnAfter' : 'rolling';
    report(['lookback'], `expected at least ${longest}, because ${cause} looks back that far: write lookback: ${longest}`);
  },
  build: (written, base, select) => ({
    ...base,
    kind: 'activity',
    unit: written.unit,
    event: select(written.event, ['event']),
    rolling: [...new Set(written.rolling)].sort((left, right) => left - right),
    lookback: written.lookback,
    churnAfter: written.churnAfter,
  }),
  meaning: ({ event, rolling, lookback, churnAfter, weekStart }) => ({ event: event.anyOf, rolling, lookback, churnAfter, weekStart }),
  sentence(metric) {
    const rolling = list(metric.rolling.map(String));
    return `Activity: distinct people with ${selection(metric.event)} per ${bucket(metric)} and over the last ${rolling} ${metric.unit}s; among them new, returning and resurrecting ones, beside those who fell dormant or churned after ${plural(metric.churnAfter, metric.unit)}; distinct over any range of up to ${plural(metric.lookback, metric.unit)}${alsoBy(metric)}.`;
  },
  // By the gap to the actor's active bucket before, or beyond the lookback, or none: the new ones.
  bound({ unit: per, lookback }) {
    const bytes = daysBytes(per, lookback) + 8;
    // Its gap of each bucket, once in the blocks of newcomers, and each day of the weeks and months.
    const sums = openBuckets(per, 0) + 2 + (per === 'day' ? 2 * STICKINESS_CELLS[per] : 0);
    return { cells: lookback + 2 + STICKINESS_CELLS[per], bytes, bytesPerSliceValue: bytes, sums };
  },
  fields: ({ rolling }) => [
    ...['active', 'new', 'returning', 'resurrecting', 'dormant', 'churned', 'ever', 'uniques'],
    ...rolling.flatMap((n) => [`rolling.${n}`, `stickiness.${n}`]),
  ],
} satisfies Kind<Written, ActivityDefinition>;
