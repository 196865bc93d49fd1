/** The body of the audit: what each partition stands on, what went wrong with it, and what was proven. */
import { HALT_REASONS } from '@tidemark/pipeline';
import { z } from 'zod';
import { count, envelopeShape, instant } from './envelope.ts';

const position = z.string().regex(/^\d+$/).meta({ description: 'Offset after the last record included.' });

const haltCode = z
  .enum(HALT_REASONS.map(({ code }) => code))
  .meta({ id: 'HaltCode', description: 'What each means and what to do stands in deploy/runbook.md.' });

const held = z
  .strictObject({
    position,
    open: z.boolean().meta({ description: 'A publish is under way.' }),
    watermark: instant.nullable(),
    publishedAt: instant,
    confirmedAt: instant,
    logEnd: position.nullable().meta({ description: 'The end of the log, where the owner stood there when it published; null otherwise.' }),
    halted: z.strictObject({ code: haltCode, reason: z.string() }).nullable(),
    overflow: z.boolean(),
    counters: z
      .record(z.string(), count)
      .meta({ description: 'Records since the origin: read, applied, duplicate, rejected, late, future, misrouted, control; and capped actors.' }),
  })
  .meta({ id: 'AuditStore', description: 'What a store holds of the partition.' });

const check = z
  .strictObject({
    kind: z.enum(['verify_redis', 'verify_clickhouse', 'selfcheck']),
    outcome: z.enum(['same', 'different', 'undecided']),
    checkedAt: instant,
    position,
    compared: count.meta({ description: 'Integers; of a selfcheck actors.' }),
    differences: count,
    detail: z.string().meta({ description: 'The first difference, or why it is undecided. May quote slice values.' }),
  })
  .meta({ id: 'AuditCheck' });

const incident = z
  .strictObject({
    kind: z.enum(['halt', 'rewind']),
    count,
    lastAt: instant,
    position,
    detail: z.string().meta({ description: 'Of the last: the reason of the halt, or the store that went back.' }),
  })
  .meta({ id: 'AuditIncident' });

const partition = z
  .strictObject({
    partition: count,
    redis: held.nullable(),
    clickhouse: held.nullable(),
    manifest: z
      .strictObject({ position, writer: z.string(), segments: count, bytes: count })
      .nullable()
      .meta({ description: 'The saved state; null while none is saved, or Redis is away.' }),
    archive: z
      .strictObject({
        from: position,
        to: position,
        gap: z.boolean().meta({ description: 'Chunks lie behind a hole: what is in them is archived, but no rebuild reads past the hole.' }),
      })
      .nullable()
      .meta({ description: 'The unbroken chain of archived chunks; null while there is none, or ClickHouse is away.' }),
    incidents: z.array(incident),
    checks: z.array(check).meta({ description: 'The latest of each kind.' }),
  })
  .meta({ id: 'AuditPartition' });

export const auditBody = z
  .strictObject({
    sets: z.array(
      z.strictObject({ set: z.string(), revision: envelopeShape.revision, lineage: envelopeShape.lineage, partitions: z.array(partition) }),
    ),
    away: z
      .array(z.strictObject({ what: z.enum(['redis', 'clickhouse']), reason: z.string() }))
      .meta({ description: 'What did not answer, so that its facts are missing.' }),
  })
  .meta({ id: 'Audit' });
