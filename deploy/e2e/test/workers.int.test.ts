// Three workers come and go, by request and by kill −9, while a history is replayed: the figures are those of an undisturbed run.
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AcquiredEngines, acquireEngines, uniqueName } from '@tidemark/testing/engines';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { appendAll, deliveredHistory, END_MS } from './cabinet-log.ts';
import { expectFiguresOf, expectWholeArchive } from './comparisons.ts';
import { type Deployment, type RunningWorker, startDeployment } from './deployment.ts';
import { Oracle, readSet } from './oracle.ts';
import { questionsOf } from './questions.ts';
import { chooseSeed, seeded } from './seeded.ts';

const SET_FILE = resolve(import.meta.dirname, '../../../schemas/metrics/auto-cabinet.yaml');
const LATER_SET_FILE = resolve(import.meta.dirname, 'later.yaml');
const PARTITIONS = 12;
const DAYS = 60;
const HISTORY = { seed: 11, people: 4_000, days: DAYS, events: 80_000 };
const RANGE = { fromMs: END_MS - (DAYS + 20) * 86_400_000, toMs: END_MS };

let engines: AcquiredEngines;
let deployment: Deployment | null = null;

beforeAll(async () => {
  engines = await acquireEngines(['kafka', 'redis', 'clickhouse']);
});

afterEach(async (context) => {
  if (context.task.result?.state === 'fail') console.error(deployment?.logTails());
  await deployment?.stopAll();
  deployment = null;
});

afterAll(async () => {
  await engines?.release();
});

async function deploy(name: string, workers: number): Promise<Deployment> {
  deployment = await startDeployment({
    engines: engines.addresses,
    namespace: uniqueName(name),
    metrics: [SET_FILE],
    partitions: PARTITIONS,
    workers,
    archivers: 1,
  });
  return deployment;
}

function createOracle(): Oracle {
  return new Oracle({ set: readSet(SET_FILE), partitions: PARTITIONS });
}

const firstPath = (oracle: Oracle): string => questionsOf(oracle.set, RANGE)[0]?.path ?? '';

describe('a replay', () => {
  it('by three workers that come and go serves the same', async () => {
    const random = seeded(chooseSeed('workers'));
    const oracle = createOracle();
    const running = await deploy('gang', 1);
    const started = performance.now();
    const appending = appendAll(running, oracle, deliveredHistory(HISTORY));
    let zombie: RunningWorker | undefined;
    for (const [step, wanted] of [3, 2, 3, 1, 3, 2].entries()) {
      await sleep(500 + random() * 4_000);
      while (running.workers.length > wanted) await running.endWorker(random() < 0.5 ? 'SIGKILL' : 'SIGTERM');
      // One is frozen until the others have taken its partitions over, and then goes on as if nothing had happened.
      if (step === 1) zombie = running.workers.shift();
      zombie?.process.signal(step < 3 ? 'SIGSTOP' : 'SIGCONT');
      // The oldest goes even where workers are to be added: nobody stays from beginning to end.
      await running.endWorker(random() < 0.5 ? 'SIGKILL' : 'SIGTERM');
      await Promise.all(Array.from({ length: wanted - running.workers.length }, () => running.startWorker()));
      console.log(`${((performance.now() - started) / 1000).toFixed(1)} s: ${wanted} workers, ${await running.folded()} records folded`);
    }
    if (zombie !== undefined) running.workers.push(zombie);
    const count = await appending;
    await running.untilCaughtUp([firstPath(oracle)], 120_000);
    console.log(`caught up with ${count} records after ${((performance.now() - started) / 1000).toFixed(1)} s`);
    expect(await expectFiguresOf(running, oracle, RANGE)).toBeGreaterThan(60);
    expect(oracle.counters()).toMatchObject({ rejected: 0, misrouted: 0, future: 0 });

    // A second set begins at the beginning of the log, while the first one skips what it has folded.
    const later = new Oracle({ set: readSet(LATER_SET_FILE), partitions: PARTITIONS });
    for (const { key, value } of deliveredHistory(HISTORY)) later.foldText(key, value);
    await running.changeMetrics([SET_FILE, LATER_SET_FILE]);
    await running.untilCaughtUp([firstPath(oracle), firstPath(later)], 120_000);
    console.log(`both sets caught up after ${((performance.now() - started) / 1000).toFixed(1)} s`);
    await expectFiguresOf(running, oracle, RANGE);
    await expectFiguresOf(running, later, RANGE);
    await running.untilArchived(60_000);
    await expectWholeArchive(running);
  });
});
