/** The charts over time of an activity metric: people by where they come from, longer windows, slices against each other. */
import type { ActivityBucket, Metric } from '@tidemark/query/client';
import { type Line, TimeChart } from '../../parts/time-chart.tsx';
import { bucketLabel } from '../../show/buckets.ts';
import { exact, percent, percentExact, short, sliceText } from '../../show/numbers.ts';
import { type ActivityLine, fieldOf, fieldWords, plural, windowsOf } from './activity-figures.ts';

type Unit = Metric['unit'];
const MAX_LINES = 6;

function axisOf(buckets: readonly ActivityBucket[], unit: Unit) {
  return {
    marks: buckets.map(({ bucket }) => bucketLabel(bucket, unit)),
    longMarks: buckets.map(({ bucket }) => bucketLabel(bucket, unit, { long: true })),
    complete: buckets.map(({ complete }) => complete),
  };
}

interface PeopleChartProps {
  readonly line: ActivityLine;
  readonly unit: Unit;
  readonly title: string;
  /** The range before, laid over bucket by bucket. */
  readonly before: readonly ActivityBucket[] | null;
}

/** Who was active stands on the axis; who was active one bucket before and is not now hangs below it. */
export function PeopleChart({ line: { buckets }, unit, title, before }: PeopleChartProps) {
  const lines: Line[] = [
    { label: 'returning', values: buckets.map(({ returning }) => returning), as: 'bar', colour: '--series-1' },
    { label: 'resurrecting', values: buckets.map(({ resurrecting }) => resurrecting), as: 'bar', colour: '--series-3' },
    { label: 'new', values: buckets.map((bucket) => bucket.new), as: 'bar', colour: '--series-2' },
    { label: 'dormant', values: buckets.map(({ dormant }) => -dormant), as: 'bar', colour: '--series-5' },
  ];
  if (before !== null)
    lines.push({ label: 'active before', values: buckets.map((_, index) => before[index]?.active ?? null), colour: '--ink', thin: true });
  return (
    <section aria-label={`People per ${unit}`}>
      <h2>People per {unit}</h2>
      <p class="activity-note">
        Above the axis who was active: returning (also one {unit} before), resurrecting (before, but not then), new. Below it who was active one{' '}
        {unit} before and did not come: dormant.
      </p>
      <TimeChart
        label={`${title}: new, returning, resurrecting and dormant people in ${buckets.length} ${plural(unit, buckets.length)}; the table below has every figure`}
        {...axisOf(buckets, unit)}
        lines={lines}
        show={(value) => short(value === null ? null : Math.abs(value))}
        showExact={(value) => exact(value === null ? null : Math.abs(value))}
      />
    </section>
  );
}

/** Distinct people in the windows that end with each bucket. */
export function WindowsChart({ line, unit }: { readonly line: ActivityLine; readonly unit: Unit }) {
  const windows = windowsOf(line);
  if (windows.length === 0) return null;
  const { buckets } = line;
  const lines: readonly Line[] = [
    { label: `in the ${unit}`, values: buckets.map(({ active }) => active), colour: '--ink-3', thin: true },
    ...windows.map((length) => ({ label: fieldWords(`rolling.${length}`, unit), values: buckets.map(({ rolling }) => rolling[length] ?? null) })),
  ];
  const words = windows.map((length) => `${length} ${plural(unit, Number(length))}`).join(' and ');
  return (
    <section aria-label="Longer windows">
      <h2>Within {words}</h2>
      <TimeChart
        label={`Distinct people within ${words}, up to each ${unit}; the table below has every figure`}
        {...axisOf(buckets, unit)}
        lines={lines}
        height={180}
      />
    </section>
  );
}

/** One figure of at most six slice values. */
export function SlicesChart({
  lines,
  field,
  unit,
  title,
}: {
  readonly lines: readonly ActivityLine[];
  readonly field: string;
  readonly unit: Unit;
  readonly title: string;
}) {
  const buckets = lines[0]?.buckets ?? [];
  const isShare = field.startsWith('stickiness');
  const drawn = lines
    .slice(0, MAX_LINES)
    .map((line) => ({ label: sliceText(line.value), values: line.buckets.map((bucket) => fieldOf(bucket, field)) }));
  const folded = lines.length - drawn.length;
  return (
    <section aria-label="Slices">
      <h2>
        {fieldWords(field, unit)}, per {unit}
      </h2>
      {folded > 0 && (
        <p class="activity-note">
          The largest {MAX_LINES} of {lines.length} values; the table below has all.
        </p>
      )}
      <TimeChart
        label={`${title}: ${fieldWords(field, unit)} of ${drawn.length} slice values; the table below has every figure`}
        {...axisOf(buckets, unit)}
        lines={drawn}
        show={isShare ? percent : short}
        showExact={isShare ? percentExact : exact}
      />
    </section>
  );
}
