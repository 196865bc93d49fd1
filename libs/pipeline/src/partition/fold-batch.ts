/** Folds a batch of log records into every lineage of its partition: decode once, one outcome per record, no await, nothing allocated for an event that changes nothing. */
import { createHash } from 'node:crypto';
import { type Decoder, type Partitioner, partitionAt } from '@tidemark/codec';
import type { EventView, Outcome } from '@tidemark/core';
import type { LogBatch } from '../ports/log.ts';
import type { PartitionMemory } from './memory.ts';
import type { Saw } from './witness.ts';

export interface BatchFolder {
  /** Folds what each memory has not folded yet. Offsets may be sparse and may come again. A memory whose fold throws is told to `failed` and left where it is. */
  fold(batch: LogBatch, memories: readonly PartitionMemory[], failed: (memory: PartitionMemory, error: unknown) => void, saw?: Saw): void;
  /** Rejected records by reason since the start of the process. */
  readonly rejectedByReason: ReadonlyMap<string, number>;
}

export function createBatchFolder(options: { decoder: Decoder; partitioner: Partitioner; partitionCount: number }): BatchFolder {
  const { decoder } = options;
  const rejectedByReason = new Map<string, number>();

  /** The accepted event, or what else the record is. */
  function read(batch: LogBatch, index: number): EventView | 'control' | 'rejected' | 'misrouted' {
    if (batch.isControl(index)) return 'control';
    const event = decoder.decodeAt(batch, index);
    if (event === null) {
      rejectedByReason.set(decoder.reason, (rejectedByReason.get(decoder.reason) ?? 0) + 1);
      return 'rejected';
    }
    return partitionAt(options.partitioner, batch, index, options.partitionCount) === batch.partition ? event : 'misrouted';
  }

  return {
    rejectedByReason,
    fold(batch, all, failed, saw) {
      let memories = all;
      let from = Number.POSITIVE_INFINITY;
      for (const memory of memories) from = Math.min(from, memory.fold.state.next);
      for (let index = 0; index < batch.length; index++) {
        const offset = batch.offset(index);
        if (offset < from) continue;
        const record = read(batch, index);
        const recordMs = batch.timestampMs(index);
        // By index: once per record, and nothing is allocated before the loop is optimised either.
        for (let at = 0; at < memories.length; at++) {
          const memory = memories[at];
          if (memory === undefined || offset < memory.fold.state.next) continue;
          const { fold } = memory;
          try {
            let outcome: Outcome;
            if (typeof record === 'string') {
              fold.skip(record, offset, recordMs);
              outcome = record;
            } else outcome = fold.apply(record, offset, recordMs);
            if (saw !== undefined) saw(memory, index, outcome);
          } catch (error) {
            failed(memory, error);
            memories = memories.filter((other) => other !== memory);
            at--;
          }
        }
      }
      rememberLast(batch, memories);
    },
  };
}

/** The last record of the batch is the last folded one of every memory that stands right after it. */
function rememberLast(batch: LogBatch, memories: readonly PartitionMemory[]): void {
  const last = batch.length - 1;
  if (last < 0) return;
  const offset = batch.offset(last);
  const behind = memories.filter((memory) => memory.fold.state.next === offset + 1 && memory.fingerprintOffset !== offset);
  if (behind.length === 0) return;
  const fingerprint = fingerprintOf(batch, last);
  for (const memory of behind) {
    memory.fingerprint = fingerprint;
    memory.fingerprintOffset = offset;
  }
}

/**
 * 16 hex digits over a record's offset, key and value, and 8 more over its time as well: a log that was cut and rewritten has others, even where the
 * same bytes were produced again.
 */
export function fingerprintOf(batch: LogBatch, index: number): string {
  const hash = createHash('sha256').update(`${batch.offset(index)}|`);
  const key = batch.key(index);
  const value = batch.value(index);
  if (key !== null) hash.update(key);
  hash.update('|');
  if (value !== null) hash.update(value);
  const timed = hash.copy().update(`|${batch.timestampMs(index)}`);
  return hash.digest('hex').slice(0, 16) + timed.digest('hex').slice(0, 8);
}

/** Whether two fingerprints are of the same record. State and heads of earlier versions have the 16 digits without the time. */
export function isSameRecord(one: string, other: string): boolean {
  const length = Math.min(one.length, other.length);
  return length >= 16 && one.slice(0, length) === other.slice(0, length);
}
