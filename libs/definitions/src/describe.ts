/** A metric in one sentence, and how large it can get. */
import type { Dimension, MetricDefinition } from '@tidemark/core';
import type { Bound } from './kinds/kind.ts';
import { type DefinitionByKind, type KindName, kinds } from './kinds/registry.ts';
import { DEFAULT_DIMENSION_MAX } from './schema/selection.ts';

/** One sentence of plain English: what is counted, in which window, buckets and zone, for whom, by which slices. */
export function describeMetric(metric: MetricDefinition): string {
  return sentenceOf(metric.kind, metric);
}

/**
 * Upper bounds: cells of one bucket in one partition, and bytes that one actor's registers take (the table's index apart).
 * Cells are those of the total times 1 + all values of all slices ($other included); bytes grow with each value by what the kind keeps per value.
 * A dimension that is not handed in counts as open with its default limit.
 * A `Days` register is 8 bytes and a bit per open bucket in words of 4; a `Times` register up to 4096 instants of 24 bytes.
 */
export function estimateBound(metric: MetricDefinition, dimensions: readonly Dimension[] = []): { cellsPerBucket: number; bytesPerActor: number } {
  const { cells, bytes, bytesPerSliceValue } = boundOf(metric.kind, metric);
  const sliceValues = metric.slices.reduce((sum, names) => sum + names.reduce((product, name) => product * valuesOf(name, dimensions), 1), 0);
  return { cellsPerBucket: cells * (1 + sliceValues), bytesPerActor: bytes + bytesPerSliceValue * sliceValues };
}

/** The names that boards, targets and formulas may use after `id.`: `overall.30.rate`, `step.3.uniques`, `rolling.30`. */
export function fieldsOf(metric: MetricDefinition): readonly string[] {
  return fieldNames(metric.kind, metric);
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
