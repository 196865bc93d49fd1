/** The body of a set's first screen: its tiles, each with its value, the same stretch before, and a line of buckets. */
import { z } from 'zod';
import { asOf, bucketName, envelopeShape, figure, ownerShape } from './envelope.ts';

const { revision, lineage, unit, timezone } = envelopeShape;
const stretch = { from: bucketName, to: bucketName, value: figure };

const tile = z
  .strictObject({
    tile: z.string().meta({ description: 'As the set lists it.', examples: ['north_star.overall.rate'] }),
    metric: z.string(),
    field: z.string().meta({ description: 'Of the metric; empty for the total of a kpi.' }),
    kind: z.enum(['retention', 'funnel', 'activation', 'activity', 'kpi']),
    title: z.string(),
    definition: z.string(),
    unit,
    timezone,
    from: bucketName,
    to: bucketName,
    value: figure.meta({ description: 'Over the whole range, which ends at the watermark; its last bucket is seldom over.' }),
    compared: z
      .strictObject({
        ...stretch,
        previous: z.strictObject(stretch),
        change: z.number().nullable().meta({ description: 'value / previous.value − 1; null over 0 or null.' }),
      })
      .nullable()
      .meta({ description: 'The buckets of the range that are over beside as many of the range before; null when there is nothing to compare.' }),
    line: z
      .array(z.strictObject({ bucket: bucketName, value: figure, complete: z.boolean() }))
      .meta({ description: 'The field per bucket or cohort.' }),
    ...ownerShape,
    freshness: z.number().min(0).meta({ description: 'Seconds.' }),
    path: z.string().meta({ description: 'Where the figure is answered whole.' }),
    asOf,
  })
  .meta({ id: 'Tile' });

export const boardBody = z.strictObject({ set: z.string(), revision, lineage, timezone, tiles: z.array(tile) }).meta({ id: 'Board' });
