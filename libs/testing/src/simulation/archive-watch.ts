/** Looks at everything that reaches the archive: each record as the log has it, each link over what is there, and in the end each record once. */
import { describeEvent } from '@tidemark/codec';
import { type ArchiveChunk, type ArchivedRecord, chunkHash } from '@tidemark/pipeline';
import type { MemoryArchive } from '../twins/archive.ts';
import type { MemoryRecord } from '../twins/log.ts';
import type { Checker } from './violation.ts';

export interface ArchiveWatchOptions {
  readonly checker: Checker;
  readonly archive: MemoryArchive;
  /** All records that a partition's log ever had; null once the log was rewritten, for the archive does not compare what it holds with the log. */
  readonly recordsOf: (partition: number) => readonly MemoryRecord[] | null;
}

export class ArchiveWatch {
  readonly #options: ArchiveWatchOptions;
  constructor(options: ArchiveWatchOptions) {
    this.#options = options;
  }

  inserted(records: readonly ArchivedRecord[]): void {
    const { checker, recordsOf } = this.#options;
    for (const archived of records) {
      const logged = recordsOf(archived.partition);
      if (logged === null) continue;
      const record = recordAt(logged, archived.offset);
      const name = `archive ${archived.partition}:${archived.offset}`;
      if (record === undefined) checker.broken('archived as logged', `${name}: the log never had it`);
      else if (!isSame(archived, record)) checker.broken('archived as logged', `${name} differs from the log`);
    }
  }

  linked(link: ArchiveChunk): void {
    const { checker, archive, recordsOf } = this.#options;
    const logged = recordsOf(link.partition);
    if (logged === null) return;
    const within = ({ offset }: { readonly offset: number }): boolean => offset >= link.from && offset < link.to;
    const kept = archive.recordsOf(link.epoch, link.partition).filter(within);
    const due = logged.slice(firstFrom(logged, link.from), firstFrom(logged, link.to));
    const name = `chain ${link.partition}, ${link.from} to ${link.to}`;
    if (kept.length !== due.length || link.count !== kept.length)
      checker.broken('link of what is there', `${name}: says ${link.count}, the archive has ${kept.length}, the log ${due.length}`);
    else if (chunkHash(kept) !== link.hash) checker.broken('link of what is there', `${name}: its hash is of other records`);
  }

  /** Where the chain ends; null before the first link. */
  async chainEnd(epoch: number, partition: number): Promise<{ from: number; to: number } | null> {
    return this.#options.archive.archive.chainEnd(epoch, partition);
  }

  /** After the faults: everything from the chain's beginning to its end is there, once. */
  async converged(epoch: number, partition: number): Promise<void> {
    const { checker, archive, recordsOf } = this.#options;
    const logged = recordsOf(partition);
    const end = await this.chainEnd(epoch, partition);
    if (logged === null || end === null) return;
    const due = logged.filter(({ offset }) => offset >= end.from && offset < end.to).map(({ offset }) => offset);
    const kept = archive.recordsOf(epoch, partition).map(({ offset }) => offset);
    const within = kept.filter((offset) => offset >= end.from && offset < end.to);
    if (within.join() !== due.join())
      checker.broken('archived once', `archive ${partition}: ${within.length} of ${due.length} records between ${end.from} and ${end.to}`);
  }
}

function recordAt(logged: readonly MemoryRecord[], offset: number): MemoryRecord | undefined {
  const record = logged[firstFrom(logged, offset)];
  return record?.offset === offset ? record : undefined;
}

function firstFrom(logged: readonly MemoryRecord[], offset: number): number {
  let from = 0;
  let to = logged.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((logged[middle]?.offset ?? Number.POSITIVE_INFINITY) < offset) from = middle + 1;
    else to = middle;
  }
  return from;
}

function isSame(archived: ArchivedRecord, record: MemoryRecord): boolean {
  if (archived.control !== record.control || archived.timestampMs !== record.timestampMs) return false;
  if (!sameBytes(archived.key, record.key) || !sameBytes(archived.value, record.value)) return false;
  if (record.control) return archived.parsed === null && archived.reason === '';
  const described = describeEvent(record.key, record.value);
  if (!described.accepted) return archived.parsed === null && archived.reason === described.reason;
  return (
    archived.parsed?.messageId === described.messageId && archived.parsed.timeMs === described.timeMs && archived.parsed.event === described.event
  );
}

function sameBytes(one: Buffer | null, other: Buffer | null): boolean {
  return one === null || other === null ? one === other : one.equals(other);
}
