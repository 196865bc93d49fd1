/** Kpis said in plain SQL: conditions, rounding, ratios and a formula. */

import { type Combination, days, figuresTable, MIDDLE, MIDDLE_DAYS, weeks } from './sql-oracle-shop.ts';
import { list, row, sliced } from './sql-tables.ts';

/** A number as JSON writes it, so exact. */
const AMOUNT = `toDecimal64(if(has_amount, amount, '0'), 3)`;
const PEOPLE = `(SELECT ${days.start} AS b, uniqExact(actor) AS people FROM shop WHERE n NOT IN ('$identify') GROUP BY b)`;
const WHERE = `n = 'Booked' AND has_amount AND ${AMOUNT} >= 100 AND ${AMOUNT} < 4000 AND written_vip != '' AND written_channel NOT IN ('kiosk', 'web')`;

/** `value` and `count` of every bucket. */
function perBucket(sql: string): string {
  return `SELECT v, toString(b), f.1, f.2 FROM (${sql}) ARRAY JOIN [('value', toFloat64(x)), ('count', toFloat64(c))] AS f`;
}

export const kpiCombinations: readonly Combination[] = [
  {
    metric: 'k_where',
    said: 'count() WHERE with a range, NOT IN and a property that must be there',
    recompute: (database) =>
      figuresTable(database, perBucket(`SELECT '' AS v, ${days.start} AS b, count() AS x, x AS c FROM shop WHERE ${WHERE} GROUP BY b`)),
  },
  {
    metric: 'k_sum',
    said: 'sum(round(Decimal, 1)), halves away from zero; amounts that are no numbers by countIf',
    recompute: (database, value) =>
      figuresTable(
        database,
        `${perBucket(`SELECT ${value} AS v, ${days.start} AS b, sum(round(${AMOUNT}, 1)) * 10 AS x, count() AS c FROM shop WHERE n = 'Booked' GROUP BY v, b`)}
UNION ALL SELECT '', '', 'unreadable', toFloat64(countIf(NOT has_amount)) FROM shop WHERE n = 'Booked'`,
      ),
    also: (bodies) => bodies.map(({ notes }) => row('', '', 'unreadable', Object(notes).unreadable)),
  },
  {
    metric: 'k_ratio',
    said: 'countIf() / countIf()',
    recompute: (database) =>
      figuresTable(
        database,
        perBucket(
          `SELECT '' AS v, ${days.start} AS b, countIf(n = 'Opened') AS c, if(c = 0, 0, countIf(n = 'Booked') / c) AS x FROM shop GROUP BY b`,
        ),
      ),
    served: (bodies) => ratiosOf(bodies),
  },
  {
    metric: 'k_per_person',
    said: 'sum(round(Decimal)) / uniqExact()',
    recompute: (database) =>
      figuresTable(
        database,
        perBucket(
          `SELECT '' AS v, ${weeks.start} AS b, uniqExact(actor) AS c, toFloat64(sum(round(${AMOUNT}, 0))) / c AS x FROM shop WHERE n = 'Booked' GROUP BY b`,
        ),
      ),
    served: (bodies) => ratiosOf(bodies),
  },
  {
    metric: 'k_formula',
    said: 'a join of two GROUP BYs',
    recompute: (database) =>
      figuresTable(
        database,
        `SELECT '', toString(b), 'value', (booked - 1) / (people + 2) FROM ${PEOPLE} AS p
LEFT JOIN (SELECT ${days.start} AS b, toInt64(count()) AS booked FROM shop WHERE ${WHERE} GROUP BY b) AS w USING b`,
      ),
    served: (bodies) =>
      bodies.flatMap(({ buckets }) =>
        list(buckets)
          .filter(({ of }) => Object(of).people !== 0)
          .map(({ bucket, value }) => row('', bucket, 'value', value)),
      ),
  },
  ...['p_day', 'k_people'].map(
    (metric): Combination => ({
      metric,
      said: 'uniqExact over a range of days',
      range: MIDDLE,
      recompute: (database, value) =>
        figuresTable(
          database,
          `SELECT ${value} AS v, '', 'people', uniqExact(actor) FROM shop WHERE n != '$identify' AND ${days.start} ${MIDDLE_DAYS} GROUP BY v`,
        ),
      served: (bodies) => bodies.flatMap(sliced).map(({ value, figures }) => row(value, '', 'people', figures['uniques'] ?? figures['total'])),
    }),
  ),
];

function ratiosOf(bodies: readonly Readonly<Record<string, unknown>>[]) {
  return bodies.flatMap(({ buckets }) =>
    list(buckets).flatMap(({ bucket, value, count }) => [row('', bucket, 'value', value), row('', bucket, 'count', count)]),
  );
}
