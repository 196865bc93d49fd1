/** The bodies about definitions, readiness and errors. */
import { z } from 'zod';
import { PROBLEM_CODES } from '../problems.ts';
import { asOf, count, envelopeShape, instant, ownerShape, sliceValueOf } from './envelope.ts';

const { revision, lineage, unit, timezone } = envelopeShape;

const slice = z.strictObject({
  name: z.string().meta({ description: 'What `slice=` takes: a dimension, of a tuple its dimensions joined by commas.' }),
  open: z.boolean().meta({ description: 'Values come from events; otherwise the list is closed and anything else is `$other`.' }),
  values: z
    .array(sliceValueOf('Of a tuple an array.'))
    .nullable()
    .meta({ description: 'Of an open slice those of the last thirty buckets, largest first; null where they were not looked up.' }),
});

export const metricBody = z
  .strictObject({
    id: z.string(),
    kind: z.enum(['retention', 'funnel', 'activation', 'activity', 'kpi']),
    set: z.string(),
    title: z.string(),
    description: z.string().nullable(),
    definition: z.string().meta({ description: 'What is counted, in one sentence made from the definition.' }),
    ...ownerShape,
    revision,
    lineage,
    unit,
    timezone,
    weekStart: z.enum(['monday', 'sunday']),
    freshness: z.number().min(0).meta({ description: 'Seconds.' }),
    slices: z.array(slice),
    path: z.string(),
  })
  .meta({ id: 'Metric' });

export const metricsBody = z.strictObject({ metrics: z.array(metricBody) }).meta({ id: 'Metrics' });

export const setsBody = z
  .strictObject({
    sets: z.array(
      z.strictObject({
        name: z.string(),
        revision,
        lineage,
        timezone,
        weekStart: z.enum(['monday', 'sunday']),
        metrics: z.array(z.string()),
        board: z.array(z.string()),
        asOf: asOf.nullable().meta({ description: 'Null while no store can answer for the set.' }),
      }),
    ),
  })
  .meta({ id: 'Sets' });

const storeHead = z.strictObject({ position: z.string(), open: z.boolean(), publishedAt: instant, confirmedAt: instant }).nullable();

export const readyBody = z
  .strictObject({
    ready: z.boolean(),
    checks: z.array(z.strictObject({ name: z.string(), ok: z.boolean(), detail: z.string(), latencyMs: z.number().optional() })),
    details: z.strictObject({
      sets: z.array(
        z.strictObject({
          set: z.string(),
          lineage,
          partitions: z.array(
            z.strictObject({
              partition: count,
              position: z.string().nullable(),
              clock: instant.nullable(),
              source: z.enum(['redis', 'clickhouse']).nullable(),
              halted: z.string().nullable(),
              heads: z.strictObject({ redis: storeHead, clickhouse: storeHead }),
            }),
          ),
        }),
      ),
    }),
  })
  .meta({ id: 'Ready' });

export const problemCode = z.enum(PROBLEM_CODES).meta({ id: 'ProblemCode' });

export const problemBodySchema = z
  .strictObject({
    type: z.literal('about:blank'),
    title: z.string(),
    status: z.int(),
    code: problemCode,
    detail: z.string(),
    requestId: z.string(),
    errors: z.array(z.strictObject({ pointer: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Problem' });
