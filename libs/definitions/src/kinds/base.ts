/** What every kind's entry in a file has: id, words, owner, target, calendar, slices, freshness. */
import { parseDateName } from '@tidemark/core';
import { z } from 'zod';
import { LIMITS_IN_WORDS, MAX_TUPLE } from '../limits.ts';
import { dimensionName } from '../schema/selection.ts';
import { choice, duration, metricId, strict, timezone, unit, weekStart, words } from '../schema/values.ts';

const sinceError = 'expected the date of its last change, such as 2026-11-01';
const since = z
  .string({ error: sinceError })
  .refine((text) => parseDateName(text) !== null, { error: sinceError })
  .meta({ description: 'The date on which it last changed; answers carry it.' });
const ownerName = words(200);

export const target = strict(
  {
    of: words(200).optional().meta({ description: 'The field the target is for, such as overall.30.rate; of a kpi its value when left out.' }),
    value: z.number({ error: 'expected a number' }),
    per: unit.optional().meta({ description: 'Of a kpi: the bucket that the value is for, when it is not the unit of the metric.' }),
    direction: choice(['up', 'down']).default('up').meta({ description: 'Which way is better.' }),
    since: since.optional(),
  },
  'a target such as { of: overall.30.rate, value: 0.4, direction: up }',
).meta({ id: 'Target' });

export const DEFAULT_FRESHNESS = '60s';

const tupleError = `expected a dimension, or a list of 2 to ${MAX_TUPLE} of them such as [channel, device]`;
const tuple = z
  .array(dimensionName, { error: tupleError })
  .min(2, { error: tupleError })
  .max(MAX_TUPLE, { error: tupleError })
  .meta({ id: 'CombinedSlice', description: 'Dimensions in the order in which values are written: ["ads", "ios"].' });

/** The keys of every kind; spread into each kind's `strict` shape. */
export const baseShape = {
  id: metricId.meta({ description: 'The name in addresses, boards and targets.' }),
  title: words(200).optional().meta({ description: 'What a reader sees above the figure.' }),
  description: words(2000).optional().meta({ description: 'One sentence a product person accepts.' }),
  owner: z
    .union([ownerName, strict({ name: ownerName, since: since.optional() }, 'an owner: a text, or { name: maria@example.com, since: 2026-11-01 }')], {
      error: 'expected an owner: a text of 1 to 200 characters, or { name: maria@example.com, since: 2026-11-01 }',
    })
    .optional()
    .meta({ description: 'Who answers for the number.' }),
  target: target.optional(),
  timezone: timezone.optional(),
  weekStart: weekStart.optional(),
  slice: z
    .array(z.union([dimensionName, tuple], { error: tupleError }), {
      error: 'expected a list of dimensions, such as [channel, device] or, by both at once, [[channel, device]]',
    })
    .max(20, { error: 'expected at most 20 slices' })
    .optional()
    .meta({
      description: `Dimensions by which the figure is also kept; a list among them is one slice by all of its dimensions at once. The sizes multiply: ${LIMITS_IN_WORDS}.`,
    }),
  freshness: duration('1s', '7d')
    .optional()
    .meta({ description: `Answers older than this say so. Default ${DEFAULT_FRESHNESS}.` }),
};

export interface WrittenBase {
  readonly id: string;
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  readonly owner?: string | { readonly name: string; readonly since?: string | undefined } | undefined;
  readonly target?: z.infer<typeof target> | undefined;
  readonly timezone?: string | undefined;
  readonly weekStart?: 'monday' | 'sunday' | undefined;
  readonly slice?: readonly (string | readonly string[])[] | undefined;
  readonly freshness?: string | undefined;
}
