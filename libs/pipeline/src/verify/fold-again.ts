/** Folds one partition of one lineage again from the archive, forward to any position that the unbroken chain covers. */
import { createDecoder, type Partitioner } from '@tidemark/codec';
import { createCalendars, type FoldSettings, type MetricSet, PartitionFold, Vocabulary } from '@tidemark/core';
import { createBatchFolder } from '../partition/fold-batch.ts';
import { emptyMemory, type PartitionMemory } from '../partition/memory.ts';
import { foldInTimeOrder, surveyArchive } from '../past/time-ordered-fold.ts';
import type { ArchivedRecord, PartitionArchive, TimeOrderedArchive } from '../ports/archive.ts';
import { archiveBatch } from './archive-batch.ts';
import { type ArchivePage, BrokenArchive, type WalkOptions, walkArchive } from './archive-walk.ts';

export interface FoldAgainOptions {
  readonly archive: PartitionArchive;
  readonly set: MetricSet;
  readonly settings: FoldSettings;
  readonly partitioner: Partitioner;
  readonly partitionCount: number;
  readonly partition: number;
  readonly epoch: number;
  /** Of a lineage that was built from the archive in time order: up to which position. What lies below is folded so, the rest as the log has it. */
  readonly timeOrdered?: { readonly archive: TimeOrderedArchive; readonly next: number };
  readonly paging?: Pick<WalkOptions, 'pageRecords' | 'pageBytes'>;
  readonly folded?: (records: number) => void;
}

/** Nothing leaves the state here: it holds every row that was ever published. One page of records is held beside it. */
export interface FoldAgain {
  readonly memory: PartitionMemory;
  /** Folds all records below `next`; false when the chain does not reach there yet. Throws BrokenArchive, StoreUnavailable, and what the fold throws. */
  advance(next: number): Promise<boolean>;
  /** Reads the chunks on that hold what was folded, so that their hashes are compared. Throws BrokenArchive. */
  prove(): Promise<void>;
}

export function createFoldAgain(options: FoldAgainOptions): FoldAgain {
  const { set, settings, partition, epoch, partitioner, partitionCount, timeOrdered, archive } = options;
  const vocabulary = new Vocabulary();
  const memory = emptyMemory(new PartitionFold({ set, settings, vocabulary, calendars: createCalendars() }));
  memory.fold.state.epoch = epoch;
  let hasPast = timeOrdered === undefined || timeOrdered.next === 0;
  const folder = createBatchFolder({ decoder: createDecoder(vocabulary), partitioner, partitionCount });
  let walk: AsyncGenerator<ArchivePage, number> | null = null;
  let provenTo = 0;
  let broken: BrokenArchive | null = null;
  /** Read and not yet folded. */
  let pages: (readonly ArchivedRecord[])[] = [];

  const fold = (records: readonly ArchivedRecord[]): void => {
    if (records.length === 0) return;
    const before = memory.fold.state.counters.read;
    folder.fold(archiveBatch(partition, records), [memory], (_memory, error) => {
      throw error;
    });
    options.folded?.(memory.fold.state.counters.read - before);
  };
  /** False at the end of the chain as it was when this walk began. */
  const readOn = async (): Promise<boolean> => {
    if (broken !== null) throw broken;
    walk ??= walkArchive({ ...options.paging, archive: options.archive, epoch, partition }, provenTo);
    const step = await walk.next().catch((error: unknown) => {
      // A walk that has failed cannot go on; one whose archive was away begins again where it is proven.
      if (error instanceof BrokenArchive) broken = error;
      walk = null;
      pages = [];
      throw error;
    });
    if (step.done === true) {
      provenTo = step.value;
      walk = null;
      return false;
    }
    provenTo = step.value.provenTo;
    pages.push(step.value.records);
    return true;
  };
  return {
    memory,
    async advance(next) {
      const { state } = memory.fold;
      if (!hasPast && timeOrdered !== undefined) {
        const survey = await surveyArchive({ ...options.paging, archive, epoch, partition, to: timeOrdered.next });
        await foldInTimeOrder(memory, { ...options, archive: timeOrdered.archive, survey, vocabulary });
        hasPast = true;
      }
      while (state.next < next) {
        const [page, ...rest] = pages;
        if (page === undefined) {
          if (await readOn()) continue;
          return false;
        }
        const below = page.findIndex(({ offset }) => offset >= next);
        // A head stands right after a record: an offset in between is no position.
        if (below === 0) return false;
        fold(below < 0 ? page : page.slice(0, below));
        pages = below < 0 ? rest : [page.slice(below), ...rest];
      }
      return state.next === next;
    },
    async prove() {
      for (let goesOn = true; goesOn && provenTo < memory.fold.state.next; ) goesOn = await readOn();
    },
  };
}
