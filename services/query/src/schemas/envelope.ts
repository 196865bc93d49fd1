/** What every answer carries beside its figures. */
import { z } from 'zod';

/** Of `toISOString`. */
export const instant = z.iso.datetime().meta({ id: 'Instant', description: 'ISO 8601 in UTC.' });
export const count = z.int().min(0);
export const share = z.number().min(0).max(1);
const unit = z.enum(['hour', 'day', 'week', 'month']);
export const bucketName = z.string().meta({
  id: 'BucketName',
  description: 'A bucket by its first local date, an hour with its offset.',
  examples: ['2026-11-01', '2026-11-01T15+04:00'],
});
/** A value of a slice, or of a tuple one per dimension. */
export function sliceValueOf(description: string) {
  return z.union([z.string(), z.array(z.string()).min(2)]).meta({ description });
}
/** A figure of a kpi or tile: fixed-point sums travel as text. */
export const figure = z.union([z.number(), z.string().regex(/^-?\d+(\.\d+)?$/)]).nullable();
const hash = z.string().regex(/^[0-9a-f]{16}$/);

export const asOf = z
  .strictObject({
    watermark: instant.nullable().meta({ description: 'The smallest partition clock; null before the first event.' }),
    positions: z
      .record(z.string().regex(/^\d+$/), z.string().regex(/^\d+$/))
      .meta({ description: 'By partition: the offset after the last record included.' }),
    publishedAt: instant,
    source: z.enum(['redis', 'clickhouse', 'mixed']),
    stale: z.boolean().meta({ description: 'The last confirmation at the end of the log is older than the metric allows.' }),
    halted: z.array(z.strictObject({ partition: count, reason: z.string() })),
  })
  .meta({ id: 'AsOf' });

const notes = z
  .strictObject({
    late: count.meta({ description: 'Events too late to count.' }),
    capped: count.meta({ description: 'Actors whose timelines outgrew their cap.' }),
    overflow: z.boolean().meta({ description: 'A partition had more slice values than it keeps apart.' }),
    unreadable: count.meta({ description: 'Events whose summed property was no number.' }),
  })
  .meta({ id: 'Notes' });

export const envelopeShape = {
  metric: z.string(),
  revision: hash,
  lineage: hash,
  unit,
  timezone: z.string(),
  from: bucketName,
  to: bucketName,
  asOf,
  notes,
};

const date = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}$/)
  .meta({ description: 'The date of the last change, as the definition gives it.' });

const target = z
  .strictObject({ of: z.string(), value: z.number(), per: unit.optional(), direction: z.enum(['up', 'down']), since: date.optional() })
  .meta({ id: 'Target' });

/** What every answer says of its metric: null where the definition is silent. */
export const ownerShape = {
  target: target.nullable(),
  owner: z.string().nullable(),
  ownerSince: date.nullable(),
};

/** The same figures over the range before (`compare=previous`); null when nothing is over yet, or the range before begins before 1970. */
export function previousOf<Shape extends z.core.$ZodLooseShape>(id: string, figures: Shape) {
  const range = { from: bucketName, to: bucketName };
  return z
    .strictObject({
      ...range,
      ...figures,
      against: z
        .strictObject({ ...range, ...figures })
        .meta({ id: `${id}Against` })
        .nullable()
        .meta({ description: 'The asked range cut to as many buckets, when not all of it is over.' }),
    })
    .meta({ id: `${id}Previous` })
    .nullable()
    .optional();
}
