/** A funnel's figures as its page shows them: one funnel or one of each slice value, by people or by entries, and the same by the bucket of entry. */
import type { FunnelAnswer, FunnelStep, Target } from '@tidemark/query/client';
import { itemName } from '../../data/changes.ts';
import { type Colour, SERIES } from '../../show/colours.ts';
import { sliceText } from '../../show/numbers.ts';
import { visible } from '../../show/visible.ts';

/** Distinct people, or all openings of the funnel. */
export type Counting = 'people' | 'entries';

export interface Funnel {
  /** The slice's value in words; '' where there is one funnel alone. */
  readonly name: string;
  readonly colour: Colour;
  readonly steps: readonly FunnelStep[];
  /** Of the range before, cut at the same time; empty where nothing is compared. */
  readonly before: readonly FunnelStep[];
  /** Of the asked range, cut likewise; what `before` is compared with. */
  readonly now: readonly FunnelStep[];
  /** Where its leaves are in the answer: `` or `slices.app.`. */
  readonly at: string;
}

type Value = string | readonly string[];

export function funnelsOf({ steps, slices, previous }: FunnelAnswer): readonly Funnel[] {
  const before = previous ?? null;
  const against = before?.against ?? null;
  if (steps !== undefined) {
    const compared = before?.steps ?? [];
    return [{ name: '', colour: SERIES[0], steps, before: compared, now: against?.steps ?? steps, at: '' }];
  }
  return (slices ?? []).map((slice, index, all) => {
    const own = slice.steps ?? [];
    const same = (other: { readonly value: Value }): boolean => String(other.value) === String(slice.value);
    return {
      name: all.length === 1 ? '' : sliceText(slice.value),
      colour: SERIES[index % SERIES.length] ?? SERIES[0],
      steps: own,
      before: before?.slices?.find(same)?.steps ?? [],
      now: (against?.slices ?? slices)?.find(same)?.steps ?? own,
      at: `slices.${itemName(slice, index)}.`,
    };
  });
}

/** Slices keep distinct people per bucket alone, and a range that is too long has none: then entries are counted. */
export function countingOf(wanted: Counting, funnels: readonly Funnel[]): Counting {
  return wanted === 'people' && funnels.every(({ steps }) => steps[0]?.uniques !== null) ? 'people' : 'entries';
}

export function countOf(step: FunnelStep | undefined, counting: Counting): number {
  return (counting === 'people' ? step?.uniques : step?.entries) ?? 0;
}

/** As the definition gives it; '' where there is none. */
export function stepName(step: FunnelStep | undefined): string {
  return visible(step?.name ?? '');
}

/** Of the first step (index 0), or of any other; null over nobody. */
export function shareOf(steps: readonly FunnelStep[], index: number, counting: Counting, of = 0): number | null {
  const whole = countOf(steps[of], counting);
  return whole === 0 ? null : countOf(steps[index], counting) / whole;
}

/** In the share of the first step since the range before; null where it cannot be told. */
export function changeSince({ now, before }: Funnel, index: number, counting: Counting): { readonly then: number; readonly points: number } | null {
  const then = shareOf(before, index, counting);
  const share = shareOf(now, index, counting);
  return then === null || share === null ? null : { then, points: share - then };
}

export interface StepTarget {
  /** From 0. */
  readonly index: number;
  readonly field: string;
  readonly value: number;
  readonly direction: 'up' | 'down';
  readonly words: string;
}

/** A target of a step's share or count; null for none. */
export function targetOf(target: Target | null): StepTarget | null {
  const [, step, field] = /^step\.(\d+)\.(ofFirst|ofPrevious|uniques|entries)$/.exec(target?.of ?? '') ?? [];
  if (target === null || step === undefined || field === undefined) return null;
  return {
    index: Number(step) - 1,
    field,
    value: target.value,
    direction: target.direction,
    words: target.direction === 'up' ? 'at least' : 'at most',
  };
}

/** Where a step's target lies as a share of the first step, which is what bars show; null where it is about something else. */
export function targetShare(target: StepTarget | null, { steps }: Funnel, index: number, counting: Counting): number | null {
  if (target === null || target.index !== index) return null;
  if (target.field === 'ofFirst') return target.value;
  if (target.field === 'ofPrevious') return target.value * (shareOf(steps, index - 1, counting) ?? 0);
  const first = countOf(steps[0], counting);
  const isSame = (target.field === 'uniques') === (counting === 'people');
  return isSame && first > 0 ? target.value / first : null;
}

export interface TrendBucket {
  readonly bucket: string;
  readonly complete: boolean;
  readonly steps: readonly FunnelStep[];
}

export interface Trend {
  readonly name: string;
  readonly colour: Colour;
  readonly buckets: readonly TrendBucket[];
  readonly at: string;
}

/** The answer `by=bucket`, one per funnel. */
export function trendsOf({ buckets, slices }: FunnelAnswer): readonly Trend[] {
  if (buckets !== undefined) return [{ name: '', colour: SERIES[0], buckets, at: 'buckets.' }];
  return (slices ?? []).map((slice, index, all) => ({
    name: all.length === 1 ? '' : sliceText(slice.value),
    colour: SERIES[index % SERIES.length] ?? SERIES[0],
    buckets: slice.buckets ?? [],
    at: `slices.${itemName(slice, index)}.buckets.`,
  }));
}
