/** Funnels said in SQL: windowFunnel with its modes over what follows each opening event, and arrays where it has no words. */
import type { ClickHouseConnection } from '@tidemark/clickhouse';
import { type Buckets, type Combination, days, figuresTable, kolkataMonths, MIDDLE, MIDDLE_DAYS, MIDDLE_WEEKS, weeks } from './sql-oracle-shop.ts';
import { type Body, type Entry, list, row, sliced, type Table } from './sql-tables.ts';

/*
 * Where windowFunnel differs from the definition language, and what is done about it:
 * - it judges all openings of an actor together: here its first condition is one opening event, in a group of that opening;
 * - one event may be two steps, and equal instants have an order: no person of these events does two things at one instant, and a later step
 *   of the first one's name asks for a later time; a name three times is counted instead;
 * - 'strict_order' lets a step repeat itself (Opened, Chosen, Chosen, Booked reaches 3): 'strict_deduplication' beside it stops there;
 * - its window includes the end, as ours does.
 */
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** At least the longest window here. */
const LONGEST_WINDOW_MS = 3 * DAY_MS;

/** Creates `followed`: for each event of the shop, as an opening, it and what the same actor did after it. One actor never does two things at one instant. */
export async function createFollowed(database: ClickHouseConnection): Promise<void> {
  await database.run('DROP TABLE IF EXISTS followed');
  await database.run(`CREATE TABLE followed ENGINE = MergeTree ORDER BY (n0, actor, t0) AS
SELECT o.actor AS actor, o.n AS n0, o.time_ms AS t0, o.channel AS channel, o.vip AS vip, e.n AS n, e.time_ms AS time_ms, e.vip AS step_vip, e.written_vip AS written_vip
FROM shop AS o JOIN shop AS e ON o.actor = e.actor WHERE e.time_ms BETWEEN o.time_ms AND o.time_ms + ${LONGEST_WINDOW_MS}`);
}

interface Funnel {
  /** A SELECT of v, actor, t0 and depth; no row for an attempt that does not count. */
  readonly attempts: (value: string) => string;
  readonly buckets: Buckets;
  readonly attempt?: 'furthest' | 'first';
  /** Whether slices have distinct actors over the range too. */
  readonly sliceRanges?: boolean;
}

/** Entries, and distinct actors by their furthest or first attempt, per bucket and over everything. */
function reached(
  database: ClickHouseConnection,
  value: string,
  { attempts, buckets, attempt = 'furthest', sliceRanges = true }: Funnel,
): Promise<Table> {
  const depth = attempt === 'first' ? 'argMin(depth, t0)' : 'max(depth)';
  const start = buckets.start.replaceAll('time_ms', 't0');
  const tables = ['toString(b)', `''`].map((bucket) => {
    const entries = `SELECT v, ${bucket} AS bucket, concat('entries', toString(s)), count() FROM opened ARRAY JOIN range(1, depth + 1) AS s GROUP BY v, bucket, s`;
    const uniques = `SELECT v, bucket, concat('uniques', toString(s)), count() FROM (
  SELECT v, ${bucket} AS bucket, actor, ${depth} AS d FROM opened GROUP BY v, bucket, actor) ARRAY JOIN range(1, d + 1) AS s GROUP BY v, bucket, s`;
    const isServed = bucket !== `''` || value === `''` || sliceRanges;
    return isServed ? `${entries} UNION ALL ${uniques}` : entries;
  });
  return figuresTable(
    database,
    `WITH opened AS (SELECT v, actor, t0, ${start} AS b, toUInt32(depth) AS depth FROM (${attempts(value)})) ${tables.join(' UNION ALL ')}`,
  );
}

/** windowFunnel over what follows each opening: its first condition is the opening event itself, so that each is an attempt of its own. */
function windowFunnel(options: { steps: readonly string[]; windowMs: number; modes?: readonly string[] }): Funnel['attempts'] {
  const { steps, windowMs, modes = [] } = options;
  const [first = '', ...others] = steps.map((names) => `n IN (${names})`);
  const parameters = [String(windowMs), ...modes.map((mode) => `'${mode}'`)];
  const conditions = ['time_ms = t0', ...others.map((step) => `${step} AND time_ms > t0`)];
  return (value) =>
    `SELECT ${value} AS v, actor, t0, windowFunnel(${parameters.join(', ')})(toUInt64(time_ms), ${conditions.join(', ')}) AS depth
FROM followed WHERE ${first.replace('n IN', 'n0 IN')} GROUP BY v, actor, t0`;
}

/** In any order, with steps of one name each: how many of the names occur. */
function distinctSteps(names: string, windowMs: number): Funnel['attempts'] {
  return (value) =>
    `SELECT ${value} AS v, actor, t0, uniqExact(n) AS depth FROM followed
WHERE n0 IN (${names}) AND n IN (${names}) AND time_ms <= t0 + ${windowMs} GROUP BY v, actor, t0`;
}

const OPENED_CHOSEN_BOOKED_MS = 6 * HOUR_MS;

/** Opened, Chosen, Booked within six hours by arrays: t0, t2 and t3 (0 = not reached), d, and the instants of `excluding`. */
function instants(excluding: string, more = ''): string {
  const inWindow = `time_ms > t0 AND time_ms <= t0 + ${OPENED_CHOSEN_BOOKED_MS}`;
  return `SELECT actor, t0, any(channel) AS v0, any(vip) AS vip0, t0 + ${OPENED_CHOSEN_BOOKED_MS} AS until,
  minIf(time_ms, n = 'Chosen' AND ${inWindow}) AS t2,
  if(t2 = 0, 0, arrayMin(arrayFilter(x -> x > t2, groupArrayIf(time_ms, n = 'Booked' AND ${inWindow})))) AS t3,
  1 + (t2 > 0) + (t2 > 0 AND t3 > 0) AS d, groupArrayIf(time_ms, n = '${excluding}') AS hits${more}
FROM followed WHERE n0 = 'Opened' GROUP BY actor, t0`;
}

/** An excluding event strictly between two instants. */
const hit = (after: string, before: string): string => `arrayExists(x -> x > ${after} AND x < ${before}, hits)`;
const T3_OR_END = 'if(t3 > 0, t3, until)';
const T2_OR_END = 'if(t2 > 0, t2, until)';
/** What vip shows at the steps taken, in their order: the written value, and the one that answers name. */
const SHOWN = `, groupArray((time_ms, written_vip)) AS vips`;
const vipAt = (instant: string): string => `arrayFirst(x -> x.1 = ${instant}, vips).2`;
const named = (written: string): string => `if(${written} = '', '$other', ${written})`;
const attributed = (value: string, written: string): string => (value === `''` ? `''` : named(written));

const funnel =
  (options: Funnel): Combination['recompute'] =>
  (database, value) =>
    reached(database, value, options);

/** Seconds between steps become whole milliseconds: the mean is exact, so its sum is too. */
const timesOf = (bodies: readonly Body[]): readonly Entry[] =>
  bodies.flatMap((body) =>
    sliced(body).flatMap(({ figures }) => {
      const rows = body['isByBucket'] === true ? list(figures['buckets']) : [{ ...figures, bucket: '' }];
      return rows.flatMap(({ bucket, steps }: Body) =>
        list(steps).flatMap(({ step, fromPrevious, fromFirst }) => {
          const sumMs = ({ n, mean }: { n: number; mean: number }): number => Math.round(n * mean * 1_000);
          return [
            row('', bucket, `n${step}`, Object(fromFirst).n),
            row('', bucket, `previousMs${step}`, sumMs(Object(fromPrevious))),
            row('', bucket, `firstMs${step}`, sumMs(Object(fromFirst))),
          ];
        }),
      );
    }),
  );

/** Distinct actors over the range that was asked. */
function rangeUniques(bodies: readonly Body[]): readonly Entry[] {
  const ranges = bodies.filter(({ isByBucket }) => isByBucket !== true).flatMap(sliced);
  return ranges.flatMap(({ value, figures }) => list(figures['steps']).map(({ step, uniques }) => row(value, '', `uniques${step}`, uniques)));
}

function timesTable(database: ClickHouseConnection): Promise<Table> {
  const start = days.start.replaceAll('time_ms', 't0');
  const earliest = (reach: string, previous: string, first: string, step: number): string =>
    `SELECT ${start} AS b, ${step} AS step, argMin(${previous}, t0) AS p, argMin(${first}, t0) AS f FROM (${instants('')}) WHERE ${reach} GROUP BY b, actor`;
  const pairs = `${earliest('d >= 2', 't2 - t0', 't2 - t0', 2)} UNION ALL ${earliest('d >= 3', 't3 - t2', 't3 - t0', 3)}`;
  return figuresTable(
    database,
    `SELECT '', bucket, concat(f.1, toString(step)), f.2 FROM (
  SELECT arrayJoin([toString(b), '']) AS bucket, step, count() AS n, sum(p) AS ps, sum(f) AS fs FROM (${pairs}) GROUP BY bucket, step)
ARRAY JOIN [('n', toInt64(n)), ('previousMs', toInt64(ps)), ('firstMs', toInt64(fs))] AS f`,
  );
}

export const funnelCombinations: readonly Combination[] = [
  {
    metric: 'f_window',
    said: 'windowFunnel from each opening, uniqExact per bucket, range and slice',
    recompute: funnel({ attempts: windowFunnel({ steps: [`'Opened'`, `'Viewed'`, `'Chosen'`, `'Booked'`], windowMs: 3 * HOUR_MS }), buckets: days }),
  },
  {
    metric: 'f_first',
    said: 'windowFunnel, argMin(depth, opening)',
    recompute: funnel({
      attempts: windowFunnel({ steps: [`'Opened'`, `'Chosen'`, `'Booked'`], windowMs: DAY_MS }),
      buckets: weeks,
      attempt: 'first',
    }),
  },
  {
    metric: 'f_repeated',
    said: 'windowFunnel whose second step is the same name later',
    recompute: funnel({ attempts: windowFunnel({ steps: [`'Opened'`, `'Opened'`, `'Chosen'`], windowMs: 3 * DAY_MS }), buckets: days }),
  },
  {
    metric: 'f_thrice',
    said: 'least(count(), 3): a name three times, which windowFunnel would let one event be twice',
    recompute: funnel({
      attempts: (value) =>
        `SELECT ${value} AS v, actor, t0, least(count(), 3) AS depth FROM followed WHERE n0 = 'Viewed' AND n = 'Viewed' AND time_ms <= t0 + ${DAY_MS} GROUP BY v, actor, t0`,
      buckets: days,
    }),
  },
  {
    metric: 'f_strict',
    said: `windowFunnel('strict_order', 'strict_deduplication') from each opening`,
    recompute: funnel({
      attempts: windowFunnel({ steps: [`'Opened'`, `'Chosen'`, `'Booked'`], windowMs: 3 * HOUR_MS, modes: ['strict_order', 'strict_deduplication'] }),
      buckets: days,
    }),
  },
  {
    metric: 'f_strict_first',
    said: `windowFunnel('strict_order') with a step of two names, argMin(depth, opening)`,
    recompute: funnel({
      attempts: windowFunnel({ steps: [`'Opened'`, `'Viewed', 'Chosen'`], windowMs: 30 * MINUTE_MS, modes: ['strict_order'] }),
      buckets: days,
      attempt: 'first',
    }),
  },
  {
    metric: 'f_any',
    said: 'uniqExact of the names in the window',
    recompute: funnel({ attempts: distinctSteps(`'Viewed', 'Chosen', 'Booked'`, 12 * HOUR_MS), buckets: days, sliceRanges: false }),
  },
  {
    metric: 'f_any_first',
    said: 'uniqExact of the names in the window, argMin(depth, opening)',
    recompute: funnel({ attempts: distinctSteps(`'Opened', 'Booked', 'Visited'`, HOUR_MS), buckets: kolkataMonths, attempt: 'first' }),
  },
  {
    metric: 'f_drop',
    said: 'arrayExists strictly between the instants of steps 1 and 3, or the window',
    recompute: funnel({
      attempts: (value) => `SELECT ${value} AS v, actor, t0, d AS depth FROM (${instants('Viewed')}) WHERE NOT ${hit('t0', T3_OR_END)}`,
      buckets: days,
    }),
  },
  {
    metric: 'f_drop_first',
    said: 'the same between steps 2 and 3, argMin(depth, opening) of what is left',
    recompute: funnel({
      attempts: (value) => `SELECT ${value} AS v, actor, t0, d AS depth FROM (${instants('Visited')}) WHERE NOT (t2 > 0 AND ${hit('t2', T3_OR_END)})`,
      buckets: weeks,
      attempt: 'first',
    }),
  },
  {
    metric: 'f_end',
    said: 'if(arrayExists(…), 1, depth)',
    recompute: funnel({
      attempts: (value) => `SELECT ${value} AS v, actor, t0, if(${hit('t0', T2_OR_END)}, 1, d) AS depth FROM (${instants('Viewed')})`,
      buckets: days,
    }),
  },
  {
    metric: 'f_last',
    said: 'arrayLast of what the taken steps show',
    recompute: funnel({
      attempts: (value) =>
        `SELECT ${attributed(value, `arrayLast(x -> x != '', [${vipAt('t0')}, if(d >= 2, ${vipAt('t2')}, ''), if(d >= 3, ${vipAt('t3')}, '')])`)} AS v, actor, t0, d AS depth
FROM (${instants('', SHOWN)})`,
      buckets: days,
    }),
  },
  {
    metric: 'f_step',
    said: 'the value at the instant of step 2',
    recompute: funnel({
      attempts: (value) => `SELECT ${attributed(value, `if(d >= 2, ${vipAt('t2')}, '')`)} AS v, actor, t0, d AS depth FROM (${instants('', SHOWN)})`,
      buckets: days,
      sliceRanges: false,
    }),
  },
  {
    metric: 'f_times',
    said: 'sum(argMin(step - step before, opening)) per actor and bucket: the times',
    recompute: (database) => timesTable(database),
    served: timesOf,
  },
  {
    metric: 'f_window',
    said: 'windowFunnel over all of an actor, its first condition within a range of days',
    range: MIDDLE,
    totalOnly: true,
    recompute: (database) =>
      figuresTable(
        database,
        `SELECT '', '', concat('uniques', toString(s)), count() FROM (
  SELECT actor, windowFunnel(${3 * HOUR_MS})(toUInt64(time_ms), n = 'Opened' AND ${days.start} ${MIDDLE_DAYS}, n = 'Viewed', n = 'Chosen', n = 'Booked') AS depth
  FROM shop GROUP BY actor) ARRAY JOIN range(1, toUInt32(depth) + 1) AS s GROUP BY s`,
      ),
    served: rangeUniques,
  },
  {
    metric: 'f_first',
    said: 'windowFunnel, argMin(depth, opening) among the openings of a range of weeks',
    range: MIDDLE,
    recompute: (database, value) => {
      const attempts = windowFunnel({ steps: [`'Opened'`, `'Chosen'`, `'Booked'`], windowMs: DAY_MS })(value);
      return figuresTable(
        database,
        `SELECT v, '', concat('uniques', toString(s)), count() FROM (
  SELECT v, actor, argMin(depth, t0) AS d FROM (${attempts}) WHERE ${weeks.start.replaceAll('time_ms', 't0')} ${MIDDLE_WEEKS} GROUP BY v, actor)
ARRAY JOIN range(1, toUInt32(d) + 1) AS s GROUP BY v, s`,
      );
    },
    served: rangeUniques,
  },
];
