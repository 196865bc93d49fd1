// An upgrade is rehearsed with two checkouts: the last release and this one share a group, then a release that folds otherwise takes over by a lineage.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AcquiredEngines, acquireEngines, uniqueName } from '@tidemark/testing/engines';
import { afterAll, afterEach, expect, it } from 'vitest';
import { appendAll, deliveredHistory, END_MS, type TextRecord } from './cabinet-log.ts';
import { expectFiguresOf } from './comparisons.ts';
import { type Deployment, type RunningWorker, startDeployment } from './deployment.ts';
import { Oracle, readSet } from './oracle.ts';
import { checkOut, hasRevision } from './other-checkout.ts';
import { figuresOf, questionsOf } from './questions.ts';
import { ServiceProcess } from './service-process.ts';

const SET_FILE = join(import.meta.dirname, 'later.yaml');
const PARTITIONS = 4;
const DAYS = 40;
const HISTORY = { seed: 5, people: 400, days: DAYS, events: 9_000 };
const RANGE = { fromMs: END_MS - (DAYS + 20) * 86_400_000, toMs: END_MS };
/** `REHEARSE_FROM=v1.2 npm run rehearse`: the release that runs now. */
const FROM = process.env['REHEARSE_FROM'] ?? 'HEAD~1';
/** Of the release to come: its own rules of the fold are another version, and with them every lineage. */
const FOLD_RAISED = { path: 'libs/core/src/lineage.ts', from: 'const FOLD_VERSION = 1;', to: 'const FOLD_VERSION = 2;' };

/** Nobody listens there: that query service has ClickHouse alone. */
const NO_REDIS = 'redis://127.0.0.1:1';

const folder = mkdtempSync(join(tmpdir(), 'tidemark-rehearsal-'));
const others: ServiceProcess[] = [];
let engines: AcquiredEngines | null = null;
let deployment: Deployment | null = null;

afterEach(async (context) => {
  if (context.task.result?.state === 'fail')
    console.error(deployment?.logTails(), ...others.map(({ name, log }) => `== ${name}\n${log.slice(-2_000)}`));
  await Promise.all(others.map((process) => process.end('SIGKILL')));
  await deployment?.stopAll();
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await engines?.release();
});

const beganMs = performance.now();
const mark = (what: string): void => console.log(`${((performance.now() - beganMs) / 1_000).toFixed(1)} s: ${what}`);

/** A worker of another checkout, in the group of all. */
async function startWorkerOf(root: string, name: string, running: Deployment): Promise<RunningWorker> {
  const env = { ...running.environment(), TIDEMARK_HTTP_PORT: '0', TIDEMARK_SESSION_TIMEOUT: '6s' };
  const process = new ServiceProcess({ name, root, path: 'services/worker/src/main.ts', env, logFile: join(folder, `${name}.log`) });
  others.push(process);
  const port = await process.logged(/"port":(\d+)[^\n]*worker is up/);
  const worker = { process, address: `http://127.0.0.1:${port}` };
  running.workers.push(worker);
  return worker;
}

/** Readers ask these from now on. */
async function replaceQueries(root: string, running: Deployment): Promise<void> {
  const start = async (name: string, more: Readonly<Record<string, string>>): Promise<string> => {
    const env = { ...running.environment(), TIDEMARK_HTTP_PORT: '0', ...more };
    const process = new ServiceProcess({ name, root, path: 'services/query/src/main.ts', env, logFile: join(folder, `${name}.log`) });
    others.push(process);
    return process.logged(/"address":"([^"]+)"/);
  };
  running.addresses.both = await start('query-next', {});
  running.addresses.table = await start('query-table-next', { TIDEMARK_REDIS_URL: NO_REDIS });
}

async function command(root: string, running: Deployment, ...args: string[]): Promise<{ code: number | null; output: string }> {
  const logFile = join(folder, `${args[0]}-${others.length}.log`);
  const process = new ServiceProcess({ name: args[0] ?? '', root, path: 'services/cli/src/main.ts', args, env: running.environment(), logFile });
  others.push(process);
  return { code: await process.ended(), output: process.log };
}

async function until(what: string, isTrue: () => Promise<boolean>): Promise<void> {
  const untilMs = performance.now() + 120_000;
  for (; !(await isTrue()); await sleep(100)) if (performance.now() > untilMs) throw new Error(`not within two minutes: ${what}`);
}

async function endAndForget(worker: RunningWorker, running: Deployment): Promise<void> {
  expect(await worker.process.end('SIGTERM')).toBe(0);
  running.workers.splice(running.workers.indexOf(worker), 1);
}

/** The same figures, of the lineage that another fold makes of the same definitions. */
async function expectFiguresOfNext(running: Deployment, oracle: Oracle): Promise<void> {
  for (const { metric, query, path } of questionsOf(oracle.set, RANGE)) {
    const { lineage, ...expected } = figuresOf({ ...oracle.answer(metric, query) });
    for (const from of ['both', 'table'] as const) {
      const { lineage: served, ...figures } = figuresOf(await running.ask(path, from));
      expect(figures, `${path} from ${from}`).toEqual(expected);
      expect(served).not.toBe(lineage);
    }
  }
}

/** The history in so many parts, one after the other. */
function parts(count: number): readonly (readonly TextRecord[])[] {
  const all = [...deliveredHistory(HISTORY)];
  const size = Math.ceil(all.length / count);
  return Array.from({ length: count }, (_, index) => all.slice(index * size, (index + 1) * size));
}

it('a rolling upgrade, then one that changes the fold: no figure is lost, doubled or served from half a lineage', async (context) => {
  for (const revision of [FROM, 'HEAD']) context.skip(!(await hasRevision(revision)), `the history has no ${revision} (a shallow clone)`);
  const [last, next] = [join(folder, 'last'), join(folder, 'next')];
  mark(`${FROM} is ${await checkOut(last, FROM)}, and ${await checkOut(next, 'HEAD', [FOLD_RAISED])} gets another fold`);
  engines = await acquireEngines(['kafka', 'redis', 'clickhouse']);
  const set = readSet(SET_FILE);
  const oracle = new Oracle({ set, partitions: PARTITIONS });
  const options = { engines: engines.addresses, namespace: uniqueName('rehearsal'), metrics: [SET_FILE], partitions: PARTITIONS };
  const running = await startDeployment({ ...options, workers: 0, archivers: 1 });
  deployment = running;
  const path = questionsOf(set, RANGE)[0]?.path ?? '';
  const [first = [], second = [], third = [], fourth = []] = parts(4);

  // Rolling: both releases are in one group, and the last one leaves it.
  const old = await startWorkerOf(last, 'worker-last', running);
  await appendAll(running, oracle, first);
  await running.untilCaughtUp([path], 120_000);
  const present = await running.startWorker();
  await until('both releases have partitions', async () => {
    const { length } = await running.partitions();
    const own = await Promise.all(
      [old, present].map(async ({ address }) => (await (await fetch(`${address}/readyz`)).text()).includes('"partition":')),
    );
    return length === PARTITIONS && own.every(Boolean);
  });
  mark('both releases are at work');
  await appendAll(running, oracle, second);
  await endAndForget(old, running);
  await running.untilCaughtUp([path], 120_000);
  await expectFiguresOf(running, oracle, RANGE);
  mark('the last release has left');

  // Another fold: beside the live one a lineage catches up in workers of the next release, readers go over, and the present one leaves.
  const following = await startWorkerOf(next, 'worker-next', running);
  await appendAll(running, oracle, third);
  const applied = await command(next, running, 'apply', SET_FILE, '--yes', '--by', 'rehearsal');
  expect(applied, applied.output).toMatchObject({ code: 0 });
  // Query services of the present release cannot read what the next one folds: they serve the old lineage until they are replaced.
  await running.untilCaughtUp([path], 120_000);
  await expectFiguresOf(running, oracle, RANGE);
  await replaceQueries(next, running);
  mark('readers have gone over');
  const serving = JSON.parse((await command(next, running, 'lineages', '--json')).output.trim().split('\n').at(-1) ?? '{}');
  expect(serving.lineages.map(({ standing }: { standing: string }) => standing).sort()).toEqual(['kept', 'serving']);
  await endAndForget(present, running);
  await appendAll(running, oracle, fourth);
  await running.untilCaughtUp([path], 120_000);
  await expectFiguresOfNext(running, oracle);
  expect((await running.partitions()).filter(({ halted }) => halted !== null)).toEqual([]);
  expect(following.process.isRunning).toBe(true);
  await running.untilArchived(60_000);
  expect(await command(next, running, 'verify')).toMatchObject({ code: 0 });
  mark('the next release is alone, and its figures are proven');

  // A set that nobody wants any more: told first, then served no more.
  expect(await command(next, running, 'drop', 'later', '--dry-run')).toMatchObject({
    code: 0,
    output: expect.stringContaining('would be served no more'),
  });
  expect((await fetch(running.addresses.both + path)).status).toBe(200);
  expect(await command(next, running, 'drop', 'later', '--by', 'rehearsal')).toMatchObject({ code: 0 });
  await until('the set is served no more', async () => (await fetch(running.addresses.both + path)).status === 404);
  expect(await (await fetch(running.addresses.both + path)).json()).toMatchObject({ code: 'unknown_metric' });
  await until('nobody works on it', async () => (await running.partitions()).length === 0);
  expect(await command(next, running, 'drop', 'later')).toMatchObject({ code: 1, output: expect.stringContaining('it was dropped already') });
});
