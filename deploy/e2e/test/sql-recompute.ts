/** The independent second oracle: recomputes the figures of a set in SQL over the archive's events, and tells where the served ones differ. */

import type { ClickHouseConnection } from '@tidemark/clickhouse';
import type {
  ActivityDefinition,
  Clause,
  Dimension,
  FunnelDefinition,
  KpiDefinition,
  MetricDefinition,
  MetricSet,
  RetentionDefinition,
  Selector,
} from '@tidemark/core';

/** A row of a query; integers come as numbers. */
export type SqlRow = readonly unknown[];

/** The total, or one dimension of a set, over the events of a database. */
export interface Scope {
  readonly database: ClickHouseConnection;
  readonly set: MetricSet;
  /** The dimension's column, or `''` in quotes for the total. */
  readonly value: string;
}

const LATENESS_MS = 7 * 86_400_000;
/** Where the paths of the cabinet's definitions lie in `counted`. */
const COLUMNS: Readonly<Record<string, string>> = {
  'context.app.name': 'app',
  'properties.channel': 'channel',
  'properties.segment': 'segment',
  'properties.purchases': 'purchases',
  'context.device.type': 'device',
  'context.campaign.source': 'source',
  'properties.amount': 'amount',
};

/** Every archived event that counts: not late by its partition's clock, of several with one messageId the first. Answers the outcomes. */
export async function createCounted(database: ClickHouseConnection): Promise<Record<string, number>> {
  await database.run('DROP TABLE IF EXISTS sql_events');
  await database.run(`CREATE TABLE sql_events ENGINE = MergeTree ORDER BY (partition, offset) AS
SELECT partition, offset, time_ms, message_id, concat(actor_kind, ':', actor_id) AS actor, type, event,
  JSONExtractString(assumeNotNull(value), 'context', 'app', 'name') AS app,
  JSONExtractString(assumeNotNull(value), 'properties', 'channel') AS channel,
  JSONExtractString(assumeNotNull(value), 'properties', 'segment') AS segment,
  JSONExtractString(assumeNotNull(value), 'properties', 'purchases') AS purchases,
  JSONExtractString(assumeNotNull(value), 'context', 'device', 'type') AS device,
  JSONExtractString(assumeNotNull(value), 'context', 'campaign', 'source') AS source,
  JSONExtractRaw(assumeNotNull(value), 'properties', 'amount') AS amount
FROM events FINAL WHERE reason = '' AND NOT control`);
  await database.run('DROP TABLE IF EXISTS sql_judged');
  await database.run(`CREATE TABLE sql_judged ENGINE = MergeTree ORDER BY (partition, offset) AS
SELECT partition, offset, message_id,
  row_number() OVER (PARTITION BY partition ORDER BY offset) > 1
    AND time_ms < max(time_ms) OVER (PARTITION BY partition ORDER BY offset ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) - ${LATENESS_MS} AS late
FROM sql_events`);
  await database.run('DROP TABLE IF EXISTS counted');
  await database.run(`CREATE TABLE counted ENGINE = MergeTree ORDER BY (event, actor, time_ms) AS
SELECT * FROM sql_events WHERE (partition, offset) IN
  (SELECT partition, min(offset) FROM sql_judged WHERE NOT late GROUP BY partition, message_id)`);
  const [[read, late, applied] = []] = await database.select(
    'SELECT (SELECT count() FROM sql_events), (SELECT countIf(late) FROM sql_judged), (SELECT count() FROM counted)',
  );
  return { read: Number(read), late: Number(late), applied: Number(applied), duplicate: Number(read) - Number(late) - Number(applied) };
}

/** The column of a path. */
function columnOf(path: readonly string[]): string {
  const column = COLUMNS[path.join('.')];
  if (column === undefined) throw new Error(`no column for ${path.join('.')}`);
  return column;
}

/** The slice value by a dimension; of a closed list everything else, nothing included, is `$other`. */
export function sliceColumn({ path, values }: Dimension): string {
  const column = columnOf(path);
  return values === undefined ? column : `if(${column} IN (${values.map(quoted).join(', ')}), ${column}, '$other')`;
}

/** The condition that an event matches a selector of the set. */
function matching(set: MetricSet, { anyOf }: Selector): string {
  const terms = anyOf.map(({ event, where }) => {
    const named = event === '*' ? `type IN ('track', 'page', 'screen')` : `event = ${quoted(event)}`;
    return `(${[named, ...where.map(clause)].join(' AND ')})`;
  });
  return `(${[`(${terms.join(' OR ')})`, ...set.filter.map(clause)].join(' AND ')})`;
}

function clause({ path, condition }: Clause): string {
  if (condition.test !== 'in') throw new Error(`no SQL for a condition of kind ${condition.test}`);
  return `${columnOf(path)} IN (${condition.values.map((value) => quoted(String(value))).join(', ')})`;
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

interface BucketSql {
  /** The number of the bucket of `time_ms`, by ClickHouse's calendar and not ours. */
  readonly number: string;
  /** The name of the bucket of a number. */
  name(number: string): string;
}

function bucketOf({ unit, timezone, weekStart }: MetricDefinition): BucketSql {
  const local = `toTimeZone(fromUnixTimestamp64Milli(time_ms), ${quoted(timezone)})`;
  const day = `toInt32(toDate(${local}))`;
  const dayName = (number: string): string => `toString(addDays(toDate('1970-01-01'), ${number}))`;
  if (unit === 'hour') return { number: 'intDiv(time_ms, 3600000)', name: (hour) => hourName(`toDateTime((${hour}) * 3600, ${quoted(timezone)})`) };
  if (unit === 'day') return { number: day, name: dayName };
  // 1970-01-05 was a Monday, and the day before it a Sunday.
  const firstDay = weekStart === 'sunday' ? 3 : 4;
  if (unit === 'week') return { number: `intDiv(${day} - ${firstDay}, 7)`, name: (week) => dayName(`(${week}) * 7 + ${firstDay}`) };
  return {
    number: `dateDiff('month', toDate('1970-01-01'), toDate(${local}))`,
    name: (month) => `toString(addMonths(toDate('1970-01-01'), ${month}))`,
  };
}

/** The hour of an expression of type DateTime, with the offset from UTC that holds then: in whole hours of any zone. */
function hourName(hour: string): string {
  const offset = `timeZoneOffset(${hour})`;
  const digits = (part: string): string => `leftPad(toString(${part}), 2, '0')`;
  const sign = `if(${offset} < 0, '-', '+')`;
  const [hours, minutes] = [`intDiv(abs(${offset}), 3600)`, `intDiv(abs(${offset}) % 3600, 60)`];
  return `concat(formatDateTime(${hour}, '%Y-%m-%dT%H'), ${sign}, ${digits(hours)}, ':', ${digits(minutes)})`;
}

/** value, bucket, integer (cents of a sum), matching events (distinct actors of uniques). */
export function kpiRows({ database, set, value }: Scope, metric: KpiDefinition): Promise<readonly SqlRow[]> {
  const { measure } = metric;
  if (measure.measure === 'ratio' || measure.measure === 'formula') throw new Error(`no SQL for a ${measure.measure}`);
  const bucket = bucketOf(metric);
  const figures = {
    count: 'count(), count()',
    uniques: 'uniqExact(actor), uniqExact(actor)',
    sum:
      measure.measure === 'sum'
        ? `toInt64(sum(toDecimal128(${columnOf(measure.path)}, ${measure.decimals})) * ${10 ** measure.decimals}), count()`
        : '',
  }[measure.measure];
  return database.select(
    `SELECT v, ${bucket.name('b')}, x.1, x.2 FROM (
  SELECT ${value} AS v, ${bucket.number} AS b, (${figures}) AS x FROM counted WHERE ${matching(set, measure.of)} GROUP BY v, b)`,
  );
}

/** Creates `active`: value, actor, bucket, and the buckets of the same actor before and after. */
async function createActive({ database, set, value }: Scope, metric: ActivityDefinition): Promise<void> {
  await database.run('DROP TABLE IF EXISTS active');
  await database.run(`CREATE TABLE active ENGINE = MergeTree ORDER BY (v, actor, b) AS
SELECT v, actor, b, lagInFrame(b, 1, toInt64(-1)) OVER whole AS before, leadInFrame(b, 1, toInt64(1000000)) OVER whole AS after
FROM (SELECT DISTINCT ${value} AS v, actor, toInt64(${bucketOf(metric).number}) AS b FROM counted WHERE ${matching(set, metric.event)})
WINDOW whole AS (PARTITION BY v, actor ORDER BY b ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)`);
}

/** value, bucket, name of a figure, integer; zeros are left out. `uniques` has no bucket, stickiness the names `week:n` and `month:n`. */
export async function activityRows(scope: Scope, metric: ActivityDefinition): Promise<readonly SqlRow[]> {
  const { database } = scope;
  const bucket = bucketOf(metric);
  await createActive(scope, metric);
  const moves = `arrayJoin([('active', b), (multiIf(before = -1, 'new', before = b - 1, 'returning', 'resurrecting'), b),
    (if(after > b + 1, 'dormant', ''), b + 1), (if(after > b + ${metric.churnAfter}, 'churned', ''), b + ${metric.churnAfter})])`;
  const tables = [
    `SELECT v, ${bucket.name('m.2')}, m.1, count() FROM (SELECT v, ${moves} AS m FROM active) WHERE m.1 != '' GROUP BY v, m`,
    ...metric.rolling.map(
      (days) =>
        `SELECT v, ${bucket.name('j')}, 'rolling${days}', uniqExact(actor) FROM (SELECT v, actor, arrayJoin(range(b, b + ${days})) AS j FROM active) GROUP BY v, j`,
    ),
    `SELECT v, '', 'uniques', uniqExact(actor) FROM active GROUP BY v`,
  ];
  if (metric.unit === 'day') {
    for (const [period, start] of [
      ['week', 'toMonday'],
      ['month', 'toStartOfMonth'],
    ]) {
      tables.push(`SELECT v, toString(p), concat('${period}:', toString(n)), count() FROM (
  SELECT v, actor, ${start}(addDays(toDate('1970-01-01'), b)) AS p, count() AS n FROM active GROUP BY v, actor, p) GROUP BY v, p, n`);
    }
  }
  return (await Promise.all(tables.map((table) => database.select(table)))).flat();
}

/** value, cohort, k, actors of the cohort who returned in bucket k, actors whose last return up to the last column is k; k = 0: the size. */
export async function retentionRows({ database, set, value }: Scope, metric: RetentionDefinition): Promise<readonly SqlRow[]> {
  const bucket = bucketOf(metric);
  const start = matching(set, metric.start);
  const last = metric.columns.at(-1) ?? 0;
  const cohorts =
    metric.entry === 'every'
      ? `SELECT DISTINCT ${value} AS v, actor, ${bucket.number} AS b FROM counted WHERE ${start}`
      : `SELECT argMin(${value}, (time_ms, offset)) AS v, actor, min(${bucket.number}) AS b FROM counted WHERE ${start} GROUP BY actor`;
  const returns = `SELECT DISTINCT actor, ${bucket.number} AS r FROM counted WHERE ${matching(set, metric.return)}`;
  await database.run('DROP TABLE IF EXISTS returned');
  await database.run(`CREATE TABLE returned ENGINE = MergeTree ORDER BY (v, b) AS
SELECT v, b, arraySort(arrayFilter(k -> k BETWEEN 1 AND ${last}, arrayMap(day -> day - b, days))) AS ks
FROM (${cohorts}) AS c LEFT JOIN (SELECT actor, groupArray(r) AS days FROM (${returns}) GROUP BY actor) AS d USING actor`);
  return database.select(`SELECT v, ${bucket.name('b')}, x.1, sum(x.2), sum(x.3) FROM (
  SELECT v, b, arrayJoin(arrayConcat([(0, 1, 0)], arrayMap(k -> (toInt32(k), 1, k = ks[-1] ? 1 : 0), ks))) AS x FROM returned) GROUP BY v, b, x.1`);
}

/** value, bucket (`''`: the whole range), step, entries, distinct actors. */
export async function funnelRows({ database, set, value }: Scope, metric: FunnelDefinition): Promise<readonly SqlRow[]> {
  const bucket = bucketOf(metric);
  const [first, ...others] = metric.steps.map((step) => matching(set, step));
  const joins = others.map(
    (step, index) =>
      `LEFT JOIN (SELECT actor, arraySort(groupArray(time_ms)) AS times${index + 2} FROM counted WHERE ${step} GROUP BY actor) AS s${index + 2} USING actor`,
  );
  const instants = others.map((_, index) => {
    const [now, before] = [index + 2, index === 0 ? 'time_ms' : `t${index + 1}`];
    return `if(${before} = 0, 0, arrayFirst(x -> x >= ${before} AND x <= time_ms + ${metric.windowMs}, times${now})) AS t${now}`;
  });
  const depth = `1${others.map((_, index) => ` + (t${index + 2} > 0)`).join('')}`;
  await database.run('DROP TABLE IF EXISTS attempts');
  await database.run(`CREATE TABLE attempts ENGINE = MergeTree ORDER BY (v, b) AS
SELECT v, actor, b, time_ms, ${instants.join(', ')}, ${depth} AS depth
FROM (SELECT ${value} AS v, actor, ${bucket.number} AS b, time_ms FROM counted WHERE ${first}) AS o ${joins.join(' ')}`);
  const figures = 's, count(), uniqExact(actor) FROM attempts ARRAY JOIN range(1, toUInt32(depth) + 1) AS s';
  const answers = await Promise.all([
    database.select(`SELECT v, ${bucket.name('b')}, ${figures} GROUP BY v, b, s`),
    database.select(`SELECT v, '', ${figures} GROUP BY v, s`),
  ]);
  return answers.flat();
}

/** Actors by the deepest step that ClickHouse's own windowFunnel gives them over all time: step, actors who reached it. */
export async function windowFunnelUniques({ database, set }: Scope, metric: FunnelDefinition): Promise<readonly number[]> {
  const steps = metric.steps.map((step) => matching(set, step));
  const reached = metric.steps.map((_, index) => `countIf(depth >= ${index + 1})`);
  const [row = []] = await database.select(
    `SELECT ${reached.join(', ')} FROM (SELECT actor, windowFunnel(${metric.windowMs})(toUInt64(time_ms), ${steps.join(', ')}) AS depth FROM counted GROUP BY actor)`,
  );
  return row.map(Number);
}
