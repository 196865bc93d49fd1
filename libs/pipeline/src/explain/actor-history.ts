/** One actor's records from the archive, each with its outcome: by the fold's rules, told from what the archive holds. */
import { describeEvent, type Partitioner, partitionOf } from '@tidemark/codec';
import type { FoldSettings, Outcome, RejectReason, TimelineEvent } from '@tidemark/core';
import { type ActorArchive, type ActorPlace, placeInTime } from '../ports/actor-archive.ts';
import type { ArchivedRecord, CheckArchive, ParsedRecord } from '../ports/archive.ts';
import { timelineEventOf } from './timeline-event.ts';

/** What of the archive explains an actor. */
export interface ExplainArchive extends ActorArchive, Pick<CheckArchive, 'latestTimes'> {}

export interface JudgedRecord {
  readonly record: ArchivedRecord;
  readonly outcome: Outcome;
  readonly reason: RejectReason | '';
  /** The partition's clock before it, where it was looked up. */
  readonly clockMs: number | null;
  /** What it says, when it parses. */
  readonly parsed: ParsedRecord | null;
  /** For the metric, when it was applied. */
  readonly event: TimelineEvent | null;
}

/** How the log is read: it decides outcomes. */
export interface HistoryFacts {
  readonly settings: FoldSettings;
  readonly partitioner: Partitioner;
  readonly partitionCount: number;
  /** By partition: what lies below was folded in the order of time, where nothing is late. Default: nothing was. */
  readonly positions?: readonly number[] | undefined;
}

const PAGE_RECORDS = 100;

export interface History {
  /** By time. */
  readonly records: readonly ArchivedRecord[];
  /** False when the actor has more than was read. */
  readonly isWhole: boolean;
}

/** The actor's records from a place on, up to bounds; a page may reach beyond the bound of bytes. */
export async function readHistory(
  archive: ActorArchive,
  of: { actorId: string; after: ActorPlace | null; maxRecords: number; maxBytes: number },
): Promise<History> {
  const records: ArchivedRecord[] = [];
  let bytes = 0;
  for (let { after } = of; ; ) {
    const limit = Math.min(PAGE_RECORDS, of.maxRecords + 1 - records.length);
    const page = await archive.recordsOfActor({ actorId: of.actorId, after, limit });
    const last = page.at(-1);
    for (const record of page) {
      records.push(record);
      bytes += record.value?.length ?? 0;
    }
    if (last === undefined || page.length < limit) return { records, isWhole: true };
    if (records.length > of.maxRecords) return { records: records.slice(0, of.maxRecords), isWhole: false };
    if (bytes > of.maxBytes) return { records, isWhole: false };
    after = placeInTime(last);
  }
}

/**
 * In the order given. A record is late by the clock that the archive gives its partition; only those that may be are looked up. A repeat is known by
 * this actor's own records: an id that another actor used before in the same partition is not noticed.
 */
export async function judge(records: readonly ArchivedRecord[], facts: HistoryFacts, archive: ExplainArchive): Promise<readonly JudgedRecord[]> {
  const { positions = [] } = facts;
  const isPast = ({ partition, offset }: ArchivedRecord): boolean => offset < (positions[partition] ?? 0);
  const clocks = await clocksBefore(
    records.filter((record) => !isPast(record)),
    facts.settings,
    archive,
  );
  const seen = new Set<string>();
  const judged = new Map<ArchivedRecord, JudgedRecord>();
  // Given by time, which is the order of the past.
  for (const record of [...records.filter(isPast), ...records.filter((each) => !isPast(each)).toSorted(inLogOrder)]) {
    const described = describeEvent(record.key, record.value);
    const parsed = described.accepted ? described : null;
    const clockMs = clocks.get(record) ?? null;
    const base = { record, clockMs, parsed, reason: described.accepted ? ('' as const) : described.reason };
    const outcome = outcomeOf(record, { parsed, clockMs, seen }, facts);
    if (outcome === 'applied' && parsed !== null) seen.add(seenKey(record, parsed));
    judged.set(record, { ...base, outcome, event: outcome === 'applied' && parsed !== null ? timelineEventOf(record) : null });
  }
  return records.flatMap((record) => judged.get(record) ?? []);
}

interface Seen {
  readonly parsed: ParsedRecord | null;
  readonly clockMs: number | null;
  readonly seen: ReadonlySet<string>;
}

/** In the fold's order of checks. */
function outcomeOf(record: ArchivedRecord, { parsed, clockMs, seen }: Seen, { settings, partitioner, partitionCount }: HistoryFacts): Outcome {
  if (parsed === null || record.key === null) return 'rejected';
  if (partitionOf(partitioner, record.key, partitionCount) !== record.partition) return 'misrouted';
  if (parsed.timeMs > record.timestampMs + settings.futureMs) return 'future';
  if (clockMs !== null && parsed.timeMs < clockMs - settings.latenessMs) return 'late';
  return seen.has(seenKey(record, parsed)) ? 'duplicate' : 'applied';
}

/** The duplicate filter is a partition's. */
function seenKey({ partition }: ArchivedRecord, { messageId }: ParsedRecord): string {
  return `${partition} ${messageId}`;
}

function inLogOrder(left: ArchivedRecord, right: ArchivedRecord): number {
  return left.epoch - right.epoch || left.partition - right.partition || left.offset - right.offset;
}

/** No clock is ahead of the newest record by more than `futureMs`: what is younger than the lateness before that cannot be late. */
async function clocksBefore(
  records: readonly ArchivedRecord[],
  { latenessMs, futureMs }: FoldSettings,
  archive: ExplainArchive,
): Promise<ReadonlyMap<ArchivedRecord, number | null>> {
  const doubtful = records.filter(({ parsed, timestampMs }) => parsed !== null && parsed.timeMs < timestampMs + futureMs - latenessMs);
  const clocks = new Map<ArchivedRecord, number | null>();
  for (const [, own] of Map.groupBy(doubtful, ({ epoch, partition }) => `${epoch} ${partition}`)) {
    const inOrder = own.toSorted(inLogOrder);
    const [first] = inOrder;
    if (first === undefined) continue;
    const spans = inOrder.map(({ offset }, index) => ({ from: inOrder[index - 1]?.offset ?? 0, to: offset }));
    const latest = await archive.latestTimes({ epoch: first.epoch, partition: first.partition, futureMs }, spans);
    let clockMs: number | null = null;
    for (const [index, record] of inOrder.entries()) {
      const reached = latest[index] ?? null;
      if (reached !== null) clockMs = Math.max(clockMs ?? reached, reached);
      clocks.set(record, clockMs);
    }
  }
  return clocks;
}
