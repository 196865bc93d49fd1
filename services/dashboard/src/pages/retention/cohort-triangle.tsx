/** The triangle of the retention page: of one group, or of one less another. */
import type { Changes } from '../../data/changes.ts';
import { ageInWords, type CohortRow, cohortRows, pooledOf, withoutEmptyStart } from '../../parts/triangle/cohort-table.ts';
import { differenceRows, fullDifference, pooledDifferenceRow, pooledRow, scalesOf, shadedRows } from '../../parts/triangle/shades.ts';
import { cellTip, differenceTip, pooledTip, type Table } from '../../parts/triangle/tips.ts';
import { Triangle } from '../../parts/triangle/triangle.tsx';
import { TriangleLegend } from '../../parts/triangle/triangle-legend.tsx';
import { bucketLabel } from '../../show/buckets.ts';
import { FEW, percent } from '../../show/numbers.ts';
import type { RetentionView } from './view.ts';

/** From so many columns on the cells are narrow. */
const DENSE_FROM = 15;

export function CohortTable(view: RetentionView & { readonly changes: Changes }) {
  const { body, metric, way, ages, pooled, chosen, reference, state, set, changes } = view;
  const { unit } = metric;
  const asked = { way, buckets: metric, asOf: body.asOf };
  const everyone = cohortRows(chosen, asked);
  const rows = withoutEmptyStart(everyone).toReversed();
  const others = reference === null ? null : new Map(cohortRows(reference, asked).map((row) => [row.cohort, row]));
  const dense = ages.length >= DENSE_FROM;
  const shading = { counts: state.counts, dense, changes, labelOf: (cohort: string) => bucketLabel(cohort, unit) };
  const own: Table = { metric, way, ages, pooled, name: chosen.key === null ? '' : chosen.name, rows: new Map(rows.map((row) => [row.cohort, row])) };
  const compared: Table | null =
    reference === null || others === null ? null : { ...own, name: reference.name, rows: others, pooled: pooledOf(reference, way) };
  const shown = compared === null ? plain({ rows, own, shading, by: state.scale }) : difference({ rows, own, compared, shading });
  const columns = ages.map((age) => ({
    key: age.key,
    label: way === 'brackets' ? age.key.replace('-', '–') : String(age.from),
    tip: ageInWords(age, way, unit),
  }));
  const tipOf = (row: string, column: number | null): string => {
    if (row === 'own') return pooledTip(own, column);
    if (row === 'reference' && compared !== null) return pooledTip(compared, column);
    if (row === 'difference') return '';
    return compared === null ? cellTip(own, row, column, changes) : differenceTip(own, compared, row, column);
  };
  return (
    <div>
      <TriangleLegend
        {...shown.legend}
        dense={dense}
        hasOpen={rows.some(({ cells }) => cells.some(({ begun, complete }) => begun && !complete))}
        hasFew={rows.some(({ size, cohort }) => Math.min(size, others?.get(cohort)?.size ?? size) < FEW)}
        words={rangeWords(rows.length, everyone.length - rows.length, unit)}
      />
      <Triangle
        caption={`Cohorts by ${unit}, newest first; columns are ${unit}s after the first. Arrow keys move, Enter opens a cell.`}
        corner={unit}
        columns={columns}
        pooled={shown.pooled}
        rows={shown.rows}
        dense={dense}
        opened={state.cell}
        onOpen={(cell, { moved }) => set({ cell: cell === state.cell && !moved ? '' : cell }, { replace: moved })}
        tipOf={tipOf}
      />
    </div>
  );
}

type Shading = Omit<Parameters<typeof shadedRows>[1], 'scales'>;

function plain({
  rows,
  own,
  shading,
  by,
}: {
  readonly rows: readonly CohortRow[];
  readonly own: Table;
  readonly shading: Shading;
  readonly by: 'table' | 'column';
}) {
  const scales = scalesOf(rows, own.ages.length, by);
  const size = sizeOf(rows);
  const row = pooledRow(own.pooled, { key: 'own', label: own.name === '' ? 'pooled' : own.name, counts: shading.counts, dense: shading.dense, size });
  const legend =
    by === 'column'
      ? { ramp: 'ramp' as const, low: 'lowest of the column', high: 'highest' }
      : { ramp: 'ramp' as const, low: percent(0, { digits: 0 }), high: percent(scales[0]?.high ?? 0) };
  return { pooled: [row], rows: shadedRows(rows, { ...shading, scales }), legend: { ...legend, counts: shading.counts } };
}

function difference({
  rows,
  own,
  compared,
  shading,
}: {
  readonly rows: readonly CohortRow[];
  readonly own: Table;
  readonly compared: Table;
  readonly shading: Shading;
}) {
  const { dense } = shading;
  const full = fullDifference(
    rows,
    compared.rows,
    own.pooled.flatMap((one, index) => {
      const other = compared.pooled[index];
      return other === undefined ? [] : [[one, other] as const];
    }),
  );
  const line = (table: Table, key: string, from: readonly CohortRow[]) =>
    pooledRow(table.pooled, { key, label: table.name, counts: false, dense, size: sizeOf(from) });
  const mine = new Set(rows.map(({ cohort }) => cohort));
  const theirs = [...compared.rows.values()].filter(({ cohort }) => mine.has(cohort));
  const pooled = [line(own, 'own', rows), line(compared, 'reference', theirs), pooledDifferenceRow(own.pooled, compared.pooled, { dense, full })];
  const points = (sign: string): string => `${sign}${(full * 100).toFixed(1)} pp`;
  const legend = {
    ramp: 'diverging' as const,
    low: `${compared.name} higher, ${points('−')}`,
    high: `${points('+')}, ${own.name} higher`,
    counts: false,
  };
  return { pooled, rows: differenceRows(rows, compared.rows, { ...shading, full }), legend };
}

/** `90 days, newest first; 24 earlier ones, with nobody in them, are left out`. */
function rangeWords(shown: number, leftOut: number, unit: string): string {
  const words = `${shown} ${unit}${shown === 1 ? '' : 's'}, newest first`;
  return leftOut === 0 ? words : `${words}; ${leftOut} earlier with nobody left out`;
}

function sizeOf(rows: readonly CohortRow[]): number {
  return rows.reduce((sum, { size }) => sum + size, 0);
}
