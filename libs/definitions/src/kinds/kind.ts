/** What one kind of metric brings: its schema, its checks, how it is built, said and measured. One kind is one file and one line in `registry.ts`. */
import type { MetricBase, MetricDefinition, Selector } from '@tidemark/core';
import type { z } from 'zod';
import type { Path } from '../problem.ts';
import type { WrittenSelector } from '../schema/selection.ts';

/**
 * An option of the language that is understood but not built yet. `at` is a place in the metric (`interval`, `measure.ratio`,
 * `slice.*` = each item); `isLater` says which values there are meant (default: any).
 * When an option is built, its line leaves this list and its key joins the schema.
 */
export interface LaterOption {
  readonly at: string;
  readonly what: string;
  readonly isLater?: (value: unknown) => boolean;
}

/** Reports a mistake at a place inside the metric. */
export type Report = (path: Path, message: string) => void;

/** Upper bounds: cells of one bucket in one partition (for the total, and again for each slice value), bytes of one actor's registers. */
export interface Bound {
  readonly cells: number;
  readonly bytes: number;
  /** What each slice value adds to `bytes`. */
  readonly bytesPerSliceValue: number;
  /** Integers of open rows that one actor may have added to: what is remembered of it when slices are by values that people hold. */
  readonly sums: number;
}

export interface Kind<Written, Definition extends MetricDefinition> {
  readonly kind: Definition['kind'];
  readonly schema: z.ZodType<Written>;
  readonly later: readonly LaterOption[];
  /** What one key cannot say about itself. `wasMended(key)`: the value was a mistake already reported and is now the default. */
  check(written: Written, report: Report, wasMended: (key: string) => boolean): void;
  /** `select` resolves a selector written at a place in the metric; the revision of `base` is filled in afterwards. */
  build(written: Written, base: MetricBase, select: (written: WrittenSelector, path: Path) => Selector): Definition;
  /** What changes the integers, apart from what all kinds share. */
  meaning(definition: Definition): Readonly<Record<string, unknown>>;
  sentence(definition: Definition): string;
  bound(definition: Definition): Bound;
  /** The names that targets, boards and formulas may use: `overall.30.rate`. */
  fields(definition: Definition): readonly string[];
}
