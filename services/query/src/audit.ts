/** The audit: per lineage and partition what both stores, the saved state and the archive hold, what went wrong, and what was proven. */
import { isoInstant } from '@tidemark/core';
import {
  type CheckLedger,
  type CheckpointStore,
  type CheckResult,
  type Head,
  haltCodeOf,
  type IncidentLedger,
  type IncidentSummary,
  type Manifest,
  type PartitionArchive,
  type ServedSet,
  StoreUnavailable,
  splitVersion,
  type Version,
} from '@tidemark/pipeline';
import { redactText } from '@tidemark/runtime';
import type { Asking } from './asking.ts';

/** Beside the heads, which the answerer watches. */
export interface AuditSources {
  readonly manifests: Pick<CheckpointStore, 'manifest'>;
  readonly archive: Pick<PartitionArchive, 'chainEnd' | 'links'>;
  readonly checks: Pick<CheckLedger, 'latest'>;
  readonly incidents: Pick<IncidentLedger, 'summaries'>;
}

export interface AuditContext {
  readonly asking: Asking;
  readonly partitions: readonly number[];
  readonly sources: AuditSources;
}

type Away = Map<'redis' | 'clickhouse', string>;

/** Never throws for a store that is away: its facts are null, and `away` says why. */
export async function auditFacts(context: AuditContext) {
  const { answerer, serving } = context.asking;
  const away: Away = new Map();
  const told = await Promise.all(serving.catalogue.sets.map((served) => setAudit(served, context, away)));
  for (const store of ['redis', 'clickhouse'] as const) {
    const { error } = answerer.watch.state(store);
    if (error !== null && !away.has(store)) away.set(store, error);
  }
  return { sets: told, away: [...away].map(([what, reason]) => ({ what, reason: redactText(reason).slice(0, 300) })) };
}

async function setAudit({ set, lineage }: ServedSet, context: AuditContext, away: Away) {
  const { asking, partitions, sources } = context;
  const [heads, checks, incidents] = await Promise.all([
    asking.answerer.watch.fresh(lineage),
    orAway(away, 'clickhouse', () => sources.checks.latest(lineage)),
    orAway(away, 'clickhouse', () => sources.incidents.summaries(lineage)),
  ]);
  const told = await Promise.all(
    partitions.map(async (partition, index) => {
      const [redis, clickhouse] = [heads.redis?.[index] ?? null, heads.clickhouse?.[index] ?? null];
      const epoch = splitVersion(redis?.closed ?? clickhouse?.closed ?? '').epoch || 1;
      const [manifest, archive] = await Promise.all([
        orAway(away, 'redis', () => sources.manifests.manifest(lineage, partition)),
        orAway(away, 'clickhouse', () => chainFacts(sources.archive, epoch, partition)),
      ]);
      return {
        partition,
        redis: storeFacts(redis),
        clickhouse: storeFacts(clickhouse),
        manifest: manifestFacts(manifest),
        archive,
        incidents: (incidents ?? []).filter((each) => each.partition === partition).map(incidentFacts),
        checks: (checks ?? []).filter((each) => each.partition === partition).map(checkFacts),
      };
    }),
  );
  return { set: set.name, revision: set.revision, lineage, partitions: told };
}

async function orAway<Answer>(away: Away, store: 'redis' | 'clickhouse', ask: () => Promise<Answer>): Promise<Answer | null> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    away.set(store, error.message);
    return null;
  }
}

async function chainFacts(archive: AuditSources['archive'], epoch: number, partition: number) {
  const end = await archive.chainEnd(epoch, partition);
  if (end === null) return null;
  const beyond = await archive.links({ epoch, partition, from: end.to, to: 2 ** 48, limit: 1 });
  return { from: String(end.from), to: String(end.to), gap: beyond.length > 0 };
}

function storeFacts(head: Head | null) {
  if (head?.note == null) return null;
  const { closed, target, note } = head;
  const position = positionOf(closed);
  return {
    position,
    open: closed < target,
    watermark: note.clockMs === null ? null : isoInstant(note.clockMs),
    publishedAt: isoInstant(note.publishedAtMs),
    confirmedAt: isoInstant(note.confirmedAtMs),
    logEnd: note.atEnd ? position : null,
    halted: note.halted === undefined ? null : { code: haltCodeOf(note.halted), reason: note.halted },
    overflow: note.overflow,
    counters: note.counters,
  };
}

function manifestFacts(manifest: Manifest | null) {
  if (manifest === null) return null;
  const { next, writer, segments } = manifest;
  return { position: String(next), writer, segments: segments.length, bytes: segments.reduce((sum, { bytes }) => sum + bytes, 0) };
}

function incidentFacts({ kind, count, last }: IncidentSummary) {
  return { kind, count, lastAt: isoInstant(last.atMs), position: positionOf(last.position), detail: redactText(last.detail) };
}

function checkFacts({ kind, outcome, checkedAtMs, position, compared, differences, detail }: CheckResult) {
  return { kind, outcome, checkedAt: isoInstant(checkedAtMs), position: positionOf(position), compared, differences, detail: redactText(detail) };
}

function positionOf(version: Version): string {
  return String(splitVersion(version).next);
}
