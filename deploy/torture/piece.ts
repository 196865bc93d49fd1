/** One piece of a torture run: fresh engines, load, faults and comparisons in turn; everything started here ends with it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ClickHouseConnection, connectClickHouse } from '@tidemark/clickhouse';
import { deliveredHistory, END_MS, type TextRecord } from '../e2e/test/cabinet-log.ts';
import { Oracle, readSet } from '../e2e/test/oracle.ts';
import { questionsOf } from '../e2e/test/questions.ts';
import { seeded } from '../e2e/test/seeded.ts';
import { createChecker } from './check.ts';
import { Ledger } from './ledger.ts';
import { Load } from './load.ts';
import { type LogReader, openLogReader } from './log-reader.ts';
import type { TortureOptions } from './options.ts';
import { Readers } from './readers.ts';
import type { Piece } from './results.ts';
import { type Stand, startStand } from './stand.ts';
import { Storm } from './storm.ts';

export interface PieceOptions extends Omit<TortureOptions, 'minutes' | 'jsonFile'> {
  /** Every kind once, one after another, in place of random ones for some time. */
  readonly once: boolean;
  /** Of the history that the load delivers, whatever the rate; up to 90, so that funnels serve their uniques over the whole range. */
  readonly days: number;
  readonly signal: AbortSignal;
  readonly tell: (line: string) => void;
  /** Called whenever there is more to keep. */
  readonly save: (piece: Piece) => void;
}

interface Room {
  readonly stand: Stand;
  readonly log: LogReader;
  readonly clickhouse: ClickHouseConnection;
  readonly load: Load;
  readonly ledger: Ledger;
  readonly readers: Readers;
  readonly storm: Storm;
  readonly oracle: Oracle;
}

const PARTITIONS = 12;
const DAY_MS = 86_400_000;
const SETTLE_MS = 15_000;
const HEADROOM = 1.15;
const FIRST_HEADS_DEADLINE_MS = 60_000;

/** What happened, also when it ended badly: then the last violation says how. */
export async function runPiece(options: PieceOptions): Promise<Piece> {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-torture-'));
  const piece = emptyPiece(options);
  const beganMs = performance.now();
  let stand: Stand | null = null;
  const closers: (() => Promise<void>)[] = [];
  try {
    stand = await startStand({ folder, namespace: `torture_${options.seed}`, partitions: PARTITIONS, tell: options.tell }, options.signal);
    const room = await furnish(stand, options, { piece, closers });
    await torture(room, options, { piece, beganMs });
  } catch (error) {
    if (!options.signal.aborted) {
      piece.violations.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
      if (stand !== null) console.error(stand.logTails());
    }
  } finally {
    for (const close of closers.reverse()) await close().catch((error: unknown) => options.tell(String(error)));
    await stand?.stop();
    if (stand !== null) piece.restarts.splice(0, Number.POSITIVE_INFINITY, ...stand.restarts);
    if (stand !== null) piece.violations.push(...stand.failures);
    if (options.keep) options.tell(`data and logs are in ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
    piece.seconds = Math.round((performance.now() - beganMs) / 1_000);
    options.save(piece);
  }
  return piece;
}

/** What works on the stand; closed in the reverse order. */
async function furnish(stand: Stand, options: PieceOptions, { piece, closers }: { piece: Piece; closers: (() => Promise<void>)[] }): Promise<Room> {
  const { seed } = options;
  const { kafkaBrokers: brokers, clickhouseUrl: url } = stand.engines.addresses;
  const log = await openLogReader({ brokers, topic: stand.topic, partitions: PARTITIONS });
  closers.push(() => log.close());
  const clickhouse = await connectClickHouse({ url, database: stand.options.namespace, requestTimeoutMs: 120_000 });
  closers.push(() => clickhouse.close());
  const ledger = new Ledger(PARTITIONS);
  const load = new Load({ brokers, topic: stand.topic, partitions: PARTITIONS, ledger, random: seeded(seed + 1) });
  closers.push(() => load.close());
  const oracle = new Oracle({ set: readSet(stand.metricsFile), partitions: PARTITIONS });
  const readers = new Readers({
    paths: cheapPaths(oracle, options),
    address: () => stand.address('query'),
    partitions: PARTITIONS,
    ledger,
    logEnds: () => log.ends(),
    storesAway: (fromMs, toMs) => storm.storesAway(fromMs, toMs),
    served: (source, atMs) => storm.served(source, atMs),
    violated: (what) => {
      if (options.signal.aborted) return;
      options.tell(`VIOLATION ${what}`);
      piece.violations.push(what);
    },
  });
  closers.push(() => readers.stop());
  piece.readers = readers.counts;
  const storm = new Storm({ ...options, stand, ledger, readers });
  return { stand, log, clickhouse, load, ledger, readers, storm, oracle };
}

async function torture(room: Room, options: PieceOptions, { piece, beganMs }: { piece: Piece; beganMs: number }): Promise<void> {
  const { load, readers, storm } = room;
  const { tell, signal, rate, actors } = options;
  const isOver = (): boolean => signal.aborted;
  const untilMs = beganMs + options.pieceMinutes * 60_000;
  const events = Math.ceil(rate * options.pieceMinutes * 60 * HEADROOM);
  const history = deliveredHistory({ seed: options.seed, people: Math.max(200, Math.round(events / 50)), days: options.days, events });
  const range = rangeOf(options);
  await load.sendAll(newcomers(actors, range.fromMs));
  if (actors > 0) tell(`${actors} actors are in the log`);
  const checker = createChecker({ ...room, range, tell });
  if (actors > 0) piece.checks.push(await checker.check({ atMs: performance.now() - beganMs, sql: false }));
  let isLast = false;
  let isReading = false;
  while (!isLast && !isOver()) {
    load.start(history, rate);
    if (!isReading) {
      await readers.untilAnswered();
      await untilBothStoresHold(room.clickhouse);
      readers.start();
      isReading = true;
    }
    // The last comparison takes its time too.
    const leftMs = untilMs - performance.now();
    const rageMs = Math.min(options.checkEverySeconds * 1_000, leftMs - SETTLE_MS);
    if (options.once) await storm.rageOnce(isOver);
    else await storm.rage(Math.max(0, rageMs), isOver);
    await freshAgain(storm, isOver);
    await load.stop();
    readers.forget();
    storm.forget();
    if (isOver()) return;
    isLast = options.once || untilMs - performance.now() < 2 * SETTLE_MS;
    note(room, piece);
    const check = await checker.check({ atMs: Math.round(performance.now() - beganMs), sql: isLast && options.sql });
    piece.checks.push(check);
    tell(
      `${check.records} records: lost ${check.lost}, twice ${check.countedTwice}, wrong ${check.wrongCells} of ${check.comparedCells}, in SQL ${check.sqlWrong} of ${check.sqlIntegers}; caught up in ${check.caughtUpMs} ms`,
    );
    for (const difference of check.differences) tell(`  ${difference}`);
    note(room, piece);
    piece.seconds = Math.round((performance.now() - beganMs) / 1_000);
    options.save(piece);
  }
}

/** Redis has answered. Were it wiped before ClickHouse has heard of every partition, nobody could answer, and nobody would be to blame. */
async function untilBothStoresHold(clickhouse: ClickHouseConnection): Promise<void> {
  const deadlineMs = performance.now() + FIRST_HEADS_DEADLINE_MS;
  for (;;) {
    const [[count] = []] = await clickhouse.select("SELECT uniqExact(partition) FROM rollup_cells WHERE metric = '$head' AND tbl = 'head'");
    if (Number(count) === PARTITIONS) return;
    if (performance.now() > deadlineMs) throw new Error(`ClickHouse has figures of ${Number(count)} of ${PARTITIONS} partitions only`);
    await sleep(100);
  }
}

/** What is known so far: a comparison may fail. */
function note({ storm, stand, ledger }: Room, piece: Piece): void {
  piece.events = ledger.acknowledged;
  piece.unanswered = ledger.unanswered;
  piece.faults.splice(0, Number.POSITIVE_INFINITY, ...storm.faults);
  piece.connectionsBroken = Object.values(stand.proxies).reduce((sum, { broken }) => sum + broken, 0);
}

/** Under load still: the last faults too are to be seen to their end. */
async function freshAgain(storm: Storm, isOver: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 3 * SETTLE_MS;
  while (!isOver() && performance.now() < deadlineMs && !storm.isOver) await sleep(100);
}

/** One event each at the beginning of the history. */
function* newcomers(count: number, fromMs: number): Generator<TextRecord> {
  for (let index = 0; index < count; index++) {
    const key = `newcomer-${index}`;
    const timestamp = new Date(fromMs + Math.floor((index / count) * 3_600_000)).toISOString();
    const context = { app: { name: 'cabinet' }, device: { type: index % 3 === 0 ? 'ios' : 'android' } };
    const properties = { channel: index % 2 === 0 ? 'app' : 'web' };
    yield {
      key,
      value: JSON.stringify({ type: 'track', event: 'Cabinet Opened', messageId: `n-${index}`, userId: key, timestamp, properties, context }),
    };
  }
}

/** One short question of each kind. */
function cheapPaths(oracle: Oracle, options: PieceOptions): readonly string[] {
  const { fromMs } = rangeOf(options);
  const questions = questionsOf(oracle.set, { fromMs, toMs: fromMs + 6 * DAY_MS });
  const ids = ['bookings', 'active_customers', 'booking_funnel', 'cabinet_retention', 'north_star'];
  return ids.flatMap((id) => questions.find(({ metric, query }) => metric === id && query.slice === undefined)?.path ?? []);
}

function rangeOf({ days }: PieceOptions): { fromMs: number; toMs: number } {
  return { fromMs: END_MS - days * DAY_MS, toMs: END_MS - 1 };
}

function emptyPiece({ seed, rate, actors }: PieceOptions): Piece {
  const readers = { asked: 0, answered: 0, refused: 0, refusedUnderLoad: 0, stale: 0, fromRedis: 0, fromClickHouse: 0, mixed: 0, slowestMs: 0 };
  return {
    seed,
    startedAt: new Date().toISOString(),
    seconds: 0,
    rate,
    actors,
    events: 0,
    unanswered: 0,
    faults: [],
    checks: [],
    readers,
    connectionsBroken: 0,
    restarts: [],
    violations: [],
  };
}
