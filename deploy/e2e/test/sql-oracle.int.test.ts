// Over generated events in the engine's own archive, SQL gives the figures that the service serves: every option that SQL has words for.
import { resolve } from 'node:path';
import { createLogWriter } from '@tidemark/kafka';
import { type AcquiredEngines, acquireEngines, uniqueName } from '@tidemark/testing/engines';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Deployment, startDeployment } from './deployment.ts';
import { readSet } from './oracle.ts';
import { questionsOf } from './questions.ts';
import { delivered, shopHistory } from './shop-history.ts';
import { expectSqlAgrees } from './sql-comparisons.ts';
import { activationCombinations, retentionCombinations } from './sql-oracle-cohorts.ts';
import { createFollowed, funnelCombinations } from './sql-oracle-funnels.ts';
import { kpiCombinations } from './sql-oracle-kpis.ts';
import { type Combination, createShop } from './sql-oracle-shop.ts';
import { type Body, servedTable, tableOf } from './sql-tables.ts';

const SET_FILE = resolve(import.meta.dirname, 'sql-oracle.yaml');
const DAY_MS = 86_400_000;
/** Eight weeks with the night in which Berlin's clocks go forward. */
const FROM_MS = Date.UTC(2024, 1, 26, 5);
const TO_MS = FROM_MS + 56 * DAY_MS;
const RANGE = { fromMs: FROM_MS - DAY_MS, toMs: TO_MS + 20 * DAY_MS };

const combinations: readonly Combination[] = [...kpiCombinations, ...retentionCombinations, ...activationCombinations, ...funnelCombinations];
const set = readSet(SET_FILE);
/** Those that the recomputation of whole sets can say: GROUP BY, uniqExact, window functions, joins, and windowFunnel over all time. */
const plain = set.metrics.filter(({ id }) => id.startsWith('p_'));
const history = shopHistory({ seed: 43, people: 400, sessions: 6, fromMs: FROM_MS, toMs: TO_MS, ties: false });
const { records, twice } = delivered(history, { seed: 44, twiceShare: 0.02 });
let engines: AcquiredEngines;
let deployment: Deployment;
let compared = 0;

beforeAll(async () => {
  engines = await acquireEngines(['kafka', 'redis', 'clickhouse']);
  deployment = await startDeployment({
    engines: engines.addresses,
    namespace: uniqueName('sql'),
    metrics: [SET_FILE],
    partitions: 3,
    workers: 1,
    archivers: 1,
  });
  const writer = createLogWriter(deployment.kafka, { partitioner: 'murmur2' });
  await writer.append(records);
  await writer.close();
  await deployment.untilCaughtUp(
    questionsOf(set, RANGE)
      .slice(0, 1)
      .map(({ path }) => path),
    60_000,
  );
  await deployment.untilArchived(60_000);
});

afterEach((context) => {
  if (context.task.result?.state === 'fail') console.error(deployment?.logTails());
});

afterAll(async () => {
  await deployment?.stopAll();
  await engines?.release();
});

/** What the service answers about the total or one slice. */
async function answers(metric: string, range: typeof RANGE, slice: string | undefined): Promise<readonly Body[]> {
  const asked = questionsOf(set, range).filter((question) => question.metric === metric && question.query.slice === slice);
  return Promise.all(asked.map(async ({ path, query }) => ({ ...(await deployment.ask(path)), isByBucket: query.by === 'bucket' })));
}

async function expectSaid({ metric: id, recompute, served, also = () => [], range = RANGE }: Combination, slice: string | undefined): Promise<void> {
  const metric = set.metrics.find((each) => each.id === id);
  if (metric === undefined) throw new Error(`no metric ${id}`);
  const expected = await recompute(deployment.clickhouse, slice ?? `''`);
  const bodies = await answers(id, range, slice);
  const entries = served === undefined ? Object.entries(servedTable(metric, bodies)) : served(bodies);
  const table = tableOf([...entries, ...also(bodies)]);
  expect(Object.keys(expected).length, 'SQL has figures').toBeGreaterThan(0);
  expect(table, `${id} by ${slice ?? 'total'}`).toEqual(expected);
  compared += Object.keys(expected).length;
}

describe('SQL over the archive', () => {
  it('finds every event once', async () => {
    const { length } = history;
    expect(await createShop(deployment.clickhouse)).toEqual({ read: length + twice, applied: length, duplicate: twice, late: 0 });
    await createFollowed(deployment.clickhouse);
  });

  it.each(plain.map((metric) => ({ metric, id: metric.id })))('recomputes $id by the SQL of its kind', async ({ metric }) => {
    const slices = metric.slices.map(([slice = '']) => slice);
    const integers = await expectSqlAgrees(
      deployment,
      { database: deployment.clickhouse, set: { ...set, metrics: [metric] } },
      { range: RANGE, slices },
    );
    expect(integers).toBeGreaterThan(10);
    compared += integers;
  });

  for (const combination of combinations) {
    it(`recomputes ${combination.metric} by ${combination.said}`, async () => {
      const slices = combination.totalOnly === true ? [] : (set.metrics.find(({ id }) => id === combination.metric)?.slices ?? []);
      await expectSaid(combination, undefined);
      for (const [slice] of slices) await expectSaid(combination, slice);
    });
  }

  it('is asked of steps that lie exactly at the end of a window', async () => {
    const [[count] = []] = await deployment.clickhouse.select(
      `SELECT count() FROM followed WHERE n0 = 'Opened' AND n IN ('Chosen', 'Booked') AND time_ms - t0 IN (3 * 3600000, 6 * 3600000)`,
    );
    expect(Number(count)).toBeGreaterThan(10);
  });

  it('has said at least twenty combinations of options', () => {
    const count = new Set([...plain.map(({ id }) => id), ...combinations.map(({ metric, said }) => `${metric}: ${said}`)]).size;
    console.log(`${history.length} events; ${count} combinations of options, ${compared} integers compared with SQL`);
    expect(count).toBeGreaterThanOrEqual(20);
    expect(compared).toBeGreaterThan(5_000);
  });
});
