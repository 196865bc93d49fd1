// Each engine is killed with −9 and started again in the middle of a replay: the worker and the archiver live on, readers are answered, and the figures are those of an undisturbed run.
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AcquiredEngines, acquireEngines, uniqueName } from '@tidemark/testing/engines';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { appendAll, deliveredHistory, END_MS, type TextRecord } from './cabinet-log.ts';
import { expectFiguresOf, expectWholeArchive } from './comparisons.ts';
import { type Deployment, type RunningWorker, startDeployment } from './deployment.ts';
import { Oracle, readSet } from './oracle.ts';
import { questionsOf } from './questions.ts';
import { chooseSeed, seeded } from './seeded.ts';

const SET_FILE = resolve(import.meta.dirname, '../../../schemas/metrics/auto-cabinet.yaml');
const PARTITIONS = 12;
const DAYS = 60;
const RANGE = { fromMs: END_MS - (DAYS + 20) * 86_400_000, toMs: END_MS };
const PORTION = 50_000;

const oracle = new Oracle({ set: readSet(SET_FILE), partitions: PARTITIONS });
const path = questionsOf(oracle.set, RANGE)[0]?.path ?? '';
const history = deliveredHistory({ seed: 5, people: 5_000, days: DAYS, events: 3.5 * PORTION });
const random = seeded(chooseSeed('lifecycle'));
let engines: AcquiredEngines;
let deployment: Deployment;
let appended = 0;

function* portion(count: number): Generator<TextRecord> {
  for (let taken = 0; taken < count; taken++) {
    const { value, done } = history.next();
    if (done === true) return;
    yield value;
  }
}

/** Appends while nobody folds, starts a worker, and returns in the middle of its catching up. */
async function inTheMiddle(): Promise<RunningWorker> {
  await deployment.endWorker('SIGTERM');
  const before = appended;
  appended += await appendAll(deployment, oracle, portion(PORTION));
  const moment = before + (0.1 + 0.6 * random()) * PORTION;
  const worker = await deployment.startWorker();
  for (let folded = 0; folded < moment; folded = await deployment.folded()) await sleep(20);
  return worker;
}

async function killAndStart(engine: 'redis' | 'clickhouse' | 'kafka', meanwhile: () => Promise<void>): Promise<void> {
  await engines.local.kill(engine);
  try {
    await meanwhile();
    await sleep(random() * 2_000);
  } finally {
    await engines.local.start(engine);
  }
}

async function expectUnharmed(worker: RunningWorker): Promise<void> {
  await deployment.untilCaughtUp([path], 120_000);
  // A store that has just come back may be the last to be whole.
  await deployment.untilServedBy('redis', path);
  expect(worker.process.isRunning, deployment.logTails()).toBe(true);
  expect((await deployment.partitions()).flatMap(({ halted }) => halted ?? [])).toEqual([]);
  await expectFiguresOf(deployment, oracle, RANGE);
}

beforeAll(async () => {
  engines = await acquireEngines(['kafka', 'redis', 'clickhouse']);
  deployment = await startDeployment({
    engines: engines.addresses,
    namespace: uniqueName('faults'),
    metrics: [SET_FILE],
    partitions: PARTITIONS,
    workers: 1,
    archivers: 1,
  });
  appended += await appendAll(deployment, oracle, portion(PORTION / 4));
  await deployment.untilCaughtUp([path], 60_000);
});

afterEach((context) => {
  if (context.task.result?.state === 'fail') console.error(deployment.logTails());
});

afterAll(async () => {
  await deployment?.stopAll();
  await engines?.release();
});

describe.each(['redis', 'clickhouse', 'kafka'] as const)('%s killed with −9 in the middle of a replay', (engine) => {
  it('costs no figure, and readers are answered meanwhile', async (context) => {
    if (engines.local.processIds[engine] === undefined) context.skip(`${engine} is named by the environment and must not be killed`);
    const worker = await inTheMiddle();
    await killAndStart(engine, () => deployment.untilServedBy(engine === 'redis' ? 'clickhouse' : 'redis', path));
    await expectUnharmed(worker);
  });
});

describe('after all of it', () => {
  it('the archive holds each record once', async () => {
    await deployment.untilArchived(60_000);
    await expectWholeArchive(deployment);
  });
});
