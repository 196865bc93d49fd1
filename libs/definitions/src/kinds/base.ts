/** What every kind's entry in a file has: id, words, owner, target, calendar, slices, freshness. */
import { z } from 'zod';
import { dimensionName } from '../schema/selection.ts';
import { choice, duration, metricId, strict, timezone, unit, weekStart, words } from '../schema/values.ts';

export const target = strict(
  {
    of: words(200).optional().meta({ description: 'The field the target is for, such as overall.30.rate; of a kpi its value when left out.' }),
    value: z.number({ error: 'expected a number' }),
    per: unit.optional().meta({ description: 'Of a kpi: the bucket that the value is for, when it is not the unit of the metric.' }),
    direction: choice(['up', 'down']).default('up').meta({ description: 'Which way is better.' }),
  },
  'a target such as { of: overall.30.rate, value: 0.4, direction: up }',
).meta({ id: 'Target' });

export const DEFAULT_FRESHNESS = '60s';

/** The keys of every kind; spread into each kind's `strict` shape. */
export const baseShape = {
  id: metricId.meta({ description: 'The name in addresses, boards and targets.' }),
  title: words(200).optional().meta({ description: 'What a reader sees above the figure.' }),
  description: words(2000).optional().meta({ description: 'One sentence a product person accepts.' }),
  owner: words(200).optional().meta({ description: 'Who answers for the number.' }),
  target: target.optional(),
  timezone: timezone.optional(),
  weekStart: weekStart.optional(),
  slice: z
    .array(dimensionName, { error: 'expected a list of dimension names' })
    .max(20, { error: 'expected at most 20 slices' })
    .optional()
    .meta({ description: 'Dimensions by which the figure is also kept.' }),
  freshness: duration('1s', '7d')
    .optional()
    .meta({ description: `Answers older than this say so. Default ${DEFAULT_FRESHNESS}.` }),
};

export interface WrittenBase {
  readonly id: string;
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  readonly owner?: string | undefined;
  readonly target?: z.infer<typeof target> | undefined;
  readonly timezone?: string | undefined;
  readonly weekStart?: 'monday' | 'sunday' | undefined;
  readonly slice?: readonly string[] | undefined;
  readonly freshness?: string | undefined;
}
