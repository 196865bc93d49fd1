/** A funnel in a file: steps in some order, within a window from the opening event. */
import type { Exclusion, FunnelDefinition } from '@tidemark/core';
import { z } from 'zod';
import { canonicalText } from '../canonical.ts';
import { daysBytes, openBuckets, timesBytes } from '../registers.ts';
import { eventName, selector, type WrittenSelector, where } from '../schema/selection.ts';
import { choice, duration, durationMs, strict, unit, whole } from '../schema/values.ts';
import { alsoBy, bucket, list, plural, selection, span } from '../words.ts';
import { baseShape } from './base.ts';
import type { Kind } from './kind.ts';

const stepsError = 'expected a list of 2 to 20 steps, each a selector';

/** Steps and exclusions share the bits of one mask. */
const MAX_EXCLUSIONS = 10;
const exclusionsError = `expected a list of at most ${MAX_EXCLUSIONS} exclusions such as { event: Refunded, between: [1, 2], effect: drop }`;
const betweenError = 'expected the numbers of two steps, the earlier one first, such as [1, 2]';
const stepNumber = z.number({ error: betweenError }).int({ error: betweenError }).min(1, { error: betweenError }).max(20, { error: betweenError });
const exclusion = strict(
  {
    event: eventName.optional(),
    where: where.optional(),
    select: selector.optional().meta({ description: 'Any selector, instead of event and where.' }),
    between: z
      .tuple([stepNumber, stepNumber], { error: betweenError })
      .refine(([from, to]) => from < to, { error: betweenError })
      .meta({ description: 'Strictly between the instants of these steps, or until the window ends when the second is not reached.' }),
    effect: choice(['drop', 'end']).meta({
      description: 'drop: the attempt does not count at all; end: it keeps the steps up to the first of between.',
    }),
  },
  'an exclusion such as { event: Refunded, between: [1, 2], effect: drop }',
).meta({ id: 'FunnelExclusion' });
type WrittenExclusion = z.infer<typeof exclusion>;

const attributionError = 'expected one of entry, first, last, or a step such as { step: 2 }';
const attribution = z.union([z.enum(['entry', 'first', 'last']), z.strictObject({ step: whole(1, 20) })], { error: attributionError });

const schema = strict(
  {
    kind: z.literal('funnel'),
    ...baseShape,
    steps: z.array(selector, { error: stepsError }).min(2, { error: stepsError }).max(20, { error: stepsError }),
    order: choice(['ordered', 'any', 'strict']).default('ordered').meta({
      description:
        'ordered: other events may lie between the steps; strict: the next event of the actor must take the next step; any: in whatever order, step s being the s-th taken.',
    }),
    window: duration('1s', '90d').default('14d').meta({ description: 'From the opening event to the last step, inclusive; d = 24 h.' }),
    attempt: choice(['furthest', 'first']).default('furthest').meta({
      description: 'Which attempt of an actor counts for uniques: the furthest opened in the range, or the earliest.',
    }),
    unit: unit.default('day').meta({ description: 'The bucket of the opening event.' }),
    lookback: whole(1, 400).default(90).meta({ description: 'The longest range, in buckets, with exact distinct actors.' }),
    exclude: z.array(exclusion, { error: exclusionsError }).max(MAX_EXCLUSIONS, { error: exclusionsError }).default([]).meta({
      description: 'Events that must not happen between two steps.',
    }),
    attribution: attribution.default('entry').meta({
      description: 'The slice value of an attempt: at the opening event; the first or last non-empty among its steps; at one step.',
    }),
    sliceRanges: z.boolean({ error: 'expected true or false' }).default(false).meta({
      description: 'Slices too have distinct actors over any range, not only per bucket; costs as much per value as the total.',
    }),
  },
  'a funnel metric',
);
type Written = z.infer<typeof schema>;

/** `written` names its events in one way: `event` with `where`, or `select`. */
function selectorOf(written: WrittenExclusion): WrittenSelector {
  if (written.select !== undefined) return written.select;
  return { event: written.event ?? '', ...(written.where === undefined ? {} : { where: written.where }) };
}

function checkExclusion(written: WrittenExclusion, steps: number | null, report: (message: string) => void): void {
  if ((written.event === undefined) === (written.select === undefined)) report('expected either event or select: the events that exclude');
  if (written.select !== undefined && written.where !== undefined) report('where belongs to event: write select: { event, where }');
  if (steps !== null && written.between[1] > steps) report(`between names step ${written.between[1]}, and there are ${steps}`);
}

/** Attribution and `sliceRanges` change nothing where there are no slices. */
function sliceMeaning({ slices, attribution: of, sliceRanges }: FunnelDefinition): Readonly<Record<string, unknown>> {
  return slices.length === 0 ? {} : { attribution: of, sliceRanges };
}

const ORDER: Readonly<Record<FunnelDefinition['order'], string>> = {
  ordered: 'in this order',
  strict: "in this order, each by the actor's very next event,",
  any: 'in any order',
};

function exclusionWords({ select, between, effect }: Exclusion): string {
  const what = effect === 'drop' ? 'does not count' : `keeps only the steps up to ${between[0]}`;
  return `an attempt with ${selection(select)} between steps ${between[0]} and ${between[1]} ${what}`;
}

function attributionWords({ slices, attribution: of }: FunnelDefinition): string {
  if (slices.length === 0 || of === 'entry') return '';
  return typeof of === 'object' ? ` at step ${of.step}` : ` at the ${of} of its steps that shows one`;
}

function exclusionMeaning({ select, between, effect }: Exclusion): Readonly<Record<string, unknown>> {
  return { select: select.anyOf, between, effect };
}

function exclusionText(exclusion: Exclusion): string {
  return canonicalText(exclusionMeaning(exclusion));
}

/** Cells of the two histograms of one step, if times of every length up to the window occur: 34 for each span of ×1.88. */
function timesCells(windowMs: number): number {
  return 2 * 34 * Math.ceil(Math.log(windowMs) / Math.log(1.02) / 32 + 1);
}

const SHORTEST_MS = { hour: 3_600_000, day: 82_800_000, week: 601_200_000, month: 2_415_600_000 } as const;

const FIELDS = ['uniques', 'entries', 'ofFirst', 'ofPrevious'];

export const funnel = {
  kind: 'funnel',
  schema,
  later: [],
  check(written, report, wasMended) {
    const steps = wasMended('steps') ? null : written.steps.length;
    const isStrict = written.order === 'strict' && !wasMended('order');
    if (isStrict && written.exclude.length > 0) report(['exclude'], 'with order strict nothing can lie between two steps: leave exclude out');
    for (const [index, each] of written.exclude.entries()) checkExclusion(each, steps, (message) => report(['exclude', index], message));
    const { attribution: of } = written;
    if (typeof of === 'object' && steps !== null && of.step > steps) report(['attribution', 'step'], `there are only ${steps} steps`);
  },
  build: (written, base, select) => ({
    ...base,
    kind: 'funnel',
    unit: written.unit,
    steps: written.steps.map((step, index) => select(step, ['steps', index])),
    windowMs: durationMs(written.window) ?? 0,
    lookback: written.lookback,
    order: written.order,
    attempt: written.attempt,
    // Their order means nothing, and must not: a register's masks are by their places.
    exclude: written.exclude
      .map((each, index): Exclusion => {
        const isSelect = each.select !== undefined;
        return { select: select(selectorOf(each), ['exclude', index, isSelect ? 'select' : 'event']), between: each.between, effect: each.effect };
      })
      .toSorted((a, b) => (exclusionText(a) < exclusionText(b) ? -1 : 1))
      .filter((each, index, all) => index === 0 || exclusionText(each) !== exclusionText(all[index - 1] ?? each)),
    attribution: written.attribution,
    sliceRanges: written.sliceRanges,
  }),
  meaning: (metric) => ({
    steps: metric.steps.map((step) => step.anyOf),
    windowMs: metric.windowMs,
    lookback: metric.lookback,
    order: metric.order,
    attempt: metric.attempt,
    exclude: metric.exclude.map(exclusionMeaning),
    ...sliceMeaning(metric),
  }),
  sentence(metric) {
    const steps = metric.order === 'any' ? list(metric.steps.map(selection)) : metric.steps.map(selection).join(', then ');
    const excluded = metric.exclude.map((each) => `; ${exclusionWords(each)}`).join('');
    return `Funnel: ${steps}, ${ORDER[metric.order]} within ${span(metric.windowMs)} of the first event; each opening event is an attempt of its own, counted in its ${bucket(metric)}${excluded}; people are distinct over any range of up to ${plural(metric.lookback, metric.unit)}, by ${metric.attempt === 'first' ? 'their first' : 'the furthest'} attempt${alsoBy(metric)}${attributionWords(metric)}.`;
  },
  // Per step its entries, and the openings by the gap to the actor's one before, or beyond the lookback; and the histograms of its times.
  bound: ({ steps, lookback, windowMs, unit: of, sliceRanges }) => ({
    cells: steps.length * (lookback + 2) + (steps.length - 1) * timesCells(windowMs),
    bytes: steps.length * (timesBytes() + 8),
    // Of each open bucket and step its entries, its gap, and two times of three integers each.
    sums: openBuckets(of, Math.ceil(windowMs / SHORTEST_MS[of])) * steps.length * 8,
    bytesPerSliceValue: steps.length * (sliceRanges ? daysBytes(of, Math.ceil(windowMs / SHORTEST_MS[of])) : 8),
  }),
  fields: ({ steps }) => steps.flatMap((_, index) => FIELDS.map((field) => `step.${index + 1}.${field}`)),
} satisfies Kind<Written, FunnelDefinition>;
