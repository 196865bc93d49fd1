/** Figures over buckets as lines, bars or stacked bars: final parts solid, the others dashed or hatched, an interval as a band. Every value is in the table below as well. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { type Colour, canvasColour, colourVersion, SERIES } from '../show/colours.ts';
import { exact, short } from '../show/numbers.ts';
import 'uplot/dist/uPlot.min.css';
import { chartData, chartOptions, type Line, type ReadyLine } from './time-chart-options.ts';

export type { Line } from './time-chart-options.ts';

export interface TimeChartProps {
  /** What the chart shows, in a sentence, for who cannot see it. */
  readonly label: string;
  /** Names along the axis, one per bucket or age. */
  readonly marks: readonly string[];
  /** The same, longer, in the tooltip. */
  readonly longMarks?: readonly string[];
  readonly lines: readonly Line[];
  /** Whether the figures of a bucket are final; default all. */
  readonly complete?: readonly boolean[];
  readonly show?: (value: number | null) => string;
  readonly showExact?: (value: number | null) => string;
  readonly target?: { readonly value: number; readonly label: string } | null;
  /** px; default 240. */
  readonly height?: number;
  /** The axis begins at 0; default true. */
  readonly fromZero?: boolean;
  /** The bucket under the pointer, null when it leaves. */
  readonly onPoint?: (index: number | null) => void;
}

export function TimeChart(props: TimeChartProps) {
  const { label, marks, longMarks = marks, complete, show = short, showExact = exact, height = 240, onPoint } = props;
  const lines: readonly ReadyLine[] = props.lines.map((line, index) => ({
    ...line,
    colour: line.colour ?? SERIES[index % SERIES.length] ?? '--ink',
  }));
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [at, setAt] = useState<number | null>(null);
  const version = colourVersion.value;
  // What makes another chart; new values alone are put into the one that is there.
  const shape = JSON.stringify([
    version,
    height,
    marks,
    props.fromZero,
    props.target,
    lines.map(({ values, low, high, ...rest }) => ({ ...rest, band: low !== undefined })),
  ]);
  const point = (index: number | null): void => {
    setAt(index);
    onPoint?.(index);
  };
  useLayoutEffect(() => {
    const { current } = box;
    if (current === null) return;
    const options = chartOptions({ ...props, lines, show, height, width: Math.max(80, current.clientWidth), colour: canvasColour, point });
    const made = new uPlot(options, chartData(lines, complete, marks.length), current);
    plot.current = made;
    const sized = new ResizeObserver(() => made.setSize({ width: Math.max(80, current.clientWidth), height }));
    sized.observe(current);
    return () => {
      sized.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape]);
  useEffect(() => {
    plot.current?.setData(chartData(lines, complete, marks.length));
  }, [JSON.stringify([complete, lines.map(({ values, low, high }) => [values, low, high])])]);
  return (
    <figure class="chart">
      <ChartLegend lines={lines} hasOpen={complete?.includes(false) === true} />
      <div class="chart-box" ref={box} role="img" aria-label={label} style={{ height: `${height}px` }} />
      <Readout at={at} lines={lines} longMarks={longMarks} complete={complete} showExact={showExact} />
    </figure>
  );
}

/** Names the lines, and says in words what dashes mean. */
function ChartLegend({ lines, hasOpen }: { readonly lines: readonly ReadyLine[]; readonly hasOpen: boolean }) {
  return (
    <ul class="legend">
      {lines.length > 1 &&
        lines.map(({ label, colour, as }) => (
          <li key={label}>
            <Swatch colour={colour} shape={as ?? 'line'} />
            {label}
          </li>
        ))}
      {lines.some(({ low }) => low !== undefined) && <li class="dim">band: 95 % interval</li>}
      {hasOpen && <li class="dim">dashed, pale: not final yet</li>}
    </ul>
  );
}

export function Swatch({ colour, shape = 'bar' }: { readonly colour: Colour; readonly shape?: 'line' | 'bar' }) {
  return <i class={`swatch swatch-${shape}`} style={{ background: `var(${colour})` }} />;
}

/** The figures of the bucket under the pointer: always in the same place, so that nothing covers the chart. */
function Readout(props: {
  at: number | null;
  lines: readonly ReadyLine[];
  longMarks: readonly string[];
  complete: readonly boolean[] | undefined;
  showExact: (value: number | null) => string;
}) {
  const { at, lines, longMarks, complete, showExact } = props;
  if (at === null) return <figcaption class="readout dim">Point at the chart to read a bucket; the table below has them all.</figcaption>;
  return (
    <figcaption class="readout">
      <b>{longMarks[at] ?? ''}</b>
      {lines.map(({ label, values, low, high, colour, as }) => {
        const [from, to] = [low?.[at] ?? null, high?.[at] ?? null];
        return (
          <span key={label}>
            <Swatch colour={colour} shape={as ?? 'line'} />
            {lines.length > 1 && `${label} `}
            {showExact(values[at] ?? null)}
            {from !== null && to !== null && (
              <small>
                {' '}
                ({showExact(from)} to {showExact(to)})
              </small>
            )}
          </span>
        );
      })}
      {complete?.[at] === false && <em>not final yet</em>}
    </figcaption>
  );
}
