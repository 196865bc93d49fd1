/** The page of a KPI: its value over time against the target and the range before, the total, and every bucket to the last digit. */
import type { KpiAnswer } from '@tidemark/query/client';
import { figurePath } from '../../data/catalogue.ts';
import { type Shown, useAnswer } from '../../data/figure.ts';
import { Changed } from '../../parts/changed.tsx';
import { FigurePage } from '../../parts/figure-page.tsx';
import { type Line, TimeChart } from '../../parts/time-chart.tsx';
import { defineFigurePage, type FigurePageProps } from '../../route/page.tsx';
import { bucketLabel } from '../../show/buckets.ts';
import { changeText, exact, pointsText, sliceText } from '../../show/numbers.ts';
import {
  addsUp,
  bucketTarget,
  changeOf,
  comparedOf,
  isQuotient,
  type KpiLine,
  type KpiWords,
  linesOf,
  numberOf,
  targetMet,
  wordsFor,
} from './kpi-figures.ts';
import { KpiTables } from './kpi-tables.tsx';
import './kpi.css';

const controls = {} as const;

export const kpiPage = defineFigurePage({ controls, View: KpiPage });

const MAX_LINES = 6;

function KpiPage({ metric, about }: FigurePageProps<typeof controls>) {
  const path = figurePath(metric, about);
  const shown = useAnswer<KpiAnswer>({ path }).value;
  return (
    <FigurePage
      metric={metric}
      path={path}
      shown={shown}
      headline={(body) => <Headline body={body} shown={shown} words={wordsFor(metric, linesOf(body))} />}
      chart={(body) => <Chart body={body} title={metric.title} words={wordsFor(metric, linesOf(body))} />}
      table={(body) => <KpiTables body={body} changes={shown.changes} words={wordsFor(metric, linesOf(body))} />}
      isEmpty={(body) => linesOf(body).every(isNothing)}
    />
  );
}

/** Nothing at all came: of a quotient nothing to divide either. */
function isNothing({ buckets }: KpiLine): boolean {
  return buckets.every(
    ({ value, count, of }) => Number(value ?? 0) === 0 && (count ?? 0) === 0 && Object.values(of ?? {}).every((part) => Number(part ?? 0) === 0),
  );
}

interface BodyProps {
  readonly body: KpiAnswer;
  readonly words: KpiWords;
}

function Headline({ body, shown, words }: BodyProps & { readonly shown: Shown<KpiAnswer> }) {
  const lines = linesOf(body);
  const [line] = lines;
  if (line === undefined) return null;
  if (lines.length > 1) return <SliceWords lines={lines} words={words} />;
  const { unit, target } = body;
  const met = targetMet(target, unit, line);
  const at = line.value === null ? 'total' : `slices.${typeof line.value === 'string' ? line.value : line.value.join(',')}.total`;
  return (
    <p class="kpi-headline">
      <b>
        <Changed
          changes={shown.changes}
          at={at}
          show={(value) => words.showExact(typeof value === 'boolean' ? null : value)}
          tip={words.showExact(line.total)}
        >
          {words.show(line.total)}
        </Changed>
      </b>{' '}
      <span>
        {line.value !== null && `${sliceText(line.value)}, `}
        {rangeWords(line, unit)}
      </span>
      <Compared body={body} words={words} />
      {met !== null && met.of > 0 && target !== null && (
        <span class="kpi-met">
          target {target.direction === 'up' ? 'at least' : 'at most'} {words.show(target.value)}
          {target.per === undefined ? '' : ` per ${target.per}`}: met on {met.met} of {met.of} whole {met.of === 1 ? met.period : `${met.period}s`}
        </span>
      )}
    </p>
  );
}

function rangeWords(line: KpiLine, unit: string): string {
  const { buckets, of, total, uniquesLimit } = line;
  const range = `${buckets.length} ${buckets.length === 1 ? unit : `${unit}s`}`;
  if (uniquesLimit !== undefined)
    return total === null
      ? `distinct people are told for at most ${exact(uniquesLimit)} ${unit}s at once; each ${unit} is still here`
      : `distinct people in ${range}`;
  if (!isQuotient(line)) return `in ${range}`;
  const made = madeOf(of ?? {});
  return total === null ? `over ${range}: nothing to divide by` : `over ${range}${made}`;
}

/** `, 146 of 1 043`: of a ratio its two sums, of a formula its names. */
function madeOf(of: NonNullable<KpiLine['of']>): string {
  const { numerator, denominator } = of;
  if (numerator !== undefined && denominator !== undefined) return `, ${exact(numerator)} of ${exact(denominator)}`;
  const parts = Object.entries(of).map(([name, value]) => `${name} ${exact(value)}`);
  return parts.length > 0 ? `, from ${parts.join(' and ')}` : '';
}

function Compared({ body, words }: BodyProps) {
  const compared = comparedOf(body);
  if (compared === null) return null;
  const { now, before } = compared;
  const change = changeOf(now.total, before.total, words);
  const range = (from: string, to: string): string =>
    `${bucketLabel(from, body.unit, { long: true })} to ${bucketLabel(to, body.unit, { long: true })}`;
  const tip = `${range(now.from, now.to)}: ${words.showExact(now.total)}\n${range(before.from, before.to)}: ${words.showExact(before.total)}\nat equal elapsed time`;
  const direction = body.target?.direction ?? null;
  const sense = change === null || direction === null || change === 0 ? 'neutral' : change > 0 === (direction === 'up') ? 'better' : 'worse';
  return (
    <span class={`kpi-change ${sense}`} data-tip={tip}>
      {change === null
        ? 'nothing before to compare with'
        : `${words.isShare ? pointsText(change) : changeText(change)} against the ${before.buckets.length} ${body.unit}s before, ${words.show(before.total)}`}
    </span>
  );
}

function SliceWords({ lines, words }: { readonly lines: readonly KpiLine[]; readonly words: KpiWords }) {
  const [first] = lines;
  if (first === undefined) return null;
  const folded = lines.length - MAX_LINES;
  return (
    <p class="kpi-headline">
      <span>
        {exact(lines.length)} values; the largest is {sliceText(first.value)} with <b class="value">{words.show(first.total)}</b>
        {folded > 0 && `. The chart shows the first ${MAX_LINES}, the table below all.`}
      </span>
    </p>
  );
}

function Chart({ body, title, words }: BodyProps & { readonly title: string }) {
  const all = linesOf(body);
  const [first] = all;
  if (first === undefined) return null;
  const { unit } = body;
  const compared = comparedOf(body);
  const asBars = all.length === 1 && addsUp(first);
  const lines: Line[] = all.slice(0, MAX_LINES).map(({ value, buckets }) => ({
    label: value === null ? 'now' : sliceText(value),
    values: buckets.map((bucket) => numberOf(bucket.value)),
    as: asBars ? 'bar' : 'line',
  }));
  if (compared !== null)
    lines.push({
      label: 'before',
      values: first.buckets.map((_, index) => numberOf(compared.before.buckets[index]?.value ?? null)),
      colour: '--ink',
      thin: true,
    });
  const target = bucketTarget(body.target, unit, first, words.show);
  return (
    <>
      {target?.isBeyond === true && <p class="kpi-beyond">The {target.label} lies far above the chart.</p>}
      <TimeChart
        label={`${title} per ${unit}, ${first.buckets.length} ${unit}s${target === null ? '' : `, ${target.label}`}; the table below has every figure`}
        marks={first.buckets.map(({ bucket }) => bucketLabel(bucket, unit))}
        longMarks={first.buckets.map(({ bucket }) => bucketLabel(bucket, unit, { long: true }))}
        lines={lines}
        complete={first.buckets.map(({ complete }) => complete)}
        show={words.showMark}
        showExact={words.showExact}
        target={target === null || target.isBeyond ? null : { value: target.value, label: target.label }}
      />
    </>
  );
}
