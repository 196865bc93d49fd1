/** What the retention page is measured against, in words. */
import type { Target } from '@tidemark/query/client';
import type { Age, Pooled } from '../../parts/triangle/cohort-table.ts';
import { FEW, percent } from '../../show/numbers.ts';

/** The age that the target is about, else the last one with a pooled rate of enough people, else of any. */
export function keyAge(ages: readonly Age[], pooled: readonly Pooled[], target: Target | null): number {
  const wanted = ages.findIndex(({ from }) => from === targetAge(target));
  if (wanted >= 0 && pooled[wanted]?.rate !== null) return wanted;
  const told = pooled.findLastIndex(({ rate, of }) => rate !== null && of >= FEW);
  return Math.max(0, told >= 0 ? told : pooled.findLastIndex(({ rate }) => rate !== null));
}

/** `overall.30.rate`: 30. Null: of something else. */
export function targetAge(target: Target | null): number | null {
  const [, k] = /^overall\.(\d+)\.rate$/.exec(target?.of ?? '') ?? [];
  return k === undefined ? null : Number(k);
}

export function targetWords({ direction, value }: Target): string {
  return `target ${direction === 'up' ? '≥' : '≤'} ${percent(value)}`;
}
