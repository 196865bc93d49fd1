/** How uPlot is told to draw a chart: each line twice, solid where its figures are final and dashed where they are not. */
import type uPlot from 'uplot';
import type { Colour } from '../show/colours.ts';

export interface Line {
  readonly label: string;
  /** One per bucket. */
  readonly values: readonly (number | null)[];
  /** Default: the next of the six. */
  readonly colour?: Colour;
  /** Default `line`. Bars of one chart are stacked; those with negative values hang below the axis. */
  readonly as?: 'line' | 'bar';
  /** 95 % interval, one per bucket. */
  readonly low?: readonly (number | null)[];
  readonly high?: readonly (number | null)[];
  /** Thin, for what is only compared with. */
  readonly thin?: boolean;
}

export type ReadyLine = Line & { readonly colour: Colour };

interface Drawn {
  readonly marks: readonly string[];
  readonly target?: { readonly value: number; readonly label: string } | null;
  readonly fromZero?: boolean;
  readonly lines: readonly ReadyLine[];
  readonly show: (value: number | null) => string;
  readonly width: number;
  readonly height: number;
  readonly colour: (name: Colour, alpha?: number) => string;
  readonly point: (index: number | null) => void;
}

type Values = (number | null)[];

/** Per line: its final part, its open part, and the ends of its interval where it has one. Bars are stacked. */
export function chartData(lines: readonly ReadyLine[], complete: readonly boolean[] | undefined, length: number): uPlot.AlignedData {
  const indices = Array.from({ length }, (_, index) => index);
  const isOpen = (index: number): boolean => complete?.[index] === false;
  const above: number[] = indices.map(() => 0);
  const below: number[] = indices.map(() => 0);
  const series = lines.flatMap((line): Values[] => {
    const { values, low, high, as } = line;
    if (as === 'bar') {
      const tops = indices.map((index) => stacked(values[index] ?? null, index, above, below));
      return [tops.map((top, index) => (isOpen(index) ? null : top)), tops.map((top, index) => (isOpen(index) ? top : null))];
    }
    const solid = indices.map((index) => (isOpen(index) ? null : (values[index] ?? null)));
    // The dashes begin where the solid line ends.
    const dashed = indices.map((index) => (isOpen(index) || isOpen(index + 1) ? (values[index] ?? null) : null));
    const band =
      low === undefined || high === undefined ? [] : [indices.map((index) => high[index] ?? null), indices.map((index) => low[index] ?? null)];
    return [solid, dashed, ...band];
  });
  return [indices, ...series];
}

function stacked(value: number | null, index: number, above: number[], below: number[]): number | null {
  if (value === null) return null;
  const side = value < 0 ? below : above;
  side[index] = (side[index] ?? 0) + value;
  return side[index] ?? null;
}

export function chartOptions(drawn: Drawn): uPlot.Options {
  const { lines, marks, width, height, colour, point, target, fromZero = true } = drawn;
  const bands: uPlot.Band[] = [];
  const series: uPlot.Series[] = [{}];
  for (const line of lines) {
    series.push(...(line.as === 'bar' ? barSeries(line, colour) : lineSeries(line, colour)));
    if (line.low === undefined || line.as === 'bar') continue;
    const upper = series.length;
    series.push(edge(), edge());
    bands.push({ series: [upper, upper + 1], fill: colour(line.colour, 0.14) });
  }
  return {
    width,
    height,
    legend: { show: false },
    cursor: { y: false, drag: { setScale: false, x: false, y: false }, points: { show: false } },
    padding: [8, 12, 0, 0],
    // Bars are drawn from the tallest to the shortest, so that each shows its own part of the stack.
    series,
    bands,
    scales: {
      x: { time: false, range: () => [-0.5, Math.max(0.5, marks.length - 0.5)] },
      y: { range: (_, min, max) => range(Math.min(min ?? 0, target?.value ?? min ?? 0), Math.max(max ?? 0, target?.value ?? 0), fromZero) },
    },
    axes: axes(drawn),
    hooks: {
      setCursor: [({ cursor }) => point(cursor.idx ?? null)],
      drawClear: [(plot) => drawTarget(plot, drawn)],
    },
  };
}

function range(min: number, max: number, fromZero: boolean): [number, number] {
  const low = fromZero ? Math.min(0, min) : min;
  if (low === max) return [low, low + 1];
  const room = (max - low) * 0.08;
  return [low < 0 || !fromZero ? low - room : 0, max + room];
}

function lineSeries(line: ReadyLine, colour: Drawn['colour']): uPlot.Series[] {
  const width = line.thin === true ? 1 : 2;
  const stroke = colour(line.colour, line.thin === true ? 0.7 : 1);
  const points = { show: (_: uPlot, __: number, from: number, to: number) => to - from < 2, size: 5, fill: stroke };
  return [
    { label: line.label, stroke, width, points, spanGaps: false },
    { label: `${line.label}, open`, stroke, width, dash: [4, 4], points: { show: false }, spanGaps: false },
  ];
}

function barSeries(line: ReadyLine, colour: Drawn['colour']): uPlot.Series[] {
  const paths = barPaths();
  const points = { show: false };
  return [
    { label: line.label, fill: colour(line.colour), stroke: colour('--surface'), width: 1, paths, points },
    { label: `${line.label}, open`, fill: colour(line.colour, 0.35), stroke: colour(line.colour), width: 1, dash: [3, 3], paths, points },
  ];
}

function edge(): uPlot.Series {
  return { width: 0, points: { show: false }, spanGaps: false };
}

/** Rectangles that begin where the bar of the same bucket below them ends. */
function barPaths(): uPlot.Series.PathBuilder {
  return (plot, seriesIndex, from, to) => {
    const fill = new Path2D();
    const own = plot.data[seriesIndex] ?? [];
    const half = Math.max(1, ((plot.valToPos(1, 'x', true) - plot.valToPos(0, 'x', true)) * 0.8) / 2);
    for (let index = from; index <= to; index++) {
      const top = own[index];
      if (top === null || top === undefined) continue;
      const base = baseOf(plot, seriesIndex, index, top);
      const [y0, y1] = [plot.valToPos(base, 'y', true), plot.valToPos(top, 'y', true)];
      const x = plot.valToPos(index, 'x', true);
      fill.rect(Math.round(x - half), Math.min(y0, y1), Math.round(half * 2), Math.abs(y1 - y0));
    }
    return { stroke: fill, fill };
  };
}

/** The end of the nearest bar before it on the same side of the axis. */
function baseOf(plot: uPlot, seriesIndex: number, index: number, top: number): number {
  for (let other = seriesIndex - 1; other > 0; other--) {
    if (plot.series[other]?.paths === undefined || plot.series[other]?.fill === undefined) continue;
    const end = plot.data[other]?.[index];
    if (typeof end === 'number' && Math.sign(end) === Math.sign(top) && Math.abs(end) <= Math.abs(top)) return end;
  }
  return 0;
}

function axes({ marks, show, colour }: Drawn): uPlot.Axis[] {
  const font = '12px system-ui, sans-serif';
  const stroke = colour('--ink-2');
  const grid = { stroke: colour('--line'), width: 1 };
  return [
    {
      stroke,
      font,
      size: 28,
      gap: 6,
      grid: { show: false },
      ticks: { show: false },
      space: 56,
      incrs: [1, 2, 5, 7, 10, 14, 30, 60, 90, 180, 365],
      values: (_, at) => at.map((index) => (Number.isInteger(index) ? (marks[index] ?? '') : '')),
    },
    {
      stroke,
      font,
      gap: 6,
      size: (plot, values) => {
        if (!values) return 40;
        plot.ctx.font = `${12 * devicePixelRatio}px system-ui, sans-serif`;
        return Math.ceil(Math.max(...values.map((text) => plot.ctx.measureText(text).width)) / devicePixelRatio) + 16;
      },
      grid,
      ticks: { show: false },
      space: 36,
      values: (_, at) => at.map((value) => show(value)),
    },
  ];
}

function drawTarget(plot: uPlot, { target, colour }: Drawn): void {
  if (target === undefined || target === null) return;
  const { ctx, bbox } = plot;
  const y = Math.round(plot.valToPos(target.value, 'y', true)) + 0.5;
  ctx.save();
  ctx.strokeStyle = colour('--ink-3');
  ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.fillStyle = colour('--ink-2');
  ctx.font = `${12 * devicePixelRatio}px system-ui, sans-serif`;
  ctx.textAlign = 'right';
  ctx.fillText(target.label, bbox.left + bbox.width, y - 4 * devicePixelRatio);
  ctx.restore();
}
