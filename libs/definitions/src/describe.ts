/** A metric in one sentence, and how large it can get. */
import type { Dimension, MetricDefinition } from '@tidemark/core';
import type { Bound } from './kinds/kind.ts';
import { type DefinitionByKind, type KindName, kinds } from './kinds/registry.ts';
import { grouped, MAX_BYTES_PER_ACTOR, MAX_CELLS_PER_BUCKET, MAX_SLICE_VALUES } from './limits.ts';
import { DEFAULT_DIMENSION_MAX } from './schema/selection.ts';
import { list } from './words.ts';

/**
 * One sentence of plain English: what is counted, in which window, buckets and zone, for whom, by which slices. Of the dimensions those matter that
 * people hold.
 */
export function describeMetric(metric: MetricDefinition, dimensions: readonly Dimension[] = []): string {
  const said = (name: string): string => (isHeld(name, dimensions) ? `${name} (each person's first value, kept for ever)` : name);
  return sentenceOf(metric.kind, { ...metric, slices: metric.slices.map((names) => names.map(said)) });
}

/**
 * Upper bounds: cells of one bucket in one partition, and bytes that one actor's registers take (the table's index apart).
 * Cells are those of the total times 1 + all values of all slices ($other included; of a tuple the values of its dimensions multiplied); bytes grow
 * with each value by what the kind keeps per value.
 * Of values that people hold nothing is kept per value: an actor has one instant for each such dimension, and beside it what it has added to the
 * rows that are still open, 44 bytes a sum.
 * A dimension that is not handed in counts as open with its default limit.
 * A `Days` register is 8 bytes and a bit per open bucket in words of 4; a `Times` register up to 4096 instants of 24 bytes.
 */
export function estimateBound(metric: MetricDefinition, dimensions: readonly Dimension[] = []): { cellsPerBucket: number; bytesPerActor: number } {
  const { cells, bytes, bytesPerSliceValue, sums } = boundOf(metric.kind, metric);
  const valuesIn = (slices: MetricDefinition['slices']): number => slices.reduce((all, names) => all + combinationsOf(names, dimensions), 0);
  const shown = valuesIn(metric.slices.filter((names) => !names.some((name) => isHeld(name, dimensions))));
  const held = new Set(metric.slices.flat().filter((name) => isHeld(name, dimensions))).size;
  return {
    cellsPerBucket: cells * (1 + valuesIn(metric.slices)),
    bytesPerActor: bytes + bytesPerSliceValue * shown + (held === 0 ? 0 : held * HELD_BYTES + sums * SUM_BYTES),
  };
}

/** A held value's instant, messageId, label and index; a sum of the ledger with its index. */
const HELD_BYTES = 24;
const SUM_BYTES = 44;

function isHeld(name: string, dimensions: readonly Dimension[]): boolean {
  return dimensions.some((dimension) => dimension.name === name && dimension.hold !== undefined);
}

export interface Excess {
  /** Place of the slice with the most values; null without slices. */
  readonly slice: number | null;
  readonly message: string;
}

/** Why a metric is too large to be kept, with its size and what to lower; null when it is not. */
export function excessOf(metric: MetricDefinition, dimensions: readonly Dimension[]): Excess | null {
  const { cellsPerBucket, bytesPerActor } = estimateBound(metric, dimensions);
  const values = metric.slices.map((names) => combinationsOf(names, dimensions));
  const most = Math.max(0, ...values);
  const slice = most === 0 ? null : values.indexOf(most);
  const names = slice === null ? [] : (metric.slices[slice] ?? []);
  const beyond = (size: number, what: string, limit: number): Excess => ({
    slice,
    message: `up to ${grouped(size)} ${what}, at most ${grouped(limit)} are kept: ${remedy(names, most, dimensions)}`,
  });
  if (most > MAX_SLICE_VALUES) return beyond(most, `values of the slice ${names.join(' × ')}`, MAX_SLICE_VALUES);
  if (cellsPerBucket > MAX_CELLS_PER_BUCKET) return beyond(cellsPerBucket, 'cells a bucket and partition', MAX_CELLS_PER_BUCKET);
  return bytesPerActor > MAX_BYTES_PER_ACTOR ? beyond(bytesPerActor, 'bytes an actor', MAX_BYTES_PER_ACTOR) : null;
}

/** Names the dimensions of the largest slice, the one with the most values first. */
function remedy(names: readonly string[], values: number, dimensions: readonly Dimension[]): string {
  if (names.length === 0) return 'lower its lookback or its number of columns or steps';
  const sized = names.map((name) => ({ name, size: valuesOf(name, dimensions) })).sort((left, right) => right.size - left.size);
  const sizes = sized.map(({ name, size }) => `${size} of ${name}`);
  const parts = names.length === 1 ? '' : ` (${list(sizes)})`;
  const isClosed = (name: string): boolean => dimensions.find((known) => known.name === name)?.values !== undefined;
  const open = sized.filter(({ name }) => !isClosed(name)).map(({ name }) => name);
  const lower =
    open.length > 0
      ? `lower max of ${list(open, 'or')}`
      : `list fewer values of ${list(
          sized.map(({ name }) => name),
          'or',
        )}`;
  return `the slice ${names.join(' × ')} has ${grouped(values)} values${parts}; ${lower}, or leave the slice out`;
}

/** The names that boards, targets and formulas may use after `id.`: `overall.30.rate`, `step.3.uniques`, `rolling.30`. */
export function fieldsOf(metric: MetricDefinition): readonly string[] {
  return fieldNames(metric.kind, metric);
}

function combinationsOf(names: readonly string[], dimensions: readonly Dimension[]): number {
  return names.reduce((product, name) => product * valuesOf(name, dimensions), 1);
}

function valuesOf(name: string, dimensions: readonly Dimension[]): number {
  return 1 + (dimensions.find((known) => known.name === name)?.max ?? DEFAULT_DIMENSION_MAX);
}

function sentenceOf<Name extends KindName>(kind: Name, metric: DefinitionByKind[Name]): string {
  return kinds[kind].sentence(metric);
}

function boundOf<Name extends KindName>(kind: Name, metric: DefinitionByKind[Name]): Bound {
  return kinds[kind].bound(metric);
}

function fieldNames<Name extends KindName>(kind: Name, metric: DefinitionByKind[Name]): readonly string[] {
  return kinds[kind].fields(metric);
}
