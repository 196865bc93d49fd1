/** The bodies of the answers, by kind. */
import { z } from 'zod';
import { bucketName, count, envelopeShape, figure, instant, share, sliceValueOf } from './envelope.ts';

const oneValue = sliceValueOf('The slice value; of a tuple an array with one of each dimension. `$rest` sums up what is not listed.');
const sliceValue = oneValue.nullable().meta({ description: 'The slice value, of a tuple an array with one of each dimension; null is the total.' });

const retentionCohort = z
  .strictObject({
    cohort: bucketName,
    value: sliceValue,
    size: count,
    cells: z.array(
      z.strictObject({ k: z.int().min(1), retained: count, rate: share.nullable(), onOrAfter: count, complete: z.boolean(), closesAt: instant }),
    ),
    completeOnOrAfter: z.boolean(),
    brackets: z
      .array(z.strictObject({ from: count, to: count, retained: count, rate: share.nullable(), complete: z.boolean() }))
      .optional()
      .meta({ description: 'Of a metric with brackets: actors returned in some column from `from` to `to`, both included.' }),
  })
  .meta({ id: 'RetentionCohort' });

const retentionOverall = z
  .strictObject({
    value: sliceValue,
    k: z.int().min(1),
    retained: count,
    of: count,
    rate: share.nullable(),
    low: share.nullable(),
    high: share.nullable(),
    cohorts: count,
  })
  .meta({ id: 'RetentionOverall' });

export const retentionBody = z
  .strictObject({ ...envelopeShape, cohorts: z.array(retentionCohort), overall: z.array(retentionOverall) })
  .meta({ id: 'RetentionFigures' });

const histogram = z.array(z.strictObject({ from: z.number().min(0), to: z.number().min(0), n: z.int().min(1) })).meta({
  description: 'Shortest times first, in seconds: bins 2 % wide whose edges are given to four digits, `to` outside; both 0: exactly no time.',
});

/** Seconds, of each actor's earliest attempt opened in the bucket that reached the step; a range pools its buckets. */
const stepTimes = z
  .strictObject({
    n: count,
    mean: z.number().min(0).nullable().meta({ description: 'Exact.' }),
    p50: z.number().min(0).nullable().meta({ description: 'Within 1 %.' }),
    p90: z.number().min(0).nullable().meta({ description: 'Within 1 %.' }),
    histogram,
  })
  .meta({ id: 'StepTimes' });

const step = z
  .strictObject({
    step: z.int().min(1),
    name: z.string(),
    uniques: count.nullable().meta({ description: 'Distinct actors; null over a range longer than `uniquesLimit`.' }),
    entries: count,
    ofFirst: share.nullable(),
    ofPrevious: share.nullable(),
    fromPrevious: stepTimes.meta({ description: 'From the step before; of step 1 n is 0.' }),
    fromFirst: stepTimes.meta({ description: 'From the opening event; of step 1 n is 0.' }),
  })
  .meta({ id: 'FunnelStep' });
const steps = z.array(step);
const funnelBuckets = z.array(z.strictObject({ bucket: bucketName, complete: z.boolean(), steps }).meta({ id: 'FunnelBucket' }));

export const funnelBody = z
  .strictObject({
    ...envelopeShape,
    steps: steps.optional(),
    buckets: funnelBuckets.optional(),
    slices: z
      .array(z.strictObject({ value: oneValue, steps: steps.optional(), buckets: funnelBuckets.optional() }).meta({ id: 'FunnelSlice' }))
      .optional(),
    complete: z.boolean(),
    uniquesLimit: count,
  })
  .meta({ id: 'FunnelFigures' });

/** Seconds. */
const activationTime = z
  .strictObject({
    n: count,
    mean: z.number().min(0).nullable().meta({ description: 'Exact.' }),
    p50: z.number().min(0).nullable().meta({ description: 'Within 1 %.' }),
    p90: z.number().min(0).nullable(),
    histogram,
  })
  .meta({ id: 'ActivationTime', description: 'Seconds from the entry to activation.' });

const activationShare = { activated: count, of: count, rate: share.nullable(), low: share.nullable(), high: share.nullable(), cohorts: count };

const activationCohort = z
  .strictObject({
    cohort: bucketName,
    value: sliceValue,
    size: count,
    activated: count,
    rate: share.nullable(),
    low: share.nullable(),
    high: share.nullable(),
    complete: z.boolean(),
    conditions: z
      .array(z.strictObject({ name: z.string(), met: count }))
      .meta({ description: 'Each judged on the whole window of each actor of the cohort.' }),
    activatedBy: z
      .array(z.strictObject({ k: count, activated: count, complete: z.boolean() }))
      .optional()
      .meta({ description: 'Actors activated in less than k + 1 units (1 h, 24 h, 7 d, 30 d) from their entry.' }),
    time: activationTime,
  })
  .meta({ id: 'ActivationCohort' });

const activationOverall = z
  .strictObject({
    value: sliceValue,
    ...activationShare,
    activatedBy: z
      .array(z.strictObject({ k: count, ...activationShare }))
      .optional()
      .meta({ description: 'Each pooled over the cohorts in which it is complete.' }),
  })
  .meta({ id: 'ActivationOverall' });

export const activationBody = z
  .strictObject({
    ...envelopeShape,
    cohorts: z.array(activationCohort),
    overall: z.array(activationOverall).meta({ description: 'Pooled over the complete cohorts.' }),
  })
  .meta({ id: 'ActivationFigures' });

const stickinessCells = z.array(
  z.strictObject({ period: bucketName, n: z.int().min(1), actors: count, complete: z.boolean() }).meta({ id: 'StickinessCell' }),
);
const activityBucket = z
  .strictObject({
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
  })
  .meta({ id: 'ActivityBucket' });
const activityFigures = {
  buckets: z.array(activityBucket),
  uniques: count.nullable(),
  uniquesLimit: count,
  stickiness: z.strictObject({ week: stickinessCells, month: stickinessCells }),
};

export const activityBody = z
  .union([
    z.strictObject({ ...envelopeShape, ...activityFigures }),
    z.strictObject({ ...envelopeShape, slices: z.array(z.strictObject({ value: oneValue, ...activityFigures }).meta({ id: 'ActivitySlice' })) }),
  ])
  .meta({ id: 'ActivityFigures' });

const kpiBucket = z
  .strictObject({
    bucket: bucketName,
    value: figure.meta({ description: 'A fixed-point sum is text; a ratio or formula is a number, null over 0.' }),
    count: count.nullable().meta({ description: 'What the value was made of, of a ratio its denominator; null of a formula.' }),
    complete: z.boolean(),
    of: z.record(z.string(), figure).optional().meta({ description: 'Numerator and denominator of a ratio, or the names of a formula.' }),
  })
  .meta({ id: 'KpiBucket' });
const kpiFigures = {
  buckets: z.array(kpiBucket),
  total: figure.meta({ description: 'From sums over the range. Null for distinct actors over a range longer than `uniquesLimit`, and over 0.' }),
  of: z.record(z.string(), figure).optional(),
  uniquesLimit: count.optional(),
};

export const kpiBody = z
  .union([
    z.strictObject({ ...envelopeShape, ...kpiFigures }),
    z.strictObject({ ...envelopeShape, slices: z.array(z.strictObject({ value: oneValue, ...kpiFigures }).meta({ id: 'KpiSlice' })) }),
  ])
  .meta({ id: 'KpiFigures' });
