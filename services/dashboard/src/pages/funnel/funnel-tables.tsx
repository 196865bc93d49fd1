/** The same figures as tables: step by step, and by the bucket of entry. */
import type { FunnelAnswer, FunnelStep } from '@tidemark/query/client';
import type { Changes } from '../../data/changes.ts';
import { Changed } from '../../parts/changed.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { bucketLabel } from '../../show/buckets.ts';
import { exact, FEW, percent, pointsText, rateInWords } from '../../show/numbers.ts';
import { duration } from '../../show/times.ts';
import { type Counting, changeSince, countOf, type Funnel, shareOf, stepName, type Trend, type TrendBucket, trendsOf } from './figures.ts';

interface Row {
  readonly funnel: Funnel;
  readonly index: number;
}

export interface StepsTableProps {
  readonly funnels: readonly Funnel[];
  readonly counting: Counting;
  readonly isOpen: boolean;
  readonly changes: Changes;
}

export function StepsTable({ funnels, counting, isOpen, changes }: StepsTableProps) {
  const rows = funnels.flatMap((funnel): Row[] => funnel.steps.map((_, index) => ({ funnel, index })));
  const isCompared = funnels.some(({ before }) => before.length > 0);
  const columns = [
    ...stepColumns(funnels.length > 1, changes),
    ...shareColumns(counting),
    ...timeColumns(),
    ...(isCompared ? comparedColumns(counting) : []),
  ];
  return (
    <DataTable
      caption={`Steps, shares of ${counting}${isOpen ? ', not final yet' : ''}`}
      columns={columns}
      rows={rows}
      rowKey={({ funnel, index }) => `${funnel.at}${index}`}
    />
  );
}

function stepColumns(isSliced: boolean, changes: Changes): readonly Column<Row>[] {
  const count = (field: 'uniques' | 'entries') => (row: Row) => (
    <Changed changes={changes} at={`${row.funnel.at}steps.${row.index + 1}.${field}`}>
      {exact(stepOf(row)?.[field] ?? null)}
    </Changed>
  );
  const value: Column<Row> = { key: 'value', title: 'slice', align: 'left', cell: ({ funnel }) => funnel.name };
  return [
    { key: 'step', title: 'step', cell: ({ funnel, index }) => `${index + 1} ${stepName(funnel.steps[index])}` },
    ...(isSliced ? [value] : []),
    { key: 'people', title: 'people', tip: 'distinct people', cell: count('uniques') },
    { key: 'entries', title: 'entries', tip: 'openings of the funnel that came so far', cell: count('entries') },
  ];
}

function shareColumns(counting: Counting): readonly Column<Row>[] {
  const share = (key: string, title: string, of: (index: number) => number): Column<Row> => ({
    key,
    title,
    cell: ({ funnel, index }) => percent(shareOf(funnel.steps, index, counting, of(index))),
    cellTip: ({ funnel, index }) => rateInWords(countOf(funnel.steps[index], counting), countOf(funnel.steps[of(index)], counting)),
    cellClass: ({ funnel, index }) => (countOf(funnel.steps[of(index)], counting) < FEW ? 'few' : ''),
  });
  return [
    share('ofFirst', 'of first', () => 0),
    share('ofPrevious', 'of previous', (index) => Math.max(0, index - 1)),
    {
      key: 'left',
      title: 'left before it',
      cell: ({ funnel, index }) => (index === 0 ? '' : exact(countOf(funnel.steps[index - 1], counting) - countOf(funnel.steps[index], counting))),
    },
  ];
}

function timeColumns(): readonly Column<Row>[] {
  const time = (key: string, title: string, of: (step: FunnelStep) => number | null): Column<Row> => ({
    key,
    title,
    cell: (row) => (row.index === 0 ? '' : duration(seconds(row, of))),
    cellTip: (row) => (row.index === 0 ? '' : `${exact(seconds(row, of))} s`),
  });
  return [
    time('previous50', 'median from previous', ({ fromPrevious }) => fromPrevious.p50),
    time('previous90', '90 % within', ({ fromPrevious }) => fromPrevious.p90),
    time('first50', 'median from first', ({ fromFirst }) => fromFirst.p50),
    time('first90', '90 % within', ({ fromFirst }) => fromFirst.p90),
  ];
}

function comparedColumns(counting: Counting): readonly Column<Row>[] {
  return [
    { key: 'then', title: 'the range before', cell: ({ funnel, index }) => percent(shareOf(funnel.before, index, counting)) },
    { key: 'change', title: 'change', cell: ({ funnel, index }) => pointsText(changeSince(funnel, index, counting)?.points ?? null) },
  ];
}

function stepOf({ funnel, index }: Row): FunnelStep | undefined {
  return funnel.steps[index];
}

function seconds(row: Row, of: (step: FunnelStep) => number | null): number | null {
  const step = stepOf(row);
  return step === undefined ? null : of(step);
}

/** At first; the others on demand. */
const ROWS = 18;

interface BucketRow {
  readonly trend: Trend;
  readonly bucket: TrendBucket;
}

export function TrendTable({ body, wanted, changes }: { readonly body: FunnelAnswer; readonly wanted: Counting; readonly changes: Changes }) {
  const trends = trendsOf(body);
  const steps = trends[0]?.buckets[0]?.steps ?? [];
  const field = wanted === 'people' ? 'uniques' : 'entries';
  const newestFirst = (trends[0]?.buckets ?? []).map((_, index) => index).reverse();
  const rows = newestFirst.flatMap((index) =>
    trends.flatMap((trend): BucketRow[] => trend.buckets.slice(index, index + 1).map((bucket) => ({ trend, bucket }))),
  );
  const last = steps.length - 1;
  const value: Column<BucketRow> = { key: 'value', title: 'slice', align: 'left', cell: ({ trend }) => trend.name };
  const columns: readonly Column<BucketRow>[] = [
    { key: 'bucket', title: `${body.unit} of entry`, cell: ({ bucket }) => bucketLabel(bucket.bucket, body.unit, { long: true }) },
    ...(trends.length > 1 ? [value] : []),
    ...steps.map(
      (step, index): Column<BucketRow> => ({
        key: String(index),
        title: `${index + 1} ${stepName(step)}`,
        cell: ({ trend, bucket }) => (
          <Changed changes={changes} at={`${trend.at}${bucket.bucket}.steps.${index + 1}.${field}`}>
            {exact(countOf(bucket.steps[index], wanted))}
          </Changed>
        ),
      }),
    ),
    {
      key: 'share',
      title: 'last of the first',
      cell: ({ bucket }) => percent(shareOf(bucket.steps, last, wanted)),
      cellTip: ({ bucket }) => rateInWords(countOf(bucket.steps[last], wanted), countOf(bucket.steps[0], wanted)),
      cellClass: ({ bucket }) => (countOf(bucket.steps[0], wanted) < FEW ? 'few' : ''),
    },
  ];
  return (
    <DataTable
      caption={`By ${body.unit} of entry, ${wanted}, newest first; hatched: not final yet; grey: fewer than ${FEW}`}
      columns={columns}
      rows={rows}
      rowKey={({ trend, bucket }) => `${trend.at}${bucket.bucket}`}
      isOpen={({ bucket }) => !bucket.complete}
      limit={ROWS}
    />
  );
}
