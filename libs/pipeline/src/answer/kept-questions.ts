/** The sums of the questions asked last, each used by one answer at a time, bounded by their bytes together and by their age. */
import type { TableRange } from '../ports/sink.ts';
import { KeptSums } from './kept-sums.ts';

export interface KeptQuestions {
  /** Runs `work` with the sums of a lineage's ranges once nobody else uses them; new ones are empty. */
  inTurn<Result>(of: { lineage: string; ranges: readonly TableRange[]; nowMs: number }, work: (sums: KeptSums) => Promise<Result>): Promise<Result>;
}

export interface KeptQuestionBounds {
  /** Of all sums together; those of one question that take more are not kept. */
  readonly maxBytes: number;
  /** Since the rows were read whole. What only came as changes is as right as they were: a damaged row that was mended under its own version is seen then. */
  readonly maxAgeMs: number;
}

interface Kept {
  readonly sums: KeptSums;
  bytes: number;
  /** Ends when the last one in line has answered. */
  free: Promise<void>;
}

export function createKeptQuestions(partitions: readonly number[], bounds: KeptQuestionBounds): KeptQuestions {
  const entries = new Map<string, Kept>();
  let bytes = 0;
  const drop = (key: string): void => {
    bytes -= entries.get(key)?.bytes ?? 0;
    entries.delete(key);
  };
  const dropOld = (nowMs: number): void => {
    for (const [key, { sums }] of entries)
      if (sums.wholeSinceMs > Number.NEGATIVE_INFINITY && !(nowMs - sums.wholeSinceMs <= bounds.maxAgeMs)) drop(key);
  };
  const weigh = (key: string, kept: Kept): void => {
    if (entries.get(key) !== kept) return;
    bytes += kept.sums.bytes - kept.bytes;
    kept.bytes = kept.sums.bytes;
    if (kept.bytes > bounds.maxBytes) drop(key);
    for (const [oldest] of entries) {
      if (bytes <= bounds.maxBytes) break;
      drop(oldest);
    }
  };
  return {
    async inTurn({ lineage, ranges, nowMs }, work) {
      const key = JSON.stringify([lineage, ranges]);
      dropOld(nowMs);
      const kept = entries.get(key) ?? { sums: new KeptSums(partitions, ranges), bytes: 0, free: Promise.resolve() };
      entries.delete(key);
      entries.set(key, kept);
      const { free } = kept;
      const { promise, resolve } = Promise.withResolvers<void>();
      kept.free = promise;
      await free;
      try {
        return await work(kept.sums);
      } finally {
        weigh(key, kept);
        resolve();
      }
    },
  };
}
