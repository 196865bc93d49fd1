/** The body about lineages: of every set all that are known, how each stands, and how far it is. */
import { z } from 'zod';
import { asOf, count, envelopeShape, instant, share } from './envelope.ts';

const { revision, lineage } = envelopeShape;

const known = z
  .strictObject({
    lineage,
    revision: revision.meta({ description: 'Of the set.' }),
    state: z.enum(['serving', 'catching_up', 'kept', 'retired']).meta({
      description:
        '`serving`: answers now · `catching_up`: not served yet, or not again · `kept`: served before, and kept current · `retired`: its rows stay as they were.',
    }),
    since: instant.nullable().meta({ description: 'When that was decided; null while only a file says so.' }),
    by: z.string().nullable().meta({ description: 'Who decided it. Written by people.' }),
    metrics: z
      .record(z.string(), revision)
      .nullable()
      .meta({ description: 'Revision by metric, each of which `revision=` answers; null when this release cannot read the definitions.' }),
    positions: z
      .record(z.string().regex(/^\d+$/), z.string().regex(/^\d+$/))
      .nullable()
      .meta({ description: 'By partition: the offset after the last record included. Null while no store answers.' }),
    lag: count.nullable().meta({ description: 'Records that the served lineage has beyond it.' }),
    progress: share.nullable().meta({ description: 'While it catches up: its part of the way; null while that is unknown.' }),
    eta: count
      .nullable()
      .meta({ description: 'While it catches up: seconds until it is there by the speed of the last minute; null while that is unknown.' }),
    halted: asOf.shape.halted.meta({ description: 'Partitions that do not go on, and why.' }),
  })
  .meta({ id: 'Lineage' });

export const lineagesBody = z
  .strictObject({ sets: z.array(z.strictObject({ set: z.string(), lineages: z.array(known).meta({ description: 'Oldest first.' }) })) })
  .meta({ id: 'Lineages' });
