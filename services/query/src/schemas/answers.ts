/** The bodies of the answers, by kind. */
import { z } from 'zod';
import { bucketName, count, envelopeShape, instant, share, target } from './envelope.ts';

const sliceValue = z.string().nullable().meta({ description: 'The slice value; null is the total.' });

export const retentionBody = z
  .strictObject({
    ...envelopeShape,
    cohorts: z.array(
      z.strictObject({
        cohort: bucketName,
        value: sliceValue,
        size: count,
        cells: z.array(
          z.strictObject({ k: z.int().min(1), retained: count, rate: share.nullable(), onOrAfter: count, complete: z.boolean(), closesAt: instant }),
        ),
        completeOnOrAfter: z.boolean(),
      }),
    ),
    overall: z.array(
      z.strictObject({
        value: sliceValue,
        k: z.int().min(1),
        retained: count,
        of: count,
        rate: share.nullable(),
        low: share.nullable(),
        high: share.nullable(),
        cohorts: count,
      }),
    ),
  })
  .meta({ id: 'RetentionAnswer' });

const step = z
  .strictObject({
    step: z.int().min(1),
    name: z.string(),
    uniques: count.nullable().meta({ description: 'Distinct actors; null over a range longer than `uniquesLimit`.' }),
    entries: count,
    ofFirst: share.nullable(),
    ofPrevious: share.nullable(),
  })
  .meta({ id: 'FunnelStep' });
const steps = z.array(step);
const funnelBuckets = z.array(z.strictObject({ bucket: bucketName, complete: z.boolean(), steps }));

export const funnelBody = z
  .strictObject({
    ...envelopeShape,
    steps: steps.optional(),
    buckets: funnelBuckets.optional(),
    slices: z.array(z.strictObject({ value: z.string(), steps: steps.optional(), buckets: funnelBuckets.optional() })).optional(),
    complete: z.boolean(),
    uniquesLimit: count,
  })
  .meta({ id: 'FunnelAnswer' });

const stickinessCells = z.array(z.strictObject({ period: bucketName, n: z.int().min(1), actors: count, complete: z.boolean() }));
const activityFigures = {
  buckets: z.array(
    z.strictObject({
      bucket: bucketName,
      value: sliceValue,
      active: count,
      rolling: z.record(z.string(), count),
      new: count,
      returning: count,
      resurrecting: count,
      dormant: count,
      churned: count,
      ever: count,
      stickiness: z.record(z.string(), share.nullable()),
      complete: z.boolean(),
    }),
  ),
  uniques: count.nullable(),
  uniquesLimit: count,
  stickiness: z.strictObject({ week: stickinessCells, month: stickinessCells }),
};

export const activityBody = z
  .union([
    z.strictObject({ ...envelopeShape, ...activityFigures }),
    z.strictObject({ ...envelopeShape, slices: z.array(z.strictObject({ value: z.string(), ...activityFigures })) }),
  ])
  .meta({ id: 'ActivityAnswer' });

const fixed = z.string().regex(/^-?\d+(\.\d+)?$/);
const kpiFigures = {
  buckets: z.array(z.strictObject({ bucket: bucketName, value: z.union([count, fixed]), count, complete: z.boolean() })),
  total: z.union([count, fixed]).nullable().meta({ description: 'Null for distinct actors over a range longer than `uniquesLimit`.' }),
  uniquesLimit: count.optional(),
};
const kpiFacts = { target: target.nullable(), owner: z.string().nullable() };

export const kpiBody = z
  .union([
    z.strictObject({ ...envelopeShape, ...kpiFigures, ...kpiFacts }),
    z.strictObject({ ...envelopeShape, slices: z.array(z.strictObject({ value: z.string(), ...kpiFigures })), ...kpiFacts }),
  ])
  .meta({ id: 'KpiAnswer' });
