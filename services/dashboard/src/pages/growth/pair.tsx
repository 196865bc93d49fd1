/** The two sides and the sentence between them; below it the same figures month by month. */
import type { Metric } from '@tidemark/query/client';
import type { Changes } from '../../data/changes.ts';
import { Changed } from '../../parts/changed.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { TimeChart } from '../../parts/time-chart.tsx';
import { type Age, ageInWords, type CohortRow, type Group, pooledOf } from '../../parts/triangle/cohort-table.ts';
import { wilson } from '../../parts/triangle/proportions.ts';
import { pooledRow, scalesOf, shadedRows } from '../../parts/triangle/shades.ts';
import { cellTip, finality, pooledTip, type Table } from '../../parts/triangle/tips.ts';
import { Triangle } from '../../parts/triangle/triangle.tsx';
import { TriangleLegend } from '../../parts/triangle/triangle-legend.tsx';
import { addressOf, go } from '../../route/router.ts';
import { bucketLabel } from '../../show/buckets.ts';
import { exact, FEW, percent, rateInWords, short } from '../../show/numbers.ts';
import type { Growth } from './choices.ts';
import { Sentence } from './sentence.tsx';
import { type GrowthPoint, storyOf } from './story.ts';

export interface PairProps {
  readonly growth: Growth;
  readonly decay: Metric;
  /** Oldest first, as the rows. */
  readonly points: readonly GrowthPoint[];
  readonly rows: readonly CohortRow[];
  /** Of the rows and what they were made from. */
  readonly group: Group;
  readonly ages: readonly Age[];
  /** Of the age that the sentence tells. */
  readonly index: number;
  readonly onAge: (age: number) => void;
  readonly changes: { readonly total: Changes; readonly cohorts: Changes };
}

const DENSE_FROM = 15;
/** More columns leave no room for a chart beside them. */
const MOST_BESIDE = 5;

export function Pair(props: PairProps) {
  const { growth, decay, points, rows, ages, index, onAge } = props;
  const story = storyOf(points, rows, index);
  const { unit } = decay;
  const marks = points.map(({ bucket }) => bucketLabel(bucket, unit).replace(/ \d{4}$/, ''));
  const [first = '', last = ''] = [points[0], points.at(-1)].map((point) => bucketLabel(point?.bucket ?? '', unit, { long: true }));
  return (
    <>
      <div class={ages.length <= MOST_BESIDE ? 'pair' : 'pair stacked'}>
        <section aria-label="Growth">
          <h2>
            <a href={addressOf('figure', growth.metric.id)}>{growth.metric.title}</a>{' '}
            <span class="dim">{growth.field === 'value' ? `per ${unit}` : growth.name}</span>
          </h2>
          <TimeChart
            label={`${growth.name} per ${unit}, from ${first} to ${last}`}
            marks={marks}
            longMarks={points.map(({ bucket }) => bucketLabel(bucket, unit, { long: true }))}
            lines={[{ label: growth.name, values: points.map(({ value }) => value), as: 'bar' }]}
            complete={points.map(({ complete }) => complete)}
            show={short}
            showExact={exact}
            height={232}
          />
        </section>
        <Sentence story={story} growth={growth} decay={decay} ages={ages} index={index} onAge={onAge} />
        <section aria-label="Decay">
          <h2>
            <a href={addressOf('figure', decay.id)}>{decay.title}</a> <span class="dim">by {unit}s after the first</span>
          </h2>
          <Cohorts {...props} />
        </section>
      </div>
      <section aria-label="Table">
        <BothTable {...props} />
      </section>
    </>
  );
}

function Cohorts({ decay, rows, group, ages, changes }: PairProps) {
  const { unit } = decay;
  const newest = rows.toReversed();
  const pooled = pooledOf(group, 'on');
  const dense = ages.length >= DENSE_FROM;
  const scales = scalesOf(rows, ages.length, 'table');
  const table: Table = { metric: decay, way: 'on', ages, pooled, name: '', rows: new Map(rows.map((row) => [row.cohort, row])) };
  const shading = { scales, counts: false, dense, changes: changes.cohorts, labelOf: (cohort: string) => bucketLabel(cohort, unit) };
  const size = rows.reduce((sum, row) => sum + row.size, 0);
  return (
    <>
      <TriangleLegend
        ramp="ramp"
        low={percent(0, { digits: 0 })}
        high={percent(scales[0]?.high ?? 0)}
        counts={false}
        dense={dense}
        hasOpen={rows.some(({ cells }) => cells.some(({ begun, complete }) => begun && !complete))}
        hasFew={rows.some((row) => row.size > 0 && row.size < FEW)}
        words=""
      />
      <Triangle
        caption={`Cohorts by ${unit}, newest first; columns are ${unit}s after the first. Arrow keys move, Enter opens the cell on its own page.`}
        corner={unit}
        columns={ages.map((age) => ({ key: age.key, label: String(age.from), tip: ageInWords(age, 'on', unit) }))}
        pooled={[pooledRow(pooled, { key: 'own', label: 'pooled', counts: false, dense, size })]}
        rows={shadedRows(newest, shading)}
        dense={dense}
        opened=""
        onOpen={(cell) => go(addressOf('figure', decay.id, { query: { cell } }))}
        tipOf={(row, column) => (row === 'own' ? pooledTip(table, column) : cellTip(table, row, column, changes.cohorts))}
      />
    </>
  );
}

interface BothRow {
  readonly point: GrowthPoint;
  /** Against the bucket before. */
  readonly change: number | null;
  readonly row: CohortRow | null;
}

/** The chart and the age of the sentence as figures. */
function BothTable({ growth, decay, points, rows, ages, index, changes }: PairProps) {
  const { unit } = decay;
  const byCohort = new Map(rows.map((row) => [row.cohort, row]));
  const both = points.map((point, at): BothRow => {
    const before = points[at - 1]?.value ?? null;
    const change = before === null || before === 0 || point.value === null ? null : point.value / before - 1;
    return { point, change, row: byCohort.get(point.bucket) ?? null };
  });
  const age = ages[index];
  const columns: Column<BothRow>[] = [
    { key: 'bucket', title: unit, cell: ({ point }) => bucketLabel(point.bucket, unit), align: 'left' },
    {
      key: 'total',
      title: growth.name,
      cell: ({ point }) => (
        <Changed
          changes={changes.total}
          at={`buckets.${point.bucket}.${growth.field}`}
          show={(value) => (typeof value === 'number' ? exact(value) : String(value))}
        >
          {exact(point.value)}
        </Changed>
      ),
    },
    {
      key: 'change',
      title: `against the ${unit} before`,
      cell: ({ change }) => (change === null ? '–' : `${change > 0 ? '+' : ''}${percent(change)}`),
    },
    { key: 'size', title: 'newcomers in the cohort', cell: ({ row }) => exact(row?.size ?? null) },
    {
      key: 'rate',
      title: age === undefined ? '' : `back in ${ageInWords(age, 'on', unit)}`,
      cell: ({ row }) =>
        row === null || row.cells[index]?.begun !== true || row.size === 0 ? '–' : percent((row.cells[index]?.part ?? 0) / row.size),
      cellTip: ({ row }) => rateTip(row, index, decay.timezone),
      cellClass: ({ row }) =>
        `${(row?.size ?? 0) < FEW ? 'few' : ''} ${row?.cells[index]?.begun === true && !row.cells[index].complete ? 'open-cell' : ''}`,
    },
  ];
  return (
    <DataTable
      caption={`The same ${unit}s as figures; hatched is not final yet.`}
      columns={columns}
      rows={both.toReversed()}
      rowKey={({ point }) => point.bucket}
      isOpen={({ point }) => !point.complete}
    />
  );
}

function rateTip(row: CohortRow | null, index: number, timezone: string): string {
  const cell = row?.cells[index];
  if (row === null || cell === undefined || !cell.begun || row.size === 0) return 'not begun';
  return `${rateInWords(cell.part, row.size, wilson(cell.part, row.size))}\n${finality(cell, timezone)}`;
}
