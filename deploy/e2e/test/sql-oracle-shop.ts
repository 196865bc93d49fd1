/** The shop's events as a table for the SQL oracle, and how it names buckets, values and figures. */
import type { ClickHouseConnection } from '@tidemark/clickhouse';
import { createCounted, type SqlRow } from './sql-recompute.ts';
import { type Body, type Entry, row, type Table, tableOf } from './sql-tables.ts';

/** One option, or several together, that SQL can say: recomputed for the total and for each slice that the metric has. */
export interface Combination {
  readonly metric: string;
  /** The SQL that says it. */
  readonly said: string;
  /** Asked instead of the whole history. */
  readonly range?: { readonly fromMs: number; readonly toMs: number };
  /** The SQL has no words for slices. */
  readonly totalOnly?: boolean;
  /** `value` is the expression of the slice value, `''` in quotes for the total. */
  recompute(database: ClickHouseConnection, value: string): Promise<Table>;
  /** What is served of it, where that is not all that `servedTable` knows of the kind. */
  readonly served?: (bodies: readonly Body[]) => readonly Entry[];
  /** What is served of it beyond what `servedTable` knows. */
  readonly also?: (bodies: readonly Body[]) => readonly Entry[];
}

/** Three weeks and a day in the middle of the history. */
export const MIDDLE = { fromMs: Date.UTC(2024, 2, 15, 12), toMs: Date.UTC(2024, 3, 5, 12) };
export const MIDDLE_DAYS = `BETWEEN '2024-03-15' AND '2024-04-05'`;
export const MIDDLE_WEEKS = `BETWEEN '2024-03-11' AND '2024-04-01'`;

/** A bucket is the date of its first day, by ClickHouse's calendar. */
export interface Buckets {
  /** Of `time_ms`. */
  readonly start: string;
  /** How many buckets one date lies after another. */
  between(from: string, to: string): string;
}

function localDate(zone: string): string {
  return `toDate(toTimeZone(fromUnixTimestamp64Milli(time_ms), '${zone}'))`;
}

const daysBetween = (from: string, to: string): string => `(toInt32(${to}) - toInt32(${from}))`;

export const days: Buckets = { start: localDate('Europe/Berlin'), between: daysBetween };
export const weeks: Buckets = {
  start: `toMonday(${localDate('Europe/Berlin')})`,
  between: (from, to) => `intDiv(${daysBetween(from, to)}, 7)`,
};
export const newYorkWeeks: Buckets = { ...weeks, start: `toStartOfWeek(${localDate('America/New_York')}, 0)` };
export const kolkataMonths: Buckets = {
  start: `toStartOfMonth(${localDate('Asia/Kolkata')})`,
  between: (from, to) => `dateDiff('month', ${from}, ${to})`,
};

/** Creates `shop`: every event that counts and passes the set's filter, slice values as answers name them. Answers the outcomes. */
export async function createShop(database: ClickHouseConnection): Promise<Record<string, number>> {
  const outcomes = await createCounted(database);
  const property = (name: string): string => `value, 'properties', '${name}'`;
  await database.run('DROP TABLE IF EXISTS shop');
  await database.run(`CREATE TABLE shop ENGINE = MergeTree ORDER BY (actor, time_ms) AS
SELECT actor, time_ms, if(type = 'track', event, concat('$', type)) AS n,
  JSONExtractString(${property('channel')}) AS written_channel,
  if(written_channel IN ('app', 'web', 'call_centre'), written_channel, '$other') AS channel,
  JSONExtractString(value, 'context', 'device', 'type') AS written_device,
  if(written_device IN ('ios', 'android'), written_device, '$other') AS device,
  JSONExtractRaw(${property('vip')}) AS written_vip, if(written_vip = '', '$other', written_vip) AS vip,
  JSONExtractString(${property('plan')}) AS plan,
  JSONType(${property('amount')}) IN ('Double', 'Int64', 'UInt64') AS has_amount,
  JSONExtractRaw(${property('amount')}) AS amount
FROM counted JOIN (SELECT partition, offset, assumeNotNull(value) AS value FROM events FINAL) AS archived USING (partition, offset)
WHERE app = 'shop'`);
  return outcomes;
}

/** Rows of value, bucket, name of a figure, integer. */
export async function figuresTable(database: ClickHouseConnection, sql: string): Promise<Table> {
  const rows: readonly SqlRow[] = await database.select(sql);
  return tableOf(rows.map(([value, bucket, name, integer]) => row(value, bucket, name, integer)));
}
