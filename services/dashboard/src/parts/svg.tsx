/** Small drawings: a sparkline, and the shapes that tell the kinds of metrics apart. */
import type { Metric } from '@tidemark/query/client';

export interface SparkPoint {
  readonly value: number | null;
  readonly complete: boolean;
}

/** A path through the points that are there: a gap stays a gap. x from 0 to `width`, y from 0 (top) to `height`. */
export function linePath(values: readonly (number | null)[], box: { width: number; height: number; min: number; max: number }): string {
  const { width, height, min, max } = box;
  const step = values.length > 1 ? width / (values.length - 1) : 0;
  const size = max - min || 1;
  let pen = 'M';
  return values
    .map((value, index) => {
      if (value === null) {
        pen = 'M';
        return '';
      }
      const point = `${pen}${round(index * step)} ${round(height - ((value - min) / size) * height)}`;
      pen = 'L';
      return point;
    })
    .join('');
}

/** Final buckets solid, the others dashed; a target as a thin line. The scale begins at 0. */
export function Sparkline({
  points,
  target = null,
  label,
  width = 200,
  height = 36,
}: {
  points: readonly SparkPoint[];
  target?: number | null;
  label: string;
  width?: number;
  height?: number;
}) {
  const values = points.map(({ value }) => value);
  const known = values.filter((value) => value !== null);
  const ends = [...known, ...(target === null ? [] : [target])];
  const box = { width, height: height - 4, min: Math.min(0, ...ends), max: Math.max(...ends, 0) };
  const solid = points.map(({ value, complete }) => (complete ? value : null));
  const open = points.map(({ value, complete }, index) => (!complete || points[index + 1]?.complete === false ? value : null));
  const targetY = target === null ? null : box.height - ((target - box.min) / (box.max - box.min || 1)) * box.height;
  return (
    <svg class="sparkline" viewBox={`0 -2 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-label={label}>
      {targetY !== null && <line class="spark-target" x1="0" x2={width} y1={targetY} y2={targetY} />}
      <path class="spark-line" d={linePath(solid, box)} />
      <path class="spark-line spark-open" d={linePath(open, box)} />
    </svg>
  );
}

const GLYPHS: Readonly<Record<Metric['kind'] | 'board' | 'growth' | 'inspector', string>> = {
  retention: 'M2 2h12v3H2zM2 6.5h9v3H2zM2 11h5v3H2z',
  funnel: 'M1 2h14l-2 3.5H3zM4 7h8l-1.5 3h-5zM6 11.500h4V14H6z',
  activation: 'M9 1 3 9h4l-1 6 7-9H8.500z',
  activity: 'M2 9h2.500v5H2zM6.750 5h2.500v9h-2.500zM11.500 2H14v12h-2.500z',
  kpi: 'M8 2a6 6 0 1 0 .01 0zm0 2a4 4 0 1 1-.01 0zm0 2.500a1.500 1.500 0 1 0 .01 0z',
  board: 'M2 2h5v5H2zM9 2h5v5H9zM2 9h5v5H2zM9 9h5v5H9z',
  growth: 'M2 13 6 8l3 2 5-7v3.500L9.200 13 6.200 11 4.500 13z',
  inspector: 'M2 3h12v1.500H2zM2 7.250h12v1.500H2zM2 11.500h8V13H2z',
};

/** One shape per kind. */
export function Glyph({ of }: { readonly of: keyof typeof GLYPHS }) {
  return (
    <svg class="glyph" viewBox="0 0 16 16" aria-hidden="true">
      <path fill-rule="evenodd" d={GLYPHS[of]} />
    </svg>
  );
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
