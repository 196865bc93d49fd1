/** Times of a funnel's steps: sparse log-spaced histograms with exact sums, in rows of one chunk of bins each. */
import type { Durations } from '../answer.ts';
import { type CellTable, splitOrdinal } from '../state/cells.ts';
import { grownFloat64, grownInt32 } from '../state/typed-arrays.ts';
import { BINS_PER_CHUNK, durationBin, durationHigh, durationLow, durationSumMs, durationsOfCounts } from './durations.ts';
import { type RowSource, TOTAL_TABLE } from './kind.ts';

/** Of a series: 1.02^(96 · 16) ms is 500 years. */
const CHUNKS = 96;
/** Columns: the sum of the chunk's durations in two integers, then a count per bin. */
export const TIMES_WIDTH = 2 + BINS_PER_CHUNK;

/** A series is one step (from 1, the first having none) and where its time is counted from, which for step 1 is the same. */
function seriesOf(step: number, from: 'previous' | 'first'): number {
  return step === 1 ? 0 : (step - 1) * 2 - (from === 'first' ? 0 : 1);
}

/** Rows of a times table per slice value. */
export function timesOrdinals(steps: number): number {
  return (2 * steps - 3) * CHUNKS;
}

/** The table of times beside `total` or `slice:<dimension>`. The colon makes Redis keep it per bucket. */
export function timesTable(table: string): string {
  return `times:${table === TOTAL_TABLE ? '' : table.slice(table.indexOf(':') + 1)}`;
}

/** One actor's times of steps, counted (sign 1) or taken back (sign -1): found once, then added for the total and each slice value. */
export class TimeChanges {
  count = 0;
  #ordinals = new Int32Array(16);
  #columns = new Int32Array(16);
  #durationsMs = new Float64Array(16);
  #signs = new Int8Array(16);

  clear(): void {
    this.count = 0;
  }

  /** `step` from 0, at least 1. */
  push(step: number, fromPreviousMs: number, fromFirstMs: number, sign: 1 | -1): void {
    this.#push(seriesOf(step, 'first'), fromFirstMs, sign);
    if (step > 1) this.#push(seriesOf(step, 'previous'), fromPreviousMs, sign);
  }

  /** `label` is that of the slice value. */
  addTo(table: CellTable, bucket: number, label: number): void {
    const firstLabel = label * (table.shape.ordinals ?? 1);
    for (let index = 0; index < this.count; index++) {
      const durationMs = this.#durationsMs[index] as number;
      const sign = this.#signs[index] as number;
      const row = table.rowAt(bucket, firstLabel + (this.#ordinals[index] as number));
      const high = durationHigh(durationMs);
      const low = durationLow(durationMs);
      if (high !== 0) table.addAt(row, 0, sign * high);
      if (low !== 0) table.addAt(row, 1, sign * low);
      table.addAt(row, this.#columns[index] as number, sign);
    }
  }

  #push(series: number, durationMs: number, sign: 1 | -1): void {
    if (this.count === this.#ordinals.length) this.#grow();
    const bin = durationBin(durationMs);
    const chunk = Math.floor(bin / BINS_PER_CHUNK);
    this.#ordinals[this.count] = series * CHUNKS + chunk;
    this.#columns[this.count] = 2 + (bin - chunk * BINS_PER_CHUNK);
    this.#durationsMs[this.count] = durationMs;
    this.#signs[this.count] = sign;
    this.count++;
  }

  #grow(): void {
    this.#ordinals = grownInt32(this.#ordinals, this.count + 1, 0);
    this.#columns = grownInt32(this.#columns, this.count + 1, 0);
    this.#durationsMs = grownFloat64(this.#durationsMs, this.count + 1);
    const signs = new Int8Array(this.#ordinals.length);
    signs.set(this.#signs);
    this.#signs = signs;
  }
}

/** Durations of a step over some buckets and slice values together. */
export interface StepTimes {
  of(values: readonly string[], step: number, from: 'previous' | 'first', range: { from: number; to: number }): Durations;
}

export const NO_DURATIONS: Durations = { n: 0, mean: null, p50: null, p90: null, histogram: [] };

export function stepTimes(source: RowSource, table: string): StepTimes {
  const chunks = new Map<string, { chunk: number; value: string }[]>();
  for (const value of source.values(table)) {
    const { ordinal, text } = splitOrdinal(value);
    const key = `${Math.floor(ordinal / CHUNKS)}:${text}`;
    const listed = chunks.get(key) ?? [];
    listed.push({ chunk: ordinal % CHUNKS, value });
    chunks.set(key, listed);
  }
  const counts = new Float64Array(CHUNKS * BINS_PER_CHUNK);
  return {
    of(values, step, from, range) {
      let [high, low, filled] = [0, 0, 0];
      counts.fill(0);
      for (const text of values) {
        for (const { chunk, value } of chunks.get(`${seriesOf(step, from)}:${text}`) ?? []) {
          const cells = source.sum(table, value, range);
          high += cells[0] ?? 0;
          low += cells[1] ?? 0;
          const first = chunk * BINS_PER_CHUNK;
          for (let bin = 0; bin < BINS_PER_CHUNK; bin++) {
            const count = cells[2 + bin] ?? 0;
            if (count <= 0) continue;
            counts[first + bin] = (counts[first + bin] as number) + count;
            filled = Math.max(filled, first + bin + 1);
          }
        }
      }
      return filled === 0 ? NO_DURATIONS : durationsOfCounts(durationSumMs(high, low), counts.subarray(0, filled));
    },
  };
}
