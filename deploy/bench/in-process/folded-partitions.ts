// Metric sets folded in this process as a worker folds them: keys to partitions, one decoder, one fold of each set per partition.
import { createDecoder, type Decoder, partitionOf } from '@tidemark/codec';
import { createCalendars, DEFAULT_SETTINGS, type MetricSet, type Outcome, PartitionFold, Vocabulary } from '@tidemark/core';

export const partitionCount = 12;

export class FoldedPartitions {
  /** By set, then by partition. */
  readonly folds: readonly (readonly PartitionFold[])[];
  readonly decoder: Decoder;

  constructor(sets: readonly MetricSet[]) {
    const shared = { settings: DEFAULT_SETTINGS, vocabulary: new Vocabulary(), calendars: createCalendars() };
    this.folds = sets.map((set) => Array.from({ length: partitionCount }, () => new PartitionFold({ ...shared, set })));
    // Only now, because the folds complete the vocabulary.
    this.decoder = createDecoder(shared.vocabulary);
  }

  /** The record's time is taken to be its event's, so that none lies in the future. Answers the outcome, which is the same of every set. */
  apply(partition: number, key: Buffer, value: Buffer): Outcome {
    const event = this.decoder.decode(key, value);
    if (event === null) throw new Error(`a generated event is refused: ${this.decoder.reason}`);
    let outcome: Outcome = 'rejected';
    for (const folds of this.folds) {
      const fold = folds[partition] as PartitionFold;
      outcome = fold.apply(event, fold.state.next, event.timeMs);
    }
    return outcome;
  }

  /** Drops the rows that no event can change any more, as a worker does with those that both stores hold. */
  dropClosed(): void {
    for (const { state } of this.folds.flat()) {
      const { changes, clockMs, epoch, next } = state;
      for (const row of changes.closedAt(clockMs, epoch, next)) changes.tableOf(row).drop(row);
    }
  }
}

export function partitionOfKey(key: Buffer): number {
  return partitionOf('murmur2', key, partitionCount);
}
