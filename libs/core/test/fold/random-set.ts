/** Arbitrary sets of metrics: every kind with every option that the fold and the oracle know, over few names and properties so that much matches. */
import fc from 'fast-check';
import type {
  ActivationDefinition,
  ActivityDefinition,
  Clause,
  Condition,
  Dimension,
  Exclusion,
  FunnelDefinition,
  KpiDefinition,
  Measure,
  MetricBase,
  MetricDefinition,
  MetricSet,
  RetentionDefinition,
  Selector,
  SimpleMeasure,
  Unit,
} from '../../src/definition.ts';
import { type DrawnFormula, drawnFormula, formulaOver } from './random-formula.ts';

/** `TIDEMARK_KIND=retention` draws metrics of one kind alone, to look at it closely. */
const ONLY_KIND = process.env['TIDEMARK_KIND'];

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Half-hour shifts, clock changes at midnight, a date skipped (Apia), and offsets by the minute. */
const ZONES = [
  'UTC',
  'Asia/Yerevan',
  'Europe/Berlin',
  'America/New_York',
  'America/St_Johns',
  'Australia/Lord_Howe',
  'America/Sao_Paulo',
  'Pacific/Apia',
  'Africa/Casablanca',
];

/**
 * What times a scenario is made of: the unit of most of its buckets, and the grain of its instants. Windows and lateness are whole grains, so that
 * events fall on their ends; a history of some dozens of events touches some dozens of buckets, so that most of them matter to each other.
 */
export interface Pace {
  readonly unit: Unit;
  readonly grainMs: number;
}

export const PACES: readonly Pace[] = [
  { unit: 'hour', grainMs: HOUR_MS / 12 },
  { unit: 'hour', grainMs: HOUR_MS / 2 },
  { unit: 'hour', grainMs: HOUR_MS },
  { unit: 'day', grainMs: HOUR_MS },
  { unit: 'day', grainMs: 6 * HOUR_MS },
  { unit: 'day', grainMs: DAY_MS },
  { unit: 'week', grainMs: DAY_MS },
  { unit: 'week', grainMs: 3 * DAY_MS },
  { unit: 'month', grainMs: 3 * DAY_MS },
  { unit: 'month', grainMs: 15 * DAY_MS },
];

/** Names that selectors use; events have one more. */
export const NAMES = ['A', 'A', 'A', 'B', 'B', 'C', '$page', '$identify'];
export const PLANS = ['pro', 'free', '', 5, '5', true, null];

const PLAN = ['properties', 'plan'];
const AMOUNT = ['properties', 'amount'];

const simpleCondition: fc.Arbitrary<Condition> = fc.oneof(
  fc.uniqueArray(fc.constantFrom(...PLANS), { minLength: 1, maxLength: 3 }).map((values): Condition => ({ test: 'in', values })),
  fc.constantFrom<Condition>(
    { test: 'range', gt: 0 },
    { test: 'range', gte: 5, lt: 100 },
    { test: 'range', lte: 5 },
    { test: 'exists', exists: true },
    { test: 'exists', exists: false },
  ),
);
const condition: fc.Arbitrary<Condition> = fc.oneof(
  { weight: 3, arbitrary: simpleCondition },
  { weight: 1, arbitrary: simpleCondition.map((inner): Condition => ({ test: 'not', condition: inner })) },
);
const clause: fc.Arbitrary<Clause> = fc.record({ path: fc.constantFrom(PLAN, AMOUNT), condition });
const where = fc.oneof({ weight: 8, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.array(clause, { minLength: 1, maxLength: 3 }) });
const term = fc.record({ event: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...NAMES) }, { weight: 1, arbitrary: fc.constant('*') }), where });
const selector: fc.Arbitrary<Selector> = fc
  .oneof({ weight: 3, arbitrary: fc.tuple(term) }, { weight: 1, arbitrary: fc.array(term, { minLength: 2, maxLength: 3 }) })
  .map((anyOf) => ({ name: anyOf.map(({ event }) => event).join(' or '), anyOf }));

function unitOf(pace: Pace): fc.Arbitrary<Unit> {
  return fc.oneof(
    { weight: 5, arbitrary: fc.constant(pace.unit) },
    { weight: 1, arbitrary: fc.constantFrom<Unit[]>('hour', 'day', 'week', 'month') },
  );
}

/** `TIDEMARK_HELD=100` draws little else than slices by held values. */
const HELD_WEIGHT = Number(process.env['TIDEMARK_HELD'] ?? 1);

const base = fc.record({
  timezone: fc.constantFrom(...ZONES),
  weekStart: fc.constantFrom('monday', 'sunday'),
  slices: fc.oneof(
    { weight: 2, arbitrary: fc.subarray([['plan'], ['city']]) },
    { weight: 1, arbitrary: fc.subarray([['plan'], ['city'], ['city', 'plan'], ['plan', 'city', 'size']], { minLength: 1 }) },
    { weight: HELD_WEIGHT, arbitrary: fc.subarray([['held'], ['came'], ['plan'], ['came', 'held']], { minLength: 1 }) },
  ),
});
type Base = Pick<MetricBase, 'timezone' | 'weekStart' | 'slices'>;

function based<T>(own: Base & T): Base & T & Pick<MetricBase, 'id' | 'freshnessMs' | 'revision'> {
  return { id: '', freshnessMs: 60_000, revision: '0'.repeat(16), ...own };
}

const whole = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max });

const retention = (pace: Pace): fc.Arbitrary<RetentionDefinition> =>
  fc
    .tuple(
      base,
      fc.record({
        unit: unitOf(pace).map((unit) => (unit === 'hour' ? 'day' : unit)),
        start: selector,
        return: selector,
        columns: fc.uniqueArray(whole(1, 8), { minLength: 1, maxLength: 5 }).map((columns) => columns.sort((a, b) => a - b)),
        entry: fc.constantFrom('every', 'first_ever', 'first_matching'),
        isRolling: fc.boolean(),
        isSame: fc.boolean(),
        ends: fc.array(fc.tuple(fc.constantFrom(0, 0, 1, 2, 5), fc.constantFrom(0, 0, 1, 3)), { maxLength: 3 }),
        minReturns: fc.constantFrom(1, 1, 1, 2, 3),
      }),
    )
    .map(([shared, { isRolling, isSame, ends, ...own }]) => {
      const last = own.columns.at(-1) ?? 0;
      return based({
        ...shared,
        ...own,
        kind: 'retention',
        interval: isRolling && own.entry !== 'every' ? 'rolling' : 'calendar',
        brackets: ends.map(([from, length]): [number, number] => [Math.min(from, last), Math.min(from + length, last)]),
        sliceReturn: isSame && own.entry === 'every' ? 'same' : 'any',
      });
    });

const funnel = (pace: Pace): fc.Arbitrary<FunnelDefinition> =>
  fc
    .tuple(
      base,
      fc.record({
        unit: unitOf(pace),
        steps: fc.array(selector, { minLength: 2, maxLength: 4 }),
        windowMs: fc.constantFrom(1, 2, 3, 6, 15, 40, 100).map((grains) => grains * pace.grainMs),
        lookback: whole(1, 10),
        order: fc.constantFrom<FunnelDefinition['order'][]>('ordered', 'ordered', 'any', 'strict'),
        attempt: fc.constantFrom<FunnelDefinition['attempt'][]>('furthest', 'first'),
        sliceRanges: fc.boolean(),
        attribution: fc.oneof(
          fc.constantFrom<FunnelDefinition['attribution'][]>('entry', 'first', 'last'),
          whole(1, 4).map((step) => ({ step })),
        ),
        exclude: fc.array(
          fc.record({ select: selector, from: whole(1, 3), more: whole(1, 3), effect: fc.constantFrom<Exclusion['effect'][]>('drop', 'end') }),
          { maxLength: 2 },
        ),
      }),
    )
    .map(([shared, { exclude, attribution, ...own }]) => {
      const last = own.steps.length;
      const exclusions = exclude.map(({ select, from, more, effect }): Exclusion => {
        const i = Math.min(from, last - 1);
        return { select, between: [i, Math.min(last, i + more)], effect };
      });
      return based({
        ...shared,
        ...own,
        kind: 'funnel',
        attribution: typeof attribution === 'object' ? { step: Math.min(attribution.step, last) } : attribution,
        exclude: own.order === 'strict' ? [] : exclusions,
      });
    });

const activation = (pace: Pace): fc.Arbitrary<ActivationDefinition> =>
  fc
    .tuple(
      base,
      fc.record({
        unit: unitOf(pace),
        start: selector,
        entry: fc.constantFrom('every', 'first_ever', 'first_matching'),
        withinGrains: fc.constantFrom(0, 1, 3, 6, 15, 40, 100, null),
        conditions: fc.array(fc.record({ select: selector, atLeast: fc.constantFrom(1, 1, 1, 2, 3) }), { minLength: 1, maxLength: 4 }),
        fewer: fc.constantFrom(0, 0, 1, 3),
        columns: fc.constantFrom(null, 0, 1, 5),
      }),
    )
    .map(([shared, { withinGrains, fewer, ...own }]) =>
      based({
        ...shared,
        ...own,
        kind: 'activation',
        // Without a window only actors with one entry.
        withinMs: withinGrains === null && own.entry !== 'every' ? null : (withinGrains ?? 10) * pace.grainMs,
        required: Math.max(1, own.conditions.length - fewer),
      }),
    );

const activity = (pace: Pace): fc.Arbitrary<ActivityDefinition> =>
  fc
    .tuple(
      base,
      fc.record({
        unit: unitOf(pace),
        event: selector,
        rolling: fc.subarray([1, 2, 3, 7], { minLength: 1 }),
        churnAfter: fc.constantFrom(1, 2, 5, 9),
        spare: fc.constantFrom(0, 0, 1, 5),
      }),
    )
    .map(([shared, { spare, ...own }]) => based({ ...shared, ...own, kind: 'activity', lookback: Math.max(own.churnAfter, ...own.rolling) + spare }));

const simpleMeasure: fc.Arbitrary<SimpleMeasure> = fc.oneof(
  selector.map((of): SimpleMeasure => ({ measure: 'count', of })),
  selector.map((of): SimpleMeasure => ({ measure: 'uniques', of })),
  fc.tuple(selector, fc.constantFrom(0, 2, 9)).map(([of, decimals]): SimpleMeasure => ({ measure: 'sum', of, path: AMOUNT, decimals })),
);
const measure: fc.Arbitrary<Measure> = fc.oneof(
  { weight: 3, arbitrary: simpleMeasure },
  {
    weight: 1,
    arbitrary: fc.tuple(simpleMeasure, simpleMeasure).map(([numerator, denominator]): Measure => ({ measure: 'ratio', numerator, denominator })),
  },
);
const kpi = (pace: Pace): fc.Arbitrary<KpiDefinition> =>
  fc
    .tuple(base, fc.record({ unit: unitOf(pace), measure, lookback: whole(1, 10) }))
    .map(([shared, own]) => based({ ...shared, ...own, kind: 'kpi' }));

const SIZE: Dimension = { name: 'size', path: AMOUNT, max: 50, values: ['1', '5'] };
const plan: fc.Arbitrary<Dimension> = fc.constantFrom<Dimension>(
  { name: 'plan', path: PLAN, max: 50 },
  { name: 'plan', path: PLAN, max: 50, values: ['pro', '5'] },
  { name: 'plan', path: PLAN, max: 50, values: ['free', '', 'true'] },
);

/** One to three metrics; equal selectors are likely, so that registers are shared. */
export function randomSet(pace: Pace): fc.Arbitrary<MetricSet> {
  const anyMetric = fc.oneof<fc.Arbitrary<MetricDefinition>[]>(retention(pace), funnel(pace), activation(pace), activity(pace), kpi(pace));
  const metric = ONLY_KIND === undefined ? anyMetric : anyMetric.filter(({ kind }) => kind === ONLY_KIND);
  return fc
    .record({
      plan,
      metrics: fc.array(metric, { minLength: 1, maxLength: 3 }),
      formulas: fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.array(drawnFormula, { minLength: 1, maxLength: 2 }) }),
      filter: fc.oneof({ weight: 8, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.array(clause, { minLength: 1, maxLength: 2 }) }),
    })
    .map(({ plan: closedOrOpen, metrics, formulas, filter }) => ({
      name: 'random',
      timezone: 'UTC',
      weekStart: 'monday',
      filter,
      dimensions: [
        closedOrOpen,
        { name: 'city', path: ['context', 'city'], max: 50 },
        SIZE,
        { ...closedOrOpen, name: 'held', hold: 'first' },
        { name: 'came', path: ['context', 'came'], max: 50, hold: 'first' },
      ],
      metrics: withFormulas(
        metrics.map((each, index) => ({ ...each, id: `m${index}` })),
        ONLY_KIND === undefined || ONLY_KIND === 'kpi' ? formulas : [],
      ),
      board: [],
      revision: '0'.repeat(16),
    }));
}

/** Each formula may name the ones before it. */
function withFormulas(metrics: readonly MetricDefinition[], drawn: readonly DrawnFormula[]): MetricDefinition[] {
  const all = [...metrics];
  for (const each of drawn) {
    const formula = formulaOver(all, each, `f${all.length}`);
    if (formula !== null) all.push(formula);
  }
  return all;
}
