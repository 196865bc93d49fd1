/** Times of a funnel's steps: sparse log-spaced histograms with exact sums, in rows of one chunk of bins each. */
import type { Durations } from '../answer.ts';
import { type CellTable, splitOrdinal } from '../state/cells.ts';
import { BINS_PER_CHUNK, durationBin, durationHigh, durationLow, durationSumMs, durationsOf } from './durations.ts';
import { type RowSource, type Rows, TOTAL_TABLE } from './kind.ts';

/** Of a series: 1.02^(48 · 32) ms is 500 years. */
const CHUNKS = 48;
/** Columns: the sum of the chunk's durations in two integers, then a count per bin. */
export const TIMES_WIDTH = 2 + BINS_PER_CHUNK;

/** A series is one step (from 1, the first having none) and where its time is counted from. */
function seriesOf(step: number, from: 'previous' | 'first'): number {
  return (step - 1) * 2 + (from === 'first' ? 1 : 0);
}

/** Rows of a times table per slice value. */
export function timesOrdinals(steps: number): number {
  return (steps - 1) * 2 * CHUNKS;
}

/** The table of times beside `total` or `slice:<dimension>`. The colon makes Redis keep it per bucket. */
export function timesTable(table: string): string {
  return `times:${table === TOTAL_TABLE ? '' : table.slice(table.indexOf(':') + 1)}`;
}

interface StepTime {
  readonly bucket: number;
  /** Of the slice value. */
  readonly label: number;
  /** From 0; at least 1. */
  readonly step: number;
  readonly fromPreviousMs: number;
  readonly fromFirstMs: number;
}

/** One actor's times of a step: counted (sign 1) or taken back (sign -1). */
export function addStepTime(table: CellTable, { bucket, label, step, fromPreviousMs, fromFirstMs }: StepTime, sign: 1 | -1): void {
  addDuration(table, { bucket, label, series: seriesOf(step, 'previous'), durationMs: fromPreviousMs }, sign);
  addDuration(table, { bucket, label, series: seriesOf(step, 'first'), durationMs: fromFirstMs }, sign);
}

function addDuration(table: CellTable, time: { bucket: number; label: number; series: number; durationMs: number }, sign: 1 | -1): void {
  const { bucket, durationMs } = time;
  const bin = durationBin(durationMs);
  const chunk = Math.floor(bin / BINS_PER_CHUNK);
  const label = time.label * (table.shape.ordinals ?? 1) + time.series * CHUNKS + chunk;
  table.add(bucket, label, 0, sign * durationHigh(durationMs));
  table.add(bucket, label, 1, sign * durationLow(durationMs));
  table.add(bucket, label, 2 + (bin % BINS_PER_CHUNK), sign);
}

/** Durations of a step over some buckets and slice values together. */
export interface StepTimes {
  of(values: readonly string[], step: number, from: 'previous' | 'first', range: { from: number; to: number }): Durations;
}

export const NO_DURATIONS: Durations = { n: 0, mean: null, p50: null, p90: null, histogram: [] };

export function stepTimes(source: RowSource, table: string): StepTimes {
  const chunks = new Map<string, { chunk: number; rows: Rows }[]>();
  for (const value of source.values(table)) {
    const { ordinal, text } = splitOrdinal(value);
    const key = `${Math.floor(ordinal / CHUNKS)}:${text}`;
    const listed = chunks.get(key) ?? [];
    listed.push({ chunk: ordinal % CHUNKS, rows: source.rows(table, value) });
    chunks.set(key, listed);
  }
  return {
    of(values, step, from, range) {
      const bins = new Map<number, number>();
      let sumMs = 0n;
      for (const { chunk, rows } of values.flatMap((text) => chunks.get(`${seriesOf(step, from)}:${text}`) ?? [])) {
        for (let bucket = range.from; bucket <= range.to; bucket++) {
          const cells = rows.get(bucket);
          if (cells === undefined) continue;
          sumMs += durationSumMs(cells[0] ?? 0, cells[1] ?? 0);
          for (let bin = 0; bin < BINS_PER_CHUNK; bin++) {
            const count = cells[2 + bin] ?? 0;
            if (count > 0) bins.set(chunk * BINS_PER_CHUNK + bin, (bins.get(chunk * BINS_PER_CHUNK + bin) ?? 0) + count);
          }
        }
      }
      return bins.size === 0 ? NO_DURATIONS : durationsOf(sumMs, bins);
    },
  };
}
