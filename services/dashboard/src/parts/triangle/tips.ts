/** What the tooltips of a triangle say: of a cell, of a pooled rate, of a difference. */
import type { Metric } from '@tidemark/query/client';
import type { Changes } from '../../data/changes.ts';
import { serviceNowMs } from '../../data/service.ts';
import { bucketLabel, stepped } from '../../show/buckets.ts';
import { exact, pointsText, rateInWords } from '../../show/numbers.ts';
import { closingText, instantText } from '../../show/times.ts';
import { changeTip } from '../changed.tsx';
import { type Age, ageInWords, type CohortCell, type CohortRow, type Pooled, type Way } from './cohort-table.ts';
import { wilson } from './proportions.ts';

export interface Table {
  readonly metric: Metric;
  readonly way: Way;
  readonly ages: readonly Age[];
  readonly rows: ReadonlyMap<string, CohortRow>;
  readonly pooled: readonly Pooled[];
  /** Of the people; `''` for everybody. */
  readonly name: string;
}

/** `can change until 24 Nov 00:00 (in 2 d 5 h)`, or since when it is final. */
export function finality({ complete, closesAt }: CohortCell, timezone: string): string {
  if (!complete) return closesAt === null ? 'not final yet' : closingText(closesAt, { timezone, nowMs: serviceNowMs() });
  return closesAt === null ? 'final' : `final since ${instantText(closesAt, timezone)}`;
}

/** Of a cell, or of the cohort's size where `column` is null. */
export function cellTip({ metric, way, ages, rows }: Table, cohort: string, column: number | null, changes: Changes): string {
  const row = rows.get(cohort);
  if (row === undefined) return '';
  const lead = bucketLabel(cohort, metric.unit, { long: true });
  if (column === null) return lines(lead, `${exact(row.size)} people in the cohort`, changeTip(changes.of(row.sizeAt), exactLeaf));
  const [cell, age] = [row.cells[column], ages[column]];
  if (cell === undefined || age === undefined) return '';
  const title = `${lead}, ${ageInWords(age, way, metric.unit)}`;
  if (row.size === 0) return lines(title, 'nobody in this cohort');
  if (!cell.begun) return lines(title, `begins ${bucketLabel(stepped(cohort, age.from, metric), metric.unit, { long: true })}`);
  return lines(
    title,
    rateInWords(cell.part, row.size, wilson(cell.part, row.size)),
    finality(cell, metric.timezone),
    changeTip(changes.of(cell.at), exactLeaf),
  );
}

export function pooledTip({ metric, way, ages, pooled, name }: Table, column: number | null): string {
  if (column === null) return 'people in the cohorts shown';
  const [point, age] = [pooled[column], ages[column]];
  if (point === undefined || age === undefined) return '';
  const title = `${name === '' ? 'all' : name}, ${ageInWords(age, way, metric.unit)}`;
  if (point.rate === null) return lines(title, 'no cohort is over');
  return lines(
    title,
    rateInWords(point.part, point.of, point),
    `pooled over ${point.cohorts} ${point.cohorts === 1 ? 'cohort' : 'cohorts'} that are over`,
  );
}

/** One beside the other, and how far apart. */
export function differenceTip(one: Table, other: Table, cohort: string, column: number | null): string {
  const [mine, theirs] = [one.rows.get(cohort), other.rows.get(cohort)];
  const lead = bucketLabel(cohort, one.metric.unit, { long: true });
  if (column === null) return lines(lead, `${one.name}: ${exact(mine?.size ?? 0)} people`, `${other.name}: ${exact(theirs?.size ?? 0)} people`);
  const [cell, against, age] = [mine?.cells[column], theirs?.cells[column], one.ages[column]];
  if (cell === undefined || against === undefined || mine === undefined || theirs === undefined || age === undefined) return '';
  const words = ({ name }: Table, { size }: CohortRow, { part, begun }: CohortCell): string =>
    `${name}: ${!begun ? 'not begun' : size === 0 ? 'nobody' : rateInWords(part, size, wilson(part, size))}`;
  const difference =
    mine.size === 0 || theirs.size === 0 || !cell.begun || !against.begun ? null : pointsText(cell.part / mine.size - against.part / theirs.size);
  const open = [cell, against].find(({ complete }) => !complete) ?? cell;
  return lines(
    `${lead}, ${ageInWords(age, one.way, one.metric.unit)}`,
    words(one, mine, cell),
    words(other, theirs, against),
    difference,
    finality(open, one.metric.timezone),
  );
}

function exactLeaf(value: string | number | boolean | null): string {
  return typeof value === 'number' ? exact(value) : String(value);
}

function lines(...all: readonly (string | null)[]): string {
  return all.filter((line) => line !== null && line !== '').join('\n');
}
