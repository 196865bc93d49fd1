/** Folds one actor's archived records in a fold of its own, under the clock and the slice values that its partition had: pure. */
import { createDecoder, type Partitioner } from '@tidemark/codec';
import { createCalendars, type FoldSettings, type MetricSet, PartitionFold, type PartitionState, Vocabulary } from '@tidemark/core';
import { createBatchFolder } from '../partition/fold-batch.ts';
import { emptyMemory } from '../partition/memory.ts';
import type { ArchivedRecord } from '../ports/archive.ts';
import { archiveBatch } from '../verify/archive-batch.ts';
import { type ActorRegisters, type ActorWords, actorRegisters } from './actor-registers.ts';

/** What the actor's partition stood at when its registers were looked at. */
export interface StandingState {
  readonly epoch: number;
  readonly next: number;
  readonly clockMs: number;
  readonly dictionaries: readonly { readonly texts: readonly string[]; readonly overflow: boolean }[];
}

export function standingState({ epoch, next, clockMs, dictionaries }: PartitionState): StandingState {
  return { epoch, next, clockMs, dictionaries: dictionaries.map(({ texts, overflow }) => ({ texts: [...texts], overflow })) };
}

export interface FoldedActor {
  readonly registers: ActorRegisters;
  /** Why the outcome of some record is not certain without the other actors' records, or null. */
  readonly doubt: string | null;
}

export interface ActorFolder {
  /** `clocks`: of the partition before each record, epoch ms. */
  fold(of: {
    readonly partition: number;
    readonly actor: ActorWords;
    readonly records: readonly ArchivedRecord[];
    readonly clocks: readonly number[];
    readonly at: StandingState;
  }): FoldedActor;
}

/** Makes a fresh fold for every actor; the vocabulary is shared by all. */
export function createActorFolder(options: {
  readonly set: MetricSet;
  readonly settings: FoldSettings;
  readonly partitioner: Partitioner;
  readonly partitionCount: number;
}): ActorFolder {
  const { set, settings, partitioner, partitionCount } = options;
  const vocabulary = new Vocabulary();
  const calendars = createCalendars();
  const newFold = (): PartitionFold => new PartitionFold({ set, settings, vocabulary, calendars });
  newFold();
  const folder = createBatchFolder({ decoder: createDecoder(vocabulary), partitioner, partitionCount });
  return {
    fold({ partition, actor, records, clocks, at }) {
      const memory = emptyMemory(newFold());
      const { state } = memory.fold;
      state.epoch = at.epoch;
      // A value's number is that of the partition: one that is not there at the end never got one.
      for (const [index, dictionary] of state.dictionaries.entries()) {
        const { texts = [], overflow = false } = at.dictionaries[index] ?? {};
        dictionary.restore(texts.slice(2), overflow);
      }
      const doubts = new Doubts(settings);
      for (const [index, record] of records.entries()) {
        state.clockMs = Math.max(state.clockMs, clocks[index] ?? Number.NEGATIVE_INFINITY);
        const { late, applied } = state.counters.toRecord();
        folder.fold(archiveBatch(partition, [record]), [memory], (_memory, error) => {
          throw error;
        });
        doubts.see(record, { isLate: state.counters.of('late') > (late ?? 0), isApplied: state.counters.of('applied') > (applied ?? 0) });
      }
      state.clockMs = Math.max(state.clockMs, at.clockMs);
      return { registers: actorRegisters(state, actor), doubt: doubts.reason };
    },
  };
}

/** Outcomes that hang on other actors: late only by their clock, a repeat whose first may have left the filter. */
class Doubts {
  reason: string | null = null;
  readonly #settings: FoldSettings;
  #ownClockMs = Number.NEGATIVE_INFINITY;
  readonly #offsets = new Map<string, number>();

  constructor(settings: FoldSettings) {
    this.#settings = settings;
  }

  see({ parsed, offset }: ArchivedRecord, { isLate, isApplied }: { readonly isLate: boolean; readonly isApplied: boolean }): void {
    if (parsed === null) return;
    const { timeMs, messageId } = parsed;
    if (isLate && timeMs >= this.#ownClockMs - this.#settings.latenessMs)
      this.reason = `whether the record at offset ${offset} is late hangs on others`;
    const before = this.#offsets.get(messageId);
    if (before !== undefined && offset - before >= this.#settings.duplicateWindow)
      this.reason = `the record at offset ${offset} repeats one of long ago`;
    if (!isApplied) return;
    this.#offsets.set(messageId, offset);
    this.#ownClockMs = Math.max(this.#ownClockMs, timeMs);
  }
}
