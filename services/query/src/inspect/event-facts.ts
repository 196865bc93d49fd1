/** A witnessed record as the service shows it, and which records a question is about. */
import { isoInstant, type Outcome } from '@tidemark/core';
import { outcomeWords, type WitnessedRecord } from '@tidemark/pipeline';
import type { CsvTable } from '../csv.ts';

export interface EventFilter {
  readonly actor?: string | undefined;
  readonly outcome?: readonly Outcome[] | undefined;
}

export type EventFacts = ReturnType<typeof eventFacts>;

export function passes({ actor, outcome }: EventFilter, record: WitnessedRecord): boolean {
  if (outcome !== undefined && !outcome.includes(record.outcome)) return false;
  return actor === undefined || record.key === actor || record.parsed?.actorId === actor;
}

export function eventFacts(record: WitnessedRecord, latenessMs: number) {
  const { partition, epoch, offset, recordMs, outcome, reason, clockMs, key, parsed, value, valueBytes, skipped } = record;
  return {
    partition,
    epoch,
    offset: String(offset),
    recordedAt: isoInstant(recordMs),
    outcome,
    reason,
    words: outcomeWords({ outcome, reason, timeMs: parsed?.timeMs ?? null, recordMs, clockMs, latenessMs }),
    at: parsed === null ? null : isoInstant(parsed.timeMs),
    name: parsed?.event ?? null,
    kind: parsed?.actorKind ?? null,
    actor: parsed?.actorId ?? null,
    messageId: parsed?.messageId ?? null,
    key,
    value,
    valueBytes,
    skipped,
  };
}

/** One row an event. */
export function eventsTable(events: readonly EventFacts[]): CsvTable {
  const columns = [
    'recorded_at',
    'partition',
    'epoch',
    'offset',
    'outcome',
    'reason',
    'words',
    'at',
    'name',
    'kind',
    'actor',
    'message_id',
    'key',
    'value',
    'value_bytes',
  ];
  const rows = events.map((event) => [
    event.recordedAt,
    event.partition,
    event.epoch,
    event.offset,
    event.outcome,
    event.reason,
    event.words,
    event.at,
    event.name,
    event.kind,
    event.actor,
    event.messageId,
    event.key,
    event.value,
    event.valueBytes,
  ]);
  return { columns, rows };
}
