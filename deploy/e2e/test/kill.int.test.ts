// Events are replayed while the worker is killed with −9 at random moments and the archiver at two: the figures are those of an undisturbed run, and of SQL.
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AcquiredEngines, acquireEngines, uniqueName } from '@tidemark/testing/engines';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { appendAll, deliveredHistory, END_MS } from './cabinet-log.ts';
import { expectFiguresOf, expectWholeArchive } from './comparisons.ts';
import { type Deployment, startDeployment } from './deployment.ts';
import { Oracle, readSet } from './oracle.ts';
import { questionsOf } from './questions.ts';
import { chooseSeed, momentsOf, seeded } from './seeded.ts';
import { expectSqlAgrees } from './sql-comparisons.ts';
import { createCounted } from './sql-recompute.ts';

const SET_FILE = resolve(import.meta.dirname, '../../../schemas/metrics/auto-cabinet.yaml');
const PARTITIONS = 12;
/** A short mode. `E2E_EVENTS=1000000 E2E_KILLS=10` is the long one, whose results are in deploy/evidence.md. */
const EVENTS = Number(process.env['E2E_EVENTS'] ?? 150_000);
/** Below the lookback of the funnels, so that their uniques are served over the whole range. */
const DAYS = 88;
const RANGE = { fromMs: END_MS - DAYS * 86_400_000, toMs: END_MS - 1 };
const WORKER_KILLS = Number(process.env['E2E_KILLS'] ?? 3);
const ARCHIVER_KILLS = Math.min(2, WORKER_KILLS);

const oracle = new Oracle({ set: readSet(SET_FILE), partitions: PARTITIONS });
const startedMs = performance.now();
let engines: AcquiredEngines;
let deployment: Deployment;
let appended = 0;

function tell(what: string): void {
  console.log(`${((performance.now() - startedMs) / 1000).toFixed(1)} s: ${what}`);
}

/** A moment is a share of the records folded, and some milliseconds on top, so that any instruction can be the last. */
async function killWorkers(moments: readonly number[], random: () => number): Promise<void> {
  for (const moment of moments) {
    let folded = 0;
    while (folded < moment * EVENTS) {
      await sleep(50);
      folded = Math.max(folded, await deployment.folded());
    }
    await sleep(random() * 500);
    await deployment.endWorker('SIGKILL');
    tell(`worker killed after it had folded ${folded} records (moment ${moment.toFixed(3)})`);
    await deployment.startWorker();
  }
}

async function killArchivers(moments: readonly number[]): Promise<void> {
  for (const moment of moments) {
    for (let archived = 0; archived < moment * EVENTS; await sleep(200)) {
      const [[count] = []] = await deployment.clickhouse.select('SELECT sum(to_offset - from_offset) FROM archive_chunks');
      archived = Number(count);
    }
    await deployment.endArchiver('SIGKILL');
    tell(`archiver killed (moment ${moment.toFixed(3)})`);
    await deployment.startArchiver();
  }
}

beforeAll(async () => {
  engines = await acquireEngines(['kafka', 'redis', 'clickhouse']);
  deployment = await startDeployment({
    engines: engines.addresses,
    namespace: uniqueName('kill'),
    metrics: [SET_FILE],
    partitions: PARTITIONS,
    workers: 1,
    archivers: 1,
  });
});

afterEach((context) => {
  if (context.task.result?.state === 'fail') console.error(deployment.logTails());
});

afterAll(async () => {
  await deployment?.stopAll();
  await engines?.release();
});

describe(`${EVENTS} events, ${WORKER_KILLS} kills of the worker and ${ARCHIVER_KILLS} of the archiver`, () => {
  it('reach the end of the log in both stores and in the archive', async () => {
    const random = seeded(chooseSeed('kill'));
    const moments = momentsOf(random, WORKER_KILLS);
    const archiverMoments = momentsOf(random, ARCHIVER_KILLS);
    const appending = appendAll(deployment, oracle, deliveredHistory({ seed: 3, people: 20_000, days: DAYS, events: EVENTS * 0.98 })).then(
      (count) => {
        appended = count;
        tell(`${count} records appended`);
      },
    );
    await Promise.all([
      appending,
      killWorkers(
        moments.map((moment) => moment * 0.97),
        random,
      ),
      killArchivers(archiverMoments.map((moment) => moment * 0.9)),
    ]);
    tell('no more kills');
    await deployment.untilCaughtUp([questionsOf(oracle.set, RANGE)[0]?.path ?? ''], 180_000);
    tell('caught up');
    await deployment.untilArchived(120_000);
    tell('archived');
    expect(appended).toBeGreaterThan(EVENTS * 0.95);
  });

  it('serve the figures of an undisturbed run, from Redis and from ClickHouse', async () => {
    tell(`${await expectFiguresOf(deployment, oracle, RANGE)} answers compared`);
    const partitions = await deployment.partitions();
    const applied = partitions.reduce((sum, { counters }) => sum + (counters['applied'] ?? 0), 0);
    expect({ applied, read: partitions.reduce((sum, { counters }) => sum + (counters['read'] ?? 0), 0) }).toEqual({
      applied: oracle.counters()['applied'],
      read: appended,
    });
  });

  it('are in the archive, each once', async () => {
    await expectWholeArchive(deployment);
  });

  it('give the same figures when SQL recomputes them over the archive', async () => {
    const { read = 0, late = 0, duplicate = 0, applied = 0 } = oracle.counters();
    expect(await createCounted(deployment.clickhouse)).toEqual({ read, late, duplicate, applied });
    tell('SQL has judged every record');
    const compared = await expectSqlAgrees(
      deployment,
      { database: deployment.clickhouse, set: oracle.set },
      { range: RANGE, slices: ['channel', 'purchases'] },
    );
    tell(`${compared} integers compared with SQL`);
    expect(compared).toBeGreaterThan(10_000);
  });
});
