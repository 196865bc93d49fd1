/** The producer's own record: what the broker acknowledged at which offset, what was sent without an answer, and when the log had reached what. */
import { crc32 } from 'node:zlib';

/** Offset after the last record, by partition. */
export type Positions = readonly number[];

export interface LoggedRecord {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}

/** What a look at the log made of one record. `wrong`: another one was acknowledged at this offset. `foreign`: nobody sent it. */
export type Finding = 'acknowledged' | 'unanswered' | 'wrong' | 'foreign';

const NOT_ACKNOWLEDGED = -1;

export class Ledger {
  /** Records acknowledged. */
  acknowledged = 0;
  /** Records of sends without an answer; sent again they count again. */
  unanswered = 0;
  /** By partition and offset, the sum over key and value. */
  readonly #sums: number[][];
  readonly #withoutAnswer = new Map<number, number>();
  readonly #ends: number[];
  readonly #course: { readonly atMs: number; readonly ends: Positions }[] = [];

  constructor(partitions: number) {
    this.#sums = Array.from({ length: partitions }, () => []);
    this.#ends = Array.from({ length: partitions }, () => 0);
  }

  /** The largest acknowledged positions. */
  get ends(): Positions {
    return [...this.#ends];
  }

  /** A part of a send: all of one partition, from this offset on. */
  acknowledge(partition: number, firstOffset: number, records: readonly LoggedRecord[]): void {
    const sums = this.#sums[partition] ?? [];
    // Sends without an answer may lie between.
    while (sums.length < firstOffset) sums.push(NOT_ACKNOWLEDGED);
    for (const [index, record] of records.entries()) sums[firstOffset + index] = sumOf(record);
    this.#ends[partition] = Math.max(this.#ends[partition] ?? 0, firstOffset + records.length);
    this.acknowledged += records.length;
  }

  unknown(records: readonly LoggedRecord[]): void {
    for (const record of records) {
      const sum = sumOf(record);
      this.#withoutAnswer.set(sum, (this.#withoutAnswer.get(sum) ?? 0) + 1);
    }
    this.unanswered += records.length;
  }

  /** Call once for each record of the log, in order. */
  find(partition: number, offset: number, record: LoggedRecord): Finding {
    const sum = sumOf(record);
    const expected = this.#sums[partition]?.[offset] ?? NOT_ACKNOWLEDGED;
    if (expected !== NOT_ACKNOWLEDGED) return expected === sum ? 'acknowledged' : 'wrong';
    const left = this.#withoutAnswer.get(sum) ?? 0;
    if (left === 0) return 'foreign';
    this.#withoutAnswer.set(sum, left - 1);
    return 'unanswered';
  }

  /** Remembers what is acknowledged now. */
  mark(atMs: number): void {
    this.#course.push({ atMs, ends: this.ends });
    if (this.#course.length > 4_000) this.#course.splice(0, 2_000);
  }

  /** What had been acknowledged at an instant, by the last mark before it; null before the first. */
  endsAt(atMs: number): Positions | null {
    return this.#course.findLast((mark) => mark.atMs <= atMs)?.ends ?? null;
  }
}

export function hasReached(positions: Positions, wanted: Positions): boolean {
  return wanted.every((end, partition) => (positions[partition] ?? 0) >= end);
}

function sumOf({ key, value }: LoggedRecord): number {
  return crc32(value ?? Buffer.alloc(0), crc32(key ?? Buffer.alloc(0)));
}
