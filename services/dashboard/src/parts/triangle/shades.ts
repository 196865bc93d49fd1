/** What a cell of the triangle shows: its text, and its colour by a scale over the table or over its column; or the difference of two tables. */
import type { Changes } from '../../data/changes.ts';
import { divergingClass, rampClass } from '../../show/colours.ts';
import { exact, FEW, percent } from '../../show/numbers.ts';
import type { CohortCell, CohortRow, Pooled } from './cohort-table.ts';

export interface ShownCell {
  readonly text: string;
  readonly className: string;
  /** When it changed since the page was opened, epoch ms; 0: never. */
  readonly changedAtMs: number;
}

export interface ShownRow {
  readonly key: string;
  readonly label: string;
  readonly size: ShownCell;
  /** Of the largest row; null: no bar. */
  readonly sizeShare: number | null;
  readonly cells: readonly ShownCell[];
}

/** The ends of the colours, as rates. */
export interface Scale {
  readonly low: number;
  readonly high: number;
}

export interface Shading {
  /** One per age; all the same for a scale over the table. */
  readonly scales: readonly Scale[];
  readonly counts: boolean;
  /** Many narrow columns: whole per cent, no sign. */
  readonly dense: boolean;
  readonly changes: Changes;
  readonly labelOf: (cohort: string) => string;
}

/** From 0 to the highest rate of the table, or of each column from its lowest to its highest. Rates of few people stretch no scale while there are others. */
export function scalesOf(rows: readonly CohortRow[], ages: number, by: 'table' | 'column'): readonly Scale[] {
  const enough = rows.filter(({ size }) => size >= FEW);
  const counted = enough.length > 0 ? enough : rows;
  const columns = Array.from({ length: ages }, (_, index) => {
    const rates = counted.flatMap(({ size, cells }) => {
      const cell = cells[index];
      return cell?.begun === true && cell.complete && size > 0 ? [cell.part / size] : [];
    });
    return { low: Math.min(1, ...rates), high: Math.max(0, ...rates) };
  });
  if (by === 'column') return columns.map(({ low, high }) => (low > high ? { low: 0, high: 0 } : { low, high }));
  const high = Math.max(0, ...columns.map((column) => column.high));
  return columns.map(() => ({ low: 0, high }));
}

export function shadedRows(rows: readonly CohortRow[], shading: Shading): readonly ShownRow[] {
  const largest = Math.max(1, ...rows.map(({ size }) => size));
  return rows.map((row) => {
    const size = { text: exact(row.size), className: '', changedAtMs: changedAt(shading.changes, row.sizeAt) };
    const cells = row.cells.map((cell, index) => shadedCell(cell, row.size, shading, index));
    return { key: row.cohort, label: shading.labelOf(row.cohort), size: marked(size), sizeShare: row.size / largest, cells };
  });
}

function shadedCell(cell: CohortCell, size: number, { scales, counts, dense, changes }: Shading, index: number): ShownCell {
  if (!cell.begun || size === 0) return { text: '', className: 'unbegun', changedAtMs: 0 };
  const rate = cell.part / size;
  const { low, high } = scales[index] ?? { low: 0, high: 1 };
  const share = high > low ? (rate - low) / (high - low) : high > 0 ? rate / high : 0;
  const className = `${rampClass(share)}${cell.complete ? '' : ' open-cell'}${size < FEW ? ' of-few' : ''}`;
  return marked({ text: counts ? exact(cell.part) : rateText(rate, dense), className, changedAtMs: changedAt(changes, cell.at) });
}

/** One less the other, in percentage points, coloured to `full` on both sides. */
export function differenceRows(
  rows: readonly CohortRow[],
  others: ReadonlyMap<string, CohortRow>,
  { full, dense, changes, labelOf }: Pick<Shading, 'dense' | 'changes' | 'labelOf'> & { readonly full: number },
): readonly ShownRow[] {
  return rows.map((row) => {
    const other = others.get(row.cohort);
    const cells = row.cells.map((cell, index): ShownCell => {
      const against = other?.cells[index];
      const difference = differenceOf(cell, row.size, against, other?.size ?? 0);
      if (difference === null) return { text: '', className: 'unbegun', changedAtMs: 0 };
      const few = Math.min(row.size, other?.size ?? 0) < FEW ? ' of-few' : '';
      const open = cell.complete && against?.complete === true ? '' : ' open-cell';
      return marked({
        text: signed(difference, dense),
        className: divergingClass(difference, full) + open + few,
        changedAtMs: changedAt(changes, cell.at),
      });
    });
    const size = { text: `${exact(row.size)} : ${exact(other?.size ?? 0)}`, className: '', changedAtMs: changedAt(changes, row.sizeAt) };
    return { key: row.cohort, label: labelOf(row.cohort), size: marked(size), sizeShare: null, cells };
  });
}

/** Null where one of them has nobody, or has not begun. */
function differenceOf(cell: CohortCell, size: number, against: CohortCell | undefined, againstSize: number): number | null {
  if (against === undefined || !cell.begun || !against.begun || size === 0 || againstSize === 0) return null;
  return cell.part / size - against.part / againstSize;
}

/** The largest difference, pooled or between cohorts with enough people, but no less than two points, so that noise stays pale. */
export function fullDifference(
  rows: readonly CohortRow[],
  others: ReadonlyMap<string, CohortRow>,
  pooled: readonly (readonly [Pooled, Pooled])[],
): number {
  let full = Math.max(0.02, ...pooled.map(([one, other]) => (one.rate === null || other.rate === null ? 0 : Math.abs(one.rate - other.rate))));
  for (const row of rows) {
    const other = others.get(row.cohort);
    if (other === undefined || Math.min(row.size, other.size) < FEW) continue;
    for (const [index, cell] of row.cells.entries())
      full = Math.max(full, Math.abs(differenceOf(cell, row.size, other.cells[index], other.size) ?? 0));
  }
  return full;
}

/** The row above all cohorts. */
export function pooledRow(
  pooled: readonly Pooled[],
  { key, label, counts, dense, size }: { key: string; label: string; counts: boolean; dense: boolean; size: number },
): ShownRow {
  const cells = pooled.map(({ part, of, rate }): ShownCell => {
    const text = rate === null ? '' : counts ? exact(part) : rateText(rate, dense);
    return { text, className: rate !== null && of < FEW ? 'few' : '', changedAtMs: 0 };
  });
  return { key, label, size: { text: exact(size), className: '', changedAtMs: 0 }, sizeShare: null, cells };
}

export function pooledDifferenceRow(
  pooled: readonly Pooled[],
  others: readonly Pooled[],
  { dense, full }: { readonly dense: boolean; readonly full: number },
): ShownRow {
  const cells = pooled.map(({ rate, of }, index): ShownCell => {
    const other = others[index];
    if (rate === null || other === undefined || other.rate === null) return { text: '', className: 'unbegun', changedAtMs: 0 };
    const few = Math.min(of, other.of) < FEW ? ' of-few' : '';
    return { text: signed(rate - other.rate, dense), className: divergingClass(rate - other.rate, full) + few, changedAtMs: 0 };
  });
  return { key: 'difference', label: 'difference', size: { text: 'points', className: 'dim', changedAtMs: 0 }, sizeShare: null, cells };
}

function marked(cell: ShownCell): ShownCell {
  return cell.changedAtMs === 0 ? cell : { ...cell, className: `${cell.className} changed` };
}

function changedAt(changes: Changes, path: string): number {
  return changes.size === 0 ? 0 : (changes.of(path)?.atMs ?? 0);
}

function rateText(rate: number, dense: boolean): string {
  if (!dense) return percent(rate);
  return rate > 0 && rate < 0.005 ? '<1' : String(Math.round(rate * 100));
}

function signed(difference: number, dense: boolean): string {
  const size = Math.abs(difference * 100).toFixed(dense ? 0 : 1);
  const sign = Number(size) === 0 ? '±' : difference > 0 ? '+' : '−';
  return sign + size;
}
