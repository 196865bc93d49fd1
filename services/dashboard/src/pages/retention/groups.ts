/** Whose retention is shown, and whose beside it: from the slice in the URL, and from the answers that it takes. */
import type { Metric, RetentionAnswer } from '@tidemark/query/client';
import { figurePath, type SetFacts } from '../../data/catalogue.ts';
import { type Shown, useAnswer } from '../../data/figure.ts';
import { type Group, groupOf, valueKey, valuesIn } from '../../parts/triangle/cohort-table.ts';
import { frameState } from '../../route/router.ts';
import { sliceText } from '../../show/numbers.ts';

/** In the URL's `against`: everybody, or `=` and a value. */
export const EVERYBODY = 'everybody';

export interface NamedGroup extends Group {
  /** As `value=` takes it; null: everybody. */
  readonly key: string | null;
  readonly name: string;
}

export interface Groups {
  /** Of the values that the answer lists, largest first; one of everybody where it is not sliced. */
  readonly listed: readonly NamedGroup[];
  /** The one whose triangle is shown. */
  readonly chosen: NamedGroup;
  /** Compared with; null: nobody, or not come yet. */
  readonly reference: NamedGroup | null;
}

export interface Asked {
  readonly path: string;
  readonly shown: Shown<RetentionAnswer>;
  /** Null until the first answer. */
  readonly groups: Groups | null;
  /** The name of the slice in force; `''`: none. */
  readonly slice: string;
}

export function useGroups(metric: Metric, about: SetFacts, { of, against }: { readonly of: string | null; readonly against: string }): Asked {
  const path = figurePath(metric, about);
  const slice = metric.slices.some(({ name }) => name === frameState.value.slice) ? frameState.value.slice : '';
  const wanted = slice === '' ? '' : against;
  const shown = useAnswer<RetentionAnswer>({ path }).value;
  const listed = shown.body === null ? [] : namedGroups(shown.body);
  // One answer holds all values, unless one was asked for.
  const isListed = wanted === '' || listed.some(({ key }) => `=${key ?? ''}` === wanted);
  const otherPath = isListed
    ? path
    : wanted === EVERYBODY
      ? figurePath(metric, about, { slice: '', value: '', compare: '' })
      : figurePath(metric, about, { value: wanted.slice(1), compare: '' });
  const other = useAnswer<RetentionAnswer>({ path: otherPath }).value;
  const chosen = listed.find(({ key }) => key === of) ?? listed[0];
  const candidates = other.body === null ? [] : namedGroups(other.body);
  const reference = wanted === '' ? undefined : candidates.find(({ key }) => (key === null ? EVERYBODY : `=${key}`) === wanted);
  const groups =
    chosen === undefined ? null : { listed, chosen, reference: reference === undefined || reference.key === chosen.key ? null : reference };
  return { path, shown, groups, slice };
}

export function namedGroups(answer: Group): readonly NamedGroup[] {
  return valuesIn(answer).map((value) => ({
    ...groupOf(answer, value),
    key: value === null ? null : valueKey(value),
    name: value === null ? 'everybody' : sliceText(value),
  }));
}
