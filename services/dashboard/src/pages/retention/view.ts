/** What the parts of the retention page are handed. */
import type { Metric, RetentionAnswer } from '@tidemark/query/client';
import type { Age, Pooled, Way } from '../../parts/triangle/cohort-table.ts';
import type { Groups } from './groups.ts';

export interface PageState {
  readonly counts: boolean;
  readonly scale: 'table' | 'column';
  readonly cell: string;
  readonly by: string;
}

export interface RetentionView extends Groups {
  readonly body: RetentionAnswer;
  readonly metric: Metric;
  readonly way: Way;
  /** Of the chosen group. */
  readonly ages: readonly Age[];
  readonly pooled: readonly Pooled[];
  readonly state: PageState;
  readonly set: (changed: { cell?: string; of?: string | null; by?: string }, options?: { readonly replace?: boolean }) => void;
}
