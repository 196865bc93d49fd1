/** Above the triangle: the pooled rate by age, of each value that is shown; and the same figures as a table. */
import { DataTable } from '../../parts/data-table.tsx';
import { AgeCurve, type Curve } from '../../parts/triangle/age-curve.tsx';
import { ageInWords, groupOf, pooledOf } from '../../parts/triangle/cohort-table.ts';
import { SERIES } from '../../show/colours.ts';
import { exact, FEW, percent, percentExact, rateInWords } from '../../show/numbers.ts';
import type { NamedGroup } from './groups.ts';
import type { RetentionView } from './view.ts';
import { targetAge, targetWords } from './words.ts';

/** The chosen one and the largest others; more would be a tangle. */
const MOST_CURVES = 6;

export function PooledCurves(view: RetentionView) {
  const { body, metric, way, ages, chosen } = view;
  const age = targetAge(body.target);
  const target = body.target === null || age === null || way !== 'on' ? null : { age, value: body.target.value, label: targetWords(body.target) };
  const continuous = way !== 'brackets';
  return (
    <AgeCurve
      label={`Share of ${chosen.key === null ? 'the people' : chosen.name} who are back, by ${metric.unit} after the first, pooled over ${chosen.cohorts.length} cohorts`}
      unit={metric.unit}
      ages={ages}
      ageTip={(shown) => ageInWords(shown, way, metric.unit)}
      curves={curvesOf(view)}
      continuous={continuous}
      target={target}
    />
  );
}

function curvesOf({ body, way, listed, chosen, reference, set }: RetentionView): readonly Curve[] {
  const previous = body.previous ?? null;
  const value = chosen.cohorts[0]?.value ?? null;
  const before: readonly Curve[] =
    previous === null
      ? []
      : [{ key: 'before', label: 'the range before', colour: '--ink-3', thin: true, points: pooledOf(groupOf(previous, value), way) }];
  const curveOf = (group: NamedGroup, colour: Curve['colour']): Curve => ({
    key: `=${group.key ?? ''}`,
    label: group.name,
    colour,
    points: pooledOf(group, way),
  });
  if (reference !== null) return [curveOf(chosen, SERIES[0]), { ...curveOf(reference, SERIES[1]), key: 'reference' }, ...before];
  // A value keeps its colour, whichever is chosen.
  const others = listed.slice(0, MOST_CURVES).map((group, index) => {
    const curve = curveOf(group, SERIES[index] ?? '--ink-3');
    return group.key === chosen.key ? curve : { ...curve, thin: true, onChoose: () => set({ of: group.key, cell: '' }) };
  });
  const isShown = listed.slice(0, MOST_CURVES).some(({ key }) => key === chosen.key);
  return [...others, ...(isShown ? [] : [curveOf(chosen, '--ink')]), ...before];
}

/** Every value's pooled rates. */
export function ValueTable({ metric, way, ages, listed, chosen, set }: RetentionView) {
  const rows = listed.map((group) => ({ group, points: pooledOf(group, way), size: group.cohorts.reduce((sum, { size }) => sum + size, 0) }));
  type Row = (typeof rows)[number];
  const columns = [
    { key: 'value', title: 'value', cell: ({ group }: Row) => (group.key === chosen.key ? <b>{group.name}</b> : group.name), align: 'left' as const },
    { key: 'size', title: 'size', cell: ({ size }: Row) => exact(size) },
    ...ages.map((age, index) => ({
      key: age.key,
      title: way === 'brackets' ? age.key.replace('-', '–') : String(age.from),
      tip: ageInWords(age, way, metric.unit),
      cell: ({ points }: Row) => percent(points[index]?.rate ?? null),
      cellTip: ({ points }: Row) => {
        const point = points[index];
        return point === undefined || point.rate === null
          ? 'no cohort is over'
          : `${percentExact(point.rate)}\n${rateInWords(point.part, point.of, point)}`;
      },
      cellClass: ({ points }: Row) => ((points[index]?.of ?? 0) < FEW ? 'few' : ''),
    })),
  ];
  return (
    <div class="by-value">
      <DataTable
        caption={`Pooled, by value; Enter shows the cohorts of one. Columns: ${metric.unit}s after the first.`}
        columns={columns}
        rows={rows}
        rowKey={({ group }) => group.key ?? ''}
        onOpen={({ group }) => set({ of: group.key, cell: '' })}
      />
    </div>
  );
}
