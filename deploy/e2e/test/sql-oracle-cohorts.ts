/** Retention and activation said in SQL: the aggregate retention(), and joins of starts with returns. */
import type { ClickHouseConnection } from '@tidemark/clickhouse';
import { type Buckets, type Combination, days, figuresTable, kolkataMonths, newYorkWeeks, weeks } from './sql-oracle-shop.ts';
import { type Body, type Entry, list, row, type Table } from './sql-tables.ts';

const DAY_MS = 86_400_000;

/** Who starts: a SELECT of v, actor, b (the cohort) and t0. */
type Starts = (value: string) => string;

const every =
  (condition: string, { start }: Buckets): Starts =>
  (value) =>
    `SELECT ${value} AS v, actor, ${start} AS b, min(time_ms) AS t0 FROM shop WHERE ${condition} GROUP BY v, actor, b`;

const firstMatching =
  (condition: string, { start }: Buckets): Starts =>
  (value) =>
    `SELECT argMin(${value}, time_ms) AS v, actor, min(${start}) AS b, min(time_ms) AS t0 FROM shop WHERE ${condition} GROUP BY actor`;

/** The earliest of the name decides, whether it passes or not. */
const firstEver =
  (name: string, condition: string, { start }: Buckets): Starts =>
  (value) =>
    `SELECT argMin(${value}, time_ms) AS v, actor, min(${start}) AS b, min(time_ms) AS t0 FROM shop WHERE n = '${name}' GROUP BY actor HAVING argMin(${condition}, time_ms)`;

interface Retention {
  readonly starts: Starts;
  readonly returns: string;
  readonly columns: readonly number[];
  readonly brackets?: readonly (readonly [number, number])[];
  readonly minReturns?: number;
  readonly same?: boolean;
  /** The column of a return at `time_ms` for a start at `t0` in the bucket `b`; below 0 before it. */
  readonly column: string;
}

const calendarColumn = ({ start, between }: Buckets): string => between('b', start);
const rollingColumn = (unitMs: number): string => `if(time_ms < t0, -1, intDiv(time_ms - t0, ${unitMs}))`;

/** Of every member its columns with enough returns, then each figure that it counts for. Column 0 takes only what is later than the start. */
function retained(database: ClickHouseConnection, value: string, options: Retention): Promise<Table> {
  const { starts, returns, columns, brackets = [], minReturns = 1, same = false, column } = options;
  const join = same && value !== `''` ? `s.actor = r.actor AND s.v = r.${value}` : 's.actor = r.actor';
  const figures = [
    `['size']`,
    `arrayMap(k -> concat('retained', toString(k)), arrayFilter(k -> has([${columns}], k), ks))`,
    `arrayMap(k -> concat('onOrAfter', toString(k)), arrayFilter(k -> arrayExists(x -> x >= k, ks), [${columns}]))`,
    ...brackets.map(([from, to]) => `if(arrayExists(k -> k BETWEEN ${from} AND ${to}, ks), ['bracket${from}-${to}'], [])`),
  ];
  return figuresTable(
    database,
    `WITH reached AS (SELECT v, s.actor AS actor, b, ${column} AS k, countIf(time_ms > t0) AS c FROM (${starts(value)}) AS s
  JOIN (SELECT actor, channel, time_ms FROM shop WHERE ${returns}) AS r ON ${join} GROUP BY v, actor, b, k HAVING c >= ${minReturns})
SELECT v, toString(b), arrayJoin(arrayConcat(${figures.join(', ')})) AS f, count() FROM (
  SELECT s.v AS v, s.b AS b, s.actor, groupArrayIf(toInt32(k), k BETWEEN 0 AND ${columns.at(-1)} AND r.actor != '') AS ks
  FROM (${starts(value)}) AS s LEFT JOIN reached AS r ON s.v = r.v AND s.actor = r.actor AND s.b = r.b GROUP BY v, b, s.actor)
GROUP BY v, b, f`,
  );
}

/** By cohort and actor, ClickHouse's own retention(started, returned in column 1, 2, …), where the start is a fact of the bucket. */
async function byAggregate(
  database: ClickHouseConnection,
  { buckets, starts, returns, columns }: { buckets: Buckets; starts: Starts; returns: string; columns: number },
): Promise<Table> {
  const conditions = Array.from({ length: columns }, (_, index) => `${returns} AND ${buckets.between('b', buckets.start)} = ${index + 1}`);
  const name = (index: number): string => (index === 1 ? `'size'` : `'retained${index - 1}'`);
  const figures = Array.from({ length: columns + 1 }, (_, index) => `(${name(index + 1)}, r[${index + 1}])`);
  return figuresTable(
    database,
    `SELECT '', toString(b), f.1, sum(f.2) FROM (
  SELECT b, s.actor, retention(time_ms = t0, ${conditions.join(', ')}) AS r
  FROM (${starts(`''`)}) AS s JOIN shop AS e ON s.actor = e.actor GROUP BY b, s.actor)
ARRAY JOIN [${figures.join(', ')}] AS f GROUP BY b, f.1`,
  );
}

const list1to = (last: number): readonly number[] => Array.from({ length: last }, (_, index) => index + 1);
const ANY = `n != '$identify'`;

/** The aggregate knows nothing of "in k or later": only what it says is compared. */
const onlyOn = (bodies: readonly Body[]): readonly Entry[] =>
  bodies.flatMap(({ cohorts }) =>
    list(cohorts).flatMap(({ cohort, size, cells }) => [
      row('', cohort, 'size', size),
      ...list(cells).map((cell) => row('', cohort, `retained${cell['k']}`, cell['retained'])),
    ]),
  );

/** Beside what every retention has. */
const bracketsOf = (bodies: readonly Body[]): readonly Entry[] =>
  bodies.flatMap(({ cohorts }) =>
    list(cohorts).flatMap(({ cohort, value, size, cells, brackets }) => [
      row(value, cohort, 'size', size),
      ...list(cells).flatMap(({ k, retained: on, onOrAfter }) => [
        row(value, cohort, `retained${k}`, on),
        row(value, cohort, `onOrAfter${k}`, onOrAfter),
      ]),
      ...list(brackets).map(({ from, to, retained: within }) => row(value, cohort, `bracket${from}-${to}`, within)),
    ]),
  );

export const retentionCombinations: readonly Combination[] = [
  {
    metric: 'r_retention',
    said: 'the aggregate retention() by cohort and actor',
    recompute: (database) => byAggregate(database, { buckets: days, starts: every(`n = 'Opened'`, days), returns: `n = 'Booked'`, columns: 6 }),
    served: onlyOn,
  },
  {
    metric: 'r_retention_first',
    said: 'the aggregate retention() from the first start',
    recompute: (database) =>
      byAggregate(database, {
        buckets: weeks,
        starts: firstMatching(`n = 'Signed Up' AND plan = 'paid'`, weeks),
        returns: `n = 'Opened'`,
        columns: 4,
      }),
    served: onlyOn,
  },
  {
    metric: 'r_first_ever',
    said: 'HAVING argMin(passes, time); brackets by arrayExists; weeks by toStartOfWeek(…, 0)',
    recompute: (database, value) =>
      retained(database, value, {
        starts: firstEver('Signed Up', `plan = 'paid'`, newYorkWeeks),
        returns: ANY,
        columns: list1to(5),
        brackets: [
          [1, 2],
          [3, 5],
        ],
        column: calendarColumn(newYorkWeeks),
      }),
    served: bracketsOf,
  },
  {
    metric: 'r_brackets',
    said: 'a join of starts with returns; bracket [0, 0] by time > start',
    recompute: (database, value) =>
      retained(database, value, {
        starts: every(`n = 'Opened'`, days),
        returns: `n IN ('Viewed', 'Booked')`,
        columns: list1to(7),
        brackets: [
          [0, 0],
          [0, 3],
          [4, 7],
        ],
        column: calendarColumn(days),
      }),
    served: bracketsOf,
  },
  {
    metric: 'r_same',
    said: 'the same join, ON the value too',
    recompute: (database, value) =>
      retained(database, value, { starts: every(`n = 'Opened'`, days), returns: ANY, columns: list1to(7), same: true, column: calendarColumn(days) }),
  },
  {
    metric: 'r_twice',
    said: 'HAVING count() >= 3 by month of Kolkata',
    recompute: (database, value) =>
      retained(database, value, {
        starts: every(`n = 'Opened'`, kolkataMonths),
        returns: ANY,
        columns: [1, 2],
        minReturns: 3,
        column: calendarColumn(kolkataMonths),
      }),
  },
  {
    metric: 'r_rolling',
    said: 'intDiv(time - entry, 24 h)',
    recompute: (database, value) =>
      retained(database, value, {
        starts: firstMatching(`n = 'Opened'`, days),
        returns: `n IN ('Chosen', 'Booked')`,
        columns: list1to(14),
        brackets: [
          [0, 0],
          [2, 7],
        ],
        column: rollingColumn(DAY_MS),
      }),
    served: bracketsOf,
  },
  {
    metric: 'r_rolling_weeks',
    said: 'intDiv(time - entry, 7 d) HAVING count() >= 2',
    recompute: (database, value) =>
      retained(database, value, {
        starts: firstEver('Signed Up', '1', weeks),
        returns: ANY,
        columns: [1, 2, 3],
        minReturns: 2,
        column: rollingColumn(7 * DAY_MS),
      }),
  },
];

interface Activation {
  readonly starts: Starts;
  readonly withinMs: number | null;
  /** Each with how many. */
  readonly conditions: readonly (readonly [condition: string, atLeast: number])[];
  readonly required: number;
  readonly unitMs: number;
  /** The last k of `activatedBy`. */
  readonly columns?: number;
}

/** The instant at which each condition is met, 0 for never; then the one at which so many of them are. */
function activated(database: ClickHouseConnection, value: string, options: Activation): Promise<Table> {
  const { starts, withinMs, conditions, required, unitMs, columns = -1 } = options;
  const until = withinMs === null ? '' : ` AND time_ms <= t0 + ${withinMs}`;
  const met = conditions.map(([condition, atLeast]) => `arraySort(groupArrayIf(time_ms, ${condition} AND time_ms >= t0${until}))[${atLeast}]`);
  const figures = [
    `('size', 1)`,
    `('activated', toInt64(at > 0))`,
    `('tookMs', if(at > 0, at - t0, 0))`,
    ...conditions.map((_, index) => `('met${index}', toInt64(met[${index + 1}] > 0))`),
    ...Array.from({ length: columns + 1 }, (_, k) => `('by${k}', toInt64(at > 0 AND at - t0 < ${(k + 1) * unitMs}))`),
  ];
  return figuresTable(
    database,
    `SELECT v, toString(b), f.1, sum(f.2) FROM (
  SELECT v, b, t0, s.actor, [${met.join(', ')}] AS met, arraySort(arrayFilter(x -> x > 0, met))[${required}] AS at
  FROM (${starts(value)}) AS s JOIN shop AS e ON s.actor = e.actor GROUP BY v, b, t0, s.actor)
ARRAY JOIN [${figures.join(', ')}] AS f GROUP BY v, b, f.1`,
  );
}

const activationOf = (bodies: readonly Body[]): readonly Entry[] =>
  bodies.flatMap(({ cohorts }) =>
    list(cohorts).flatMap(({ cohort, value, size, activated: did, conditions, activatedBy, time }) => {
      const { n, mean } = Object(time);
      return [
        row(value, cohort, 'size', size),
        row(value, cohort, 'activated', did),
        row(value, cohort, 'tookMs', Math.round(Number(mean) * Number(n) * 1_000)),
        ...list(conditions).map(({ met }, index) => row(value, cohort, `met${index}`, met)),
        ...list(activatedBy).map(({ k, activated: by }) => row(value, cohort, `by${k}`, by)),
      ];
    }),
  );

export const activationCombinations: readonly Combination[] = [
  {
    metric: 'a_all',
    said: 'arraySort(groupArrayIf())[atLeast], the last of them',
    recompute: (database, value) =>
      activated(database, value, {
        starts: every(`n = 'Opened'`, weeks),
        withinMs: 3 * DAY_MS,
        conditions: [
          [`n = 'Booked'`, 2],
          [`n = 'Chosen'`, 1],
        ],
        required: 2,
        unitMs: 7 * DAY_MS,
        columns: 0,
      }),
    served: activationOf,
  },
  {
    metric: 'a_any',
    said: 'the first of them',
    recompute: (database, value) =>
      activated(database, value, {
        starts: firstMatching(`n = 'Signed Up' AND plan = 'trial'`, days),
        withinMs: 7 * DAY_MS,
        conditions: [
          [`n = 'Visited'`, 1],
          [`n = 'Viewed'`, 3],
        ],
        required: 1,
        unitMs: DAY_MS,
      }),
    served: activationOf,
  },
  {
    metric: 'a_some',
    said: 'the third of them',
    recompute: (database, value) =>
      activated(database, value, {
        starts: firstEver('Signed Up', '1', weeks),
        withinMs: 14 * DAY_MS,
        conditions: [
          [`n = 'Booked'`, 1],
          [`n = 'Viewed'`, 2],
          [`n = 'Chosen'`, 1],
          [`n = 'Visited'`, 1],
        ],
        required: 3,
        unitMs: 7 * DAY_MS,
        columns: 1,
      }),
    served: activationOf,
  },
  {
    metric: 'a_ever',
    said: 'the same without an end',
    recompute: (database, value) =>
      activated(database, value, {
        starts: firstMatching(`n = 'Opened'`, kolkataMonths),
        withinMs: null,
        conditions: [[`n = 'Booked'`, 3]],
        required: 1,
        unitMs: 30 * DAY_MS,
        columns: 1,
      }),
    served: activationOf,
  },
];
