/** The readers of the in-memory archive: a partition in order, and what the check of single actors asks. */
import type { ArchiveChunk, ArchivedRecord, CheckArchive, PartitionArchive, TimeOrderedArchive } from '@tidemark/pipeline';

interface Archived {
  recordsOf(epoch: number, partition: number): readonly ArchivedRecord[];
  linksOf(epoch: number, partition: number): readonly ArchiveChunk[];
}

type Call = <Answer>(method: string, partition: number, apply: () => Answer) => Promise<Answer>;

export function partitionArchiveOver(archived: Archived, chainEnd: PartitionArchive['chainEnd'], call: Call): PartitionArchive {
  return {
    chainEnd,
    links: ({ epoch, partition, from, to, limit }) =>
      call('links', partition, () => {
        const links = archived.linksOf(epoch, partition).filter((link) => link.from >= from && link.from < to);
        const once = new Map(links.map((link) => [`${link.from}:${link.to}`, link]));
        return [...once.values()].sort((a, b) => a.from - b.from || a.to - b.to).slice(0, limit);
      }),
    records: ({ epoch, partition, from, to, limit, maxBytes = Number.POSITIVE_INFINITY }) =>
      call('records', partition, () => {
        const records = archived.recordsOf(epoch, partition).filter(({ offset }) => offset >= from && offset < to);
        let bytes = 0;
        const isWithin = ({ key, value }: ArchivedRecord): boolean => {
          const before = bytes;
          bytes += (key?.length ?? 0) + (value?.length ?? 0);
          return before < maxBytes || before === 0;
        };
        return records.slice(0, limit).filter(isWithin);
      }),
  };
}

/** Small pages, so that what holds between two of them is met. */
const PAGE_RECORDS = 7;

export function timeOrderedArchiveOver(archived: Archived, call: Call): TimeOrderedArchive {
  const timeOf = ({ parsed, timestampMs }: ArchivedRecord): number => parsed?.timeMs ?? timestampMs;
  return {
    async *inTimeOrder({ epoch, partition, to }) {
      const all = await call('inTimeOrder', partition, () =>
        archived
          .recordsOf(epoch, partition)
          .filter(({ offset }) => offset < to)
          .sort((a, b) => timeOf(a) - timeOf(b) || a.offset - b.offset),
      );
      for (let from = 0; from < all.length; from += PAGE_RECORDS) yield all.slice(from, from + PAGE_RECORDS);
    },
  };
}

export function checkArchiveOver(archived: Archived, call: Call): CheckArchive {
  const accepted = (epoch: number, partition: number) => archived.recordsOf(epoch, partition).filter(({ parsed }) => parsed !== null);
  return {
    recordsInOrder: ({ epoch, partition, actorId, to }, limit) =>
      call('recordsInOrder', partition, () =>
        accepted(epoch, partition)
          .filter(({ offset, parsed }) => offset < to && parsed?.actorId === actorId)
          .slice(0, limit),
      ),
    latestTimes: ({ epoch, partition, futureMs }, spans) =>
      call('latestTimes', partition, () =>
        spans.map(({ from, to }) => {
          const times = archived.recordsOf(epoch, partition).flatMap(({ offset, parsed, control, timestampMs }) => {
            if (offset < from || offset >= to) return [];
            if (control) return [timestampMs - futureMs];
            return parsed !== null && parsed.timeMs <= timestampMs + futureMs ? [parsed.timeMs] : [];
          });
          return times.length === 0 ? null : Math.max(...times);
        }),
      ),
    isIdOfOthers: ({ epoch, partition, actorId, to }, messageIds) =>
      call('isIdOfOthers', partition, () =>
        accepted(epoch, partition).some(
          ({ offset, parsed }) => offset < to && parsed !== null && parsed.actorId !== actorId && messageIds.includes(parsed.messageId),
        ),
      ),
    hasRestampedIds: ({ epoch, partition, to }) =>
      call('hasRestampedIds', partition, () => {
        const times = new Map<string, number>();
        return accepted(epoch, partition).some(({ offset, parsed }) => {
          if (offset >= to || parsed === null) return false;
          const known = times.get(parsed.messageId) ?? parsed.timeMs;
          times.set(parsed.messageId, known);
          return known !== parsed.timeMs;
        });
      }),
  };
}
