/** The figures by SQL over raw events, and over materialised views, in the engine that holds the archive. All run with the engine's own choice of settings. */
import type { ClickHouseConnection } from '@tidemark/clickhouse';
import { days, firstDay, startMs, steps, windowMs } from './events.ts';

/** `cohort|column` or `step` → actors. */
export type Figures = ReadonlyMap<string, number>;

export interface SqlPeer {
  readonly name: string;
  /** What it computes, which says what it is compared with. */
  readonly figure: 'retention' | 'one cohort' | 'funnel';
  /** A scan of raw events, or views that were kept as events came. */
  readonly over: 'events' | 'views';
  readonly sql: string;
  readonly read: (rows: readonly (readonly unknown[])[]) => Figures;
}

export const columns = 30;
/** Days of the first and the last cohort: what returns in the last column lies within the events. */
export const cohorts = { first: firstDay + 30, last: firstDay + 59 };
const lastDay = firstDay + days - 1;
const dayMs = 86_400_000;
const start = `event = '${steps[0]}'`;
const day = `toInt32(intDiv(time_ms, ${dayMs}))`;
const from = `time_ms >= ${cohorts.first * dayMs} AND time_ms < ${(cohorts.last + columns + 1) * dayMs}`;
const funnelRange = `time_ms >= ${startMs} AND time_ms < ${(lastDay + 1) * dayMs}`;
const stepConditions = steps.map((step) => `event = '${step}'`).join(', ');
const stepNames = steps.map((step) => `'${step}'`).join(', ');

const cells = (rows: readonly (readonly unknown[])[]): Figures =>
  new Map(rows.map(([cohort, column, count]) => [`${cohort}|${column}`, Number(count)]));
const oneCohort = (rows: readonly (readonly unknown[])[]): Figures => {
  const [counts] = rows[0] ?? [];
  return new Map((Array.isArray(counts) ? counts : []).map((count, column): [string, number] => [`${cohorts.first}|${column}`, Number(count)]));
};
const reached = (rows: readonly (readonly unknown[])[]): Figures =>
  new Map((rows[0] ?? []).map((count, step): [string, number] => [String(step + 1), Number(count)]));

/** Each actor's days, from which pairs of a cohort and a column are counted. */
function retentionSql(table: string, actor: string, settings = ''): string {
  return `SELECT c, toInt32(arrayJoin(arrayFilter(d -> d BETWEEN c AND c + ${columns}, ds))) - c AS k, count()
FROM (SELECT arrayJoin(cs) AS c, ds FROM (
  SELECT ${actor}, groupUniqArrayIf(${day}, ${start} AND ${day} <= ${cohorts.last}) AS cs, groupUniqArray(${day}) AS ds FROM ${table} WHERE ${from} GROUP BY ${actor}))
GROUP BY c, k${settings}`;
}

function funnelSql(table: string, actor: string, settings = ''): string {
  const counts = steps.map((_, index) => `countIf(depth >= ${index + 1})`).join(', ');
  return `SELECT ${counts} FROM (SELECT ${actor}, windowFunnel(${windowMs})(toUInt64(time_ms), ${stepConditions}) AS depth
FROM ${table} WHERE ${funnelRange} AND event IN (${stepNames}) GROUP BY ${actor})${settings}`;
}

const inOrder = ' SETTINGS optimize_aggregation_in_order = 1';
const cohortConditions = [
  `${day} = ${cohorts.first} AND ${start}`,
  ...Array.from({ length: columns }, (_, index) => `${day} = ${cohorts.first + index + 1}`),
];

export const sqlPeers: readonly SqlPeer[] = [
  { name: 'retention, GROUP BY actor over events', figure: 'retention', over: 'events', sql: retentionSql('events', 'actor_id'), read: cells },
  {
    name: 'retention, the same over events in the order of actors',
    figure: 'retention',
    over: 'events',
    sql: retentionSql('events_by_actor', 'actor', inOrder),
    read: cells,
  },
  {
    name: 'one cohort, retention()',
    figure: 'one cohort',
    over: 'events',
    sql: `SELECT sumForEach(r) FROM (SELECT actor_id, retention(${cohortConditions.join(', ')}) AS r FROM events
WHERE time_ms >= ${cohorts.first * dayMs} AND time_ms < ${(cohorts.first + columns + 1) * dayMs} GROUP BY actor_id)`,
    read: oneCohort,
  },
  { name: 'funnel, windowFunnel() over events', figure: 'funnel', over: 'events', sql: funnelSql('events', 'actor_id'), read: reached },
  {
    name: 'funnel, the same over events in the order of actors',
    figure: 'funnel',
    over: 'events',
    sql: funnelSql('events_by_actor', 'actor', inOrder),
    read: reached,
  },
  {
    name: 'retention, bitmaps of each day in AggregatingMergeTree',
    figure: 'retention',
    over: 'views',
    sql: `WITH any AS (SELECT day, groupBitmapMergeState(actors) AS actors FROM days_any WHERE day BETWEEN ${cohorts.first} AND ${cohorts.last + columns} GROUP BY day),
  starts AS (SELECT day, groupBitmapMergeState(actors) AS actors FROM days_start WHERE day BETWEEN ${cohorts.first} AND ${cohorts.last} GROUP BY day)
SELECT s.day, a.day - s.day AS k, bitmapAndCardinality(s.actors, a.actors) FROM starts AS s CROSS JOIN any AS a WHERE a.day BETWEEN s.day AND s.day + ${columns}`,
    read: cells,
  },
  {
    name: 'funnel, a windowFunnel() state of each actor in AggregatingMergeTree',
    figure: 'funnel',
    over: 'views',
    sql: `SELECT ${steps.map((_, index) => `countIf(depth >= ${index + 1})`).join(', ')}
FROM (SELECT actor, windowFunnelMerge(${windowMs})(attempt) AS depth FROM funnel_attempts GROUP BY actor)`,
    read: reached,
  },
];

/** Before the events come, which feed them. Actors are numbers to bitmaps, as a team would have to make them. */
export async function createViews(database: ClickHouseConnection): Promise<void> {
  const bitmap = 'AggregateFunction(groupBitmap, UInt32)';
  const actors = 'groupBitmapState(toUInt32(substring(actor_id, 2))) AS actors';
  for (const [name, condition] of [
    ['days_any', '1'],
    ['days_start', start],
  ]) {
    await database.run(`CREATE TABLE ${name} (day Int32, actors ${bitmap}) ENGINE = AggregatingMergeTree ORDER BY day`);
    await database.run(
      `CREATE MATERIALIZED VIEW ${name}_feed TO ${name} AS SELECT ${day} AS day, ${actors} FROM events WHERE ${condition} GROUP BY day`,
    );
  }
  const attempt = `windowFunnel(${windowMs})`;
  const types = steps.map(() => 'UInt8').join(', ');
  await database.run(
    `CREATE TABLE funnel_attempts (actor String, attempt AggregateFunction(${attempt}, UInt64, ${types})) ENGINE = AggregatingMergeTree ORDER BY actor`,
  );
  await database.run(
    `CREATE MATERIALIZED VIEW funnel_attempts_feed TO funnel_attempts AS SELECT actor_id AS actor,
windowFunnelState(${windowMs})(toUInt64(time_ms), ${stepConditions}) AS attempt FROM events WHERE event IN (${stepNames}) GROUP BY actor`,
  );
}
