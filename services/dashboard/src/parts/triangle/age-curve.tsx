/** Pooled rates by age as curves with their intervals; ages stand as far apart as they are, a target at its age. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Colour } from '../../show/colours.ts';
import { FEW, percent, percentExact, sample } from '../../show/numbers.ts';
import { Swatch } from '../time-chart.tsx';
import type { Age, Pooled } from './cohort-table.ts';

export interface Curve {
  readonly key: string;
  readonly label: string;
  readonly colour: Colour;
  /** One per age. */
  readonly points: readonly Pooled[];
  /** For what is only compared with; has no band. */
  readonly thin?: boolean;
  /** Chooses it, by the legend. */
  readonly onChoose?: () => void;
}

export interface AgeCurveProps {
  /** What it shows, in a sentence, for who cannot see it. */
  readonly label: string;
  /** `day`, `week`, `month`. */
  readonly unit: string;
  readonly ages: readonly Age[];
  readonly ageTip: (age: Age) => string;
  readonly curves: readonly Curve[];
  /** False: brackets, which stand beside each other with whiskers. */
  readonly continuous: boolean;
  readonly target: { readonly age: number; readonly value: number; readonly label: string } | null;
}

const HEIGHT = 184;
const PAD = { top: 16, right: 16, bottom: 26, left: 48 };
const TICK_EVERY_PX = 44;

interface Frame {
  readonly width: number;
  readonly top: number;
  readonly x: readonly number[];
  readonly y: (rate: number) => number;
}

export function AgeCurve(props: AgeCurveProps) {
  const { label, ages, ageTip, curves, continuous, target } = props;
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(800);
  const [at, setAt] = useState<number | null>(null);
  useLayoutEffect(() => {
    const { current } = box;
    if (current === null) return;
    const sized = new ResizeObserver(() => setWidth(Math.max(160, current.clientWidth)));
    sized.observe(current);
    setWidth(Math.max(160, current.clientWidth));
    return () => sized.disconnect();
  }, []);
  const frame = frameOf(props, width);
  const point = ({ clientX }: PointerEvent): void => setAt(nearest(frame.x, clientX - (box.current?.getBoundingClientRect().left ?? 0)));
  const [cursor, age] = at === null ? [undefined, undefined] : [frame.x[at], ages[at]];
  return (
    <figure class={curves.length > 1 ? 'chart age-figure' : 'chart age-figure single'}>
      <CurveLegend curves={curves} />
      <div class="age-curve" ref={box} style={{ height: `${HEIGHT}px` }}>
        <svg height={HEIGHT} role="img" aria-label={label} onPointerMove={point} onPointerLeave={() => setAt(null)}>
          <Axes {...props} frame={frame} />
          {cursor !== undefined && <line class="cursor" x1={cursor} x2={cursor} y1={PAD.top} y2={HEIGHT - PAD.bottom} />}
          {curves.map((curve) => (
            <CurveMarks key={curve.key} curve={curve} frame={frame} continuous={continuous} />
          ))}
          {target !== null && <TargetMark target={target} ages={ages} frame={frame} />}
        </svg>
      </div>
      <figcaption class={age === undefined ? 'readout dim' : 'readout'}>
        {age === undefined || at === null ? (
          'Point at the curve to read an age; the first rows of the table have them all.'
        ) : (
          <Reading title={ageTip(age)} curves={curves} at={at} />
        )}
      </figcaption>
    </figure>
  );
}

function Reading({ title, curves, at }: { readonly title: string; readonly curves: readonly Curve[]; readonly at: number }) {
  return (
    <>
      <b>{title}</b>
      {curves.map(({ key, label, colour, points }) => {
        const { rate = null, low = null, high = null, of = 0 } = points[at] ?? {};
        return (
          <span key={key} class={of < FEW ? 'few' : undefined}>
            <Swatch colour={colour} shape="line" />
            {curves.length > 1 && `${label} `}
            {percentExact(rate)}{' '}
            <small>{rate === null ? 'no cohort is over' : `${sample(of)}, ${percent(low)} to ${percent(high)}${of < FEW ? ', few' : ''}`}</small>
          </span>
        );
      })}
    </>
  );
}

function CurveLegend({ curves }: { readonly curves: readonly Curve[] }) {
  const hasFew = curves.some(({ points }) => points.some(({ rate, of }) => rate !== null && of < FEW));
  return (
    <ul class="legend">
      {curves.length > 1 &&
        curves.map(({ key, label, colour, thin, onChoose }) => {
          const name = (
            <>
              <Swatch colour={colour} shape="line" />
              {thin === true ? label : <b>{label}</b>}
            </>
          );
          return (
            <li key={key}>
              {onChoose === undefined ? (
                name
              ) : (
                <button type="button" class="quiet legend-choice" onClick={onChoose}>
                  {name}
                </button>
              )}
            </li>
          );
        })}
      <li class="dim">pooled over the cohorts that are over; band: 95 % interval{hasFew ? `; thin dashes: fewer than ${FEW} people` : ''}</li>
    </ul>
  );
}

/** From 0 to a round rate above everything that is drawn. */
function frameOf({ ages, curves, continuous, target }: AgeCurveProps, width: number): Frame {
  const highest = Math.max(
    0.01,
    target?.value ?? 0,
    ...curves.flatMap(({ points, thin }) => points.map(({ rate, high, of }) => (thin === true || of < FEW ? (rate ?? 0) : (high ?? 0)))),
  );
  const isKnown = target !== null || curves.some(({ points }) => points.some(({ rate }) => rate !== null));
  const top = isKnown ? Math.min(1, rounded(highest * 1.04)) : 1;
  const room = width - PAD.left - PAD.right;
  const first = ages[0]?.from ?? 0;
  const span = Math.max(1, (ages.at(-1)?.from ?? 0) - first);
  const x = ages.map(
    ({ from }, index) => PAD.left + (continuous && ages.length > 1 ? ((from - first) / span) * room : ((index + 0.5) / ages.length) * room),
  );
  return { width, top, x, y: (rate) => PAD.top + (1 - rate / top) * (HEIGHT - PAD.top - PAD.bottom) };
}

function Axes({ ages, unit, continuous, frame }: AgeCurveProps & { readonly frame: Frame }) {
  const { width, top, x, y } = frame;
  let lastPx = Number.NEGATIVE_INFINITY;
  return (
    <>
      {ticksTo(top).map((rate) => (
        <g key={rate}>
          <line class="grid" x1={PAD.left} x2={width - PAD.right + 8} y1={Math.round(y(rate)) + 0.5} y2={Math.round(y(rate)) + 0.5} />
          <text x={PAD.left - 8} y={y(rate) + 4} text-anchor="end">
            {percent(rate, { digits: top <= 0.05 ? 1 : 0 })}
          </text>
        </g>
      ))}
      {ages.map(({ key, from }, index) => {
        const px = x[index] ?? 0;
        if (px - lastPx < TICK_EVERY_PX) return null;
        lastPx = px;
        return (
          <text key={key} x={px} y={HEIGHT - 8} text-anchor="middle">
            {continuous ? (index === 0 ? `${unit} ${from}` : from) : `${unit}s ${key.replace('-', '–')}`}
          </text>
        );
      })}
    </>
  );
}

function CurveMarks({ curve, frame, continuous }: { readonly curve: Curve; readonly frame: Frame; readonly continuous: boolean }) {
  const { points, colour, thin = false } = curve;
  const { x, y, top } = frame;
  const drawn = points.flatMap(({ rate, low, high, of }, index) => {
    const px = x[index];
    if (rate === null || px === undefined) return [];
    return [{ px, few: of < FEW, py: y(rate), lowY: y(low ?? rate), highY: y(Math.min(top, high ?? rate)) }];
  });
  const stroke = `var(${colour})`;
  const sure = segments(drawn, (one, other) => !one.few && !other.few);
  const unsure = segments(drawn, (one, other) => one.few || other.few);
  const band = [
    ...drawn.map(({ px, highY }) => `${px.toFixed(1)} ${highY.toFixed(1)}`),
    ...drawn.toReversed().map(({ px, lowY }) => `${px.toFixed(1)} ${lowY.toFixed(1)}`),
  ].join('L');
  const dots = !continuous || drawn.length <= 12;
  return (
    <g>
      {continuous && !thin && drawn.length > 1 && <path class="band" d={`M${band}Z`} fill={stroke} />}
      {!continuous &&
        !thin &&
        drawn.map(({ px, lowY, highY }) => <line key={px} class="whisker" x1={px} x2={px} y1={lowY} y2={highY} stroke={stroke} />)}
      {continuous && sure !== '' && <path class={thin ? 'line thin' : 'line'} d={sure} stroke={stroke} />}
      {continuous && unsure !== '' && <path class="line of-few" d={unsure} stroke={stroke} />}
      {dots && drawn.map(({ px, py }) => <circle key={px} cx={px} cy={py} r={thin ? 2 : 3} fill={stroke} />)}
    </g>
  );
}

/** A path through the neighbours that belong together. */
function segments<P extends { readonly px: number; readonly py: number }>(drawn: readonly P[], belong: (one: P, other: P) => boolean): string {
  let path = '';
  for (const [index, point] of drawn.entries()) {
    const before = drawn[index - 1];
    if (before !== undefined && belong(before, point))
      path += `M${before.px.toFixed(1)} ${before.py.toFixed(1)}L${point.px.toFixed(1)} ${point.py.toFixed(1)}`;
  }
  return path;
}

function TargetMark({
  target,
  ages,
  frame,
}: {
  readonly target: NonNullable<AgeCurveProps['target']>;
  readonly ages: readonly Age[];
  readonly frame: Frame;
}) {
  const x = frame.x[ages.findIndex(({ from }) => from === target.age)];
  if (x === undefined) return null;
  const y = frame.y(target.value);
  const isLeft = x < frame.width / 2;
  return (
    <g>
      <line class="target" x1={PAD.left} x2={x} y1={y} y2={y} />
      <path class="target-mark" d={`M${x} ${y - 5}l5 5l-5 5l-5 -5z`} />
      <text class="halo" x={isLeft ? x + 10 : x} y={isLeft ? y + 4 : y - 10} text-anchor={isLeft ? 'start' : 'end'}>
        {target.label}
      </text>
    </g>
  );
}

function nearest(x: readonly number[], px: number): number | null {
  const [best] = x.map((each, index) => ({ index, far: Math.abs(each - px) })).sort((one, other) => one.far - other.far);
  return best?.index ?? null;
}

/** 3, 4 or 5 steps. */
function ticksTo(top: number): readonly number[] {
  const step = stepOf(top);
  return Array.from({ length: Math.floor(top / step + 1e-9) + 1 }, (_, index) => index * step);
}

function stepOf(top: number): number {
  const size = 10 ** Math.floor(Math.log10(top));
  const lead = top / size;
  return size * (lead <= 1 ? 0.25 : lead <= 2 ? 0.5 : lead <= 5 ? 1 : 2);
}

function rounded(rate: number): number {
  const step = stepOf(rate) / 2;
  return Math.ceil(rate / step) * step;
}
