/** A whole definition file, and the JSON Schema that editors complete from. */
import { z } from 'zod';
import { metric } from '../kinds/registry.ts';
import { dimension, dimensionName, selector, where } from './selection.ts';
import { strict, timezone, weekStart, words } from './values.ts';

const MAX_METRICS = 200;
const MAX_SELECTORS = 500;
const MAX_DIMENSIONS = 20;

function atMost(count: number, what: string) {
  return [(map: object) => Object.keys(map).length <= count, { error: `expected at most ${count} ${what}` }] as const;
}

const setName = z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, { error: 'expected a name of 1 to 63 of a-z, 0-9 and -, a letter first' });

const metricsError = `expected a list of 1 to ${MAX_METRICS} metrics`;

export const fileSchema = strict(
  {
    $schema: words(500).optional().meta({ description: 'For editors.' }),
    name: setName.optional().meta({ description: "The set's name; without it the file's name." }),
    timezone: timezone.default('UTC'),
    weekStart: weekStart.default('monday'),
    filter: where.optional().meta({ description: 'Every selector of this file sees only events that pass these tests.' }),
    dimensions: z
      .record(dimensionName, dimension, { error: 'expected a map of dimensions' })
      .refine(...atMost(MAX_DIMENSIONS, 'dimensions'))
      .optional()
      .meta({ description: 'Named slices: a value is read from the event.' }),
    selectors: z
      .record(words(200, "a selector's name"), selector, { error: 'expected a map of selectors' })
      .refine(...atMost(MAX_SELECTORS, 'selectors'))
      .optional()
      .meta({ description: 'Named choices of events.' }),
    metrics: z.array(metric, { error: metricsError }).min(1, { error: metricsError }).max(MAX_METRICS, { error: metricsError }),
    board: z
      .array(words(200, 'a tile such as cabinet_retention.overall.30.rate'), { error: 'expected a list of tiles' })
      .max(60, { error: 'expected at most 60 tiles' })
      .optional()
      .meta({ description: 'The tiles of the first screen, in order: metric.field, or a kpi alone.' }),
  },
  'a map with metrics',
);

/** The JSON Schema of a definition file, as committed in `schemas/metrics/metric-set.schema.json`. Draft 7 is what editors know best. */
export function metricSetJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(fileSchema, { io: 'input', target: 'draft-7' });
  return { $schema, title: 'Tidemark metric set', ...schema };
}

/** The committed text of the schema. */
export function metricSetJsonSchemaText(): string {
  return `${JSON.stringify(metricSetJsonSchema(), null, 2)}\n`;
}
