// Figures that the query service reads, beside SQL that scans the events for them in the same engine: `npm run bench -- scan [--events=20000000 --tiny]`.
import { join } from 'node:path';
import { type ClickHouseConnection, connectClickHouse, createClickHouseCellSink, migrate } from '@tidemark/clickhouse';
import { connectRedis, createRedisCellSink } from '@tidemark/redis';
import { uniqueName } from '@tidemark/testing/engines';
import { spreadOf } from './in-process/spread.ts';
import { type FedEvent, SteppedWorker } from './in-process/stepped-worker.ts';
import { type BenchOptions, readBenchOptions } from './report/options.ts';
import { machineOf, type ReportRow, rowOf, tell } from './report/report.ts';
import { withEngines } from './running/engines.ts';
import { deploy } from './running/services.ts';
import { insertSql, nothing, type ScanWorkload, scanEvents, startMs } from './scan/events.ts';
import { cohorts, columns, createViews, type Figures, type SqlPeer, sqlPeers } from './scan/peers.ts';
import { partitionCount } from './worker-throughput/topic.ts';
import { readSet } from './worker-throughput/workload.ts';

type Figure = SqlPeer['figure'];

interface Asked {
  readonly figures: Figures;
  readonly seconds: number;
}

const metricsFile = join(import.meta.dirname, 'scan/figures.yaml');
const root = join(import.meta.dirname, '../..');
const insertRows = 1_000_000;
const chunkEvents = 20_000;
const sqlWithinMs = 600_000;
const movedWithinMs = 60_000;
const warmAsks = 10;
const allFigures: readonly Figure[] = ['retention', 'one cohort', 'funnel'];

const options: BenchOptions<'events' | 'actors'> = readBenchOptions(process.argv.slice(2), {
  events: { full: 2_000_000, tiny: 20_000 },
  /** 0: one for twenty events. */
  actors: { full: 0, tiny: 0, least: 0 },
});
const events = options.number('events');
const workload: ScanWorkload = { events, actors: options.number('actors') || Math.ceil(events / 20), seed: options.number('seed') };

await withEngines(['redis', 'clickhouse'], async ({ addresses }) => {
  const machine = await machineOf(addresses);
  const namespace = uniqueName('bench_scan');
  const database = await connectClickHouse({ url: addresses.clickhouseUrl, database: namespace, requestTimeoutMs: sqlWithinMs });
  const redis = await connectRedis({ url: addresses.redisUrl, namespace });
  try {
    await migrate(database, { folder: join(root, 'schemas/clickhouse') });
    const insertS = await insertEvents(database);
    const sinks = { redis: createRedisCellSink(redis), clickhouse: createClickHouseCellSink(database) };
    const worker = await SteppedWorker.start({ set: readSet(metricsFile), partitions: partitionCount, sinks, startMs });
    await foldEvents(worker);
    const deployed = await deploy({ addresses, namespace, metricsFile, profileFolder: options.profileFolder, hasLog: false });
    try {
      const { address } = await deployed.startQuery();
      const details = await compare({ database, worker, address });
      const setting = { ...options.all, ...workload, partitions: partitionCount, insertS, foldCpuUs: worker.foldCpuUs / events };
      tell({ bench: 'scan', machine, setting, rows: rowsOf(details), details }, options.jsonFile);
    } finally {
      await worker.close();
      await deployed.stop();
    }
  } finally {
    await redis.close();
    await database.close();
  }
});

async function insertEvents(database: ClickHouseConnection): Promise<number> {
  await createViews(database);
  const beganMs = performance.now();
  for (let from = 0; from < events; from += insertRows) {
    await database.run(insertSql(workload, { from, to: Math.min(events, from + insertRows), partitions: partitionCount }));
    progress('inserted', Math.min(events, from + insertRows));
  }
  return (performance.now() - beganMs) / 1_000;
}

async function foldEvents(worker: SteppedWorker): Promise<void> {
  let chunk: FedEvent[] = [];
  const feed = (): void => {
    worker.feed(chunk);
    chunk = [];
    if (worker.fed % insertRows === 0) progress('folded', worker.fed);
  };
  for (const event of scanEvents(workload)) {
    chunk.push(event);
    if (chunk.length === chunkEvents) feed();
  }
  feed();
  await worker.publish();
}

function progress(what: string, count: number): void {
  if (!options.isTiny) console.error(`${what} ${count.toLocaleString('en-US')} of ${events.toLocaleString('en-US')}`);
}

interface Comparing {
  readonly database: ClickHouseConnection;
  readonly worker: SteppedWorker;
  readonly address: string;
}

interface Compared {
  /** Seconds of each repeat, in the order in which they were run. */
  readonly ours: Readonly<Record<Figure, readonly number[]>>;
  readonly kept: Readonly<Record<Figure, readonly number[]>>;
  readonly peers: readonly { readonly name: string; readonly figure: Figure; readonly over: SqlPeer['over']; readonly seconds: readonly number[] }[];
}

/** In turn, the other way round each second time. Throws when two ways do not come to the same integers. */
async function compare({ database, worker, address }: Comparing): Promise<Compared> {
  const noTimes = (): Record<Figure, number[]> => ({ retention: [], 'one cohort': [], funnel: [] });
  const [ours, kept] = [noTimes(), noTimes()];
  const peers = sqlPeers.map((peer) => ({ peer, seconds: [] as number[] }));
  // Not counted: a service that has just started compiles its code.
  for (let warm = 0; warm < (options.isTiny ? 0 : warmAsks); warm++) for (const figure of allFigures) await askMoved({ worker, address }, figure);
  for (let repeat = 0; repeat < options.number('repeats'); repeat++) {
    const expected = new Map<Figure, Figures>();
    for (const figure of allFigures) {
      const read = await askMoved({ worker, address }, figure);
      const again = await askService(address, figure);
      ours[figure].push(read.seconds);
      kept[figure].push(again.seconds);
      expected.set(figure, read.figures);
    }
    for (const { peer, seconds } of repeat % 2 === 0 ? peers : peers.toReversed()) {
      const answer = await askSql(database, peer);
      refuseDifference(peer, expected.get(peer.figure) ?? new Map(), answer.figures);
      seconds.push(answer.seconds);
    }
  }
  return { ours, kept, peers: peers.map(({ peer: { name, figure, over }, seconds }) => ({ name, figure, over, seconds })) };
}

/** Of a position that nobody has asked for yet. */
async function askMoved({ worker, address }: Pick<Comparing, 'worker' | 'address'>, figure: Figure): Promise<Asked> {
  await move(worker, address);
  return await askService(address, figure);
}

/** More events that no figure here counts, some for each partition: nothing that was kept of the positions before can answer. */
async function move(worker: SteppedWorker, address: string): Promise<void> {
  const timeMs = startMs + 90 * 86_400_000 - 1;
  worker.feed(Array.from({ length: 8 * partitionCount }, (_, actor) => nothing({ number: worker.fed + actor, actor: `nobody${actor}`, timeMs })));
  await worker.publish();
  const untilMs = performance.now() + movedWithinMs;
  for (;;) {
    const { asOf }: { asOf: { positions: Readonly<Record<string, string>> } } = await json(
      `${address}/v1/kpis/nothings?from=2025-03-31&to=2025-03-31`,
    );
    if (Object.values(asOf.positions).reduce((sum, position) => sum + Number(position), 0) === worker.fed) return;
    if (performance.now() > untilMs)
      throw new Error(`the service stands at ${JSON.stringify(asOf.positions)}, and ${worker.fed} events were published`);
  }
}

async function askService(address: string, figure: Figure): Promise<Asked> {
  const dayName = (day: number): string => new Date(day * 86_400_000).toISOString().slice(0, 10);
  const last = figure === 'one cohort' ? cohorts.first : cohorts.last;
  const path =
    figure === 'funnel'
      ? `/v1/funnels/bought?from=2025-01-01&to=2025-03-31`
      : `/v1/retention/came_back?from=${dayName(cohorts.first)}&to=${dayName(last)}`;
  const beganMs = performance.now();
  const body: { cohorts?: readonly Cohort[]; steps?: readonly { step: number; uniques: number }[] } = await json(`${address}${path}`);
  const seconds = (performance.now() - beganMs) / 1_000;
  const cells = (body.cohorts ?? []).flatMap(({ cohort, size, cells: ofCohort }): [string, number][] => {
    const day = Date.parse(`${cohort}T00:00:00Z`) / 86_400_000;
    return [[`${day}|0`, size], ...ofCohort.map(({ k, retained }): [string, number] => [`${day}|${k}`, retained])];
  });
  return { seconds, figures: new Map([...cells, ...(body.steps ?? []).map(({ step, uniques }): [string, number] => [String(step), uniques])]) };
}

interface Cohort {
  readonly cohort: string;
  readonly size: number;
  readonly cells: readonly { readonly k: number; readonly retained: number }[];
}

async function json<Body>(url: string): Promise<Body> {
  const response = await fetch(url);
  const text = await response.text();
  if (response.status !== 200) throw new Error(`GET ${url} answered ${response.status}: ${text.slice(0, 300)}`);
  return JSON.parse(text);
}

async function askSql(database: ClickHouseConnection, peer: SqlPeer): Promise<Asked> {
  const beganMs = performance.now();
  const rows = await database.select(peer.sql);
  return { seconds: (performance.now() - beganMs) / 1_000, figures: peer.read(rows) };
}

/** SQL has no rows for zeros. */
function refuseDifference(peer: SqlPeer, expected: Figures, answer: Figures): void {
  const names = new Set([...expected.keys(), ...answer.keys()]);
  const different = [...names].filter((name) => (expected.get(name) ?? 0) !== (answer.get(name) ?? 0));
  const [first = ''] = different;
  const total = [...expected.values()].reduce((sum, count) => sum + count, 0);
  if (different.length > 0 || total === 0)
    throw new Error(
      `${peer.name}: ${different.length} of ${names.size} integers differ, ${first} is ${answer.get(first)} and served as ${expected.get(first)}`,
    );
}

function rowsOf({ ours, kept, peers }: Compared): readonly ReportRow[] {
  const titles: Readonly<Record<Figure, string>> = {
    retention: `30 cohorts × ${columns + 1} columns`,
    'one cohort': 'one cohort',
    funnel: 'funnel of 5 steps, 90 days',
  };
  const own = allFigures.flatMap((figure) => [
    rowOf(
      `query service: ${titles[figure]}, read from Redis`,
      'ms',
      ours[figure].map((seconds) => seconds * 1_000),
    ),
    rowOf(
      `query service: ${titles[figure]}, asked again`,
      'ms',
      kept[figure].map((seconds) => seconds * 1_000),
    ),
  ]);
  const theirs = peers.flatMap(({ name, figure, over, seconds }) => {
    const ratio = spreadOf(seconds).median / spreadOf(ours[figure]).median;
    return [
      rowOf(
        `SQL: ${name}`,
        'ms',
        seconds.map((each) => each * 1_000),
      ),
      rowOf('  over the query service', '×', [ratio], over === 'events' ? { kind: 'atLeast', must: 200, aim: 500 } : undefined),
    ];
  });
  return [...own, ...theirs];
}
