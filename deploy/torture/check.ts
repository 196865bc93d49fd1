/** Everything healed and at rest: each served figure against a fold of the producer's own record, the archive against the log, and SQL over the archive. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClickHouseConnection } from '@tidemark/clickhouse';
import type { Oracle } from '../e2e/test/oracle.ts';
import { figuresOf, questionsOf } from '../e2e/test/questions.ts';
import { createCounted, sliceColumn } from '../e2e/test/sql-recompute.ts';
import { type Body, hasSql, recomputed, servedTable } from '../e2e/test/sql-tables.ts';
import { compareJson, type Difference } from './comparison.ts';
import { hasReached, type Ledger, type Positions } from './ledger.ts';
import type { LogReader } from './log-reader.ts';
import type { CheckResult } from './results.ts';
import type { Stand } from './stand.ts';

export interface CheckOptions {
  readonly stand: Stand;
  readonly ledger: Ledger;
  readonly oracle: Oracle;
  readonly log: LogReader;
  readonly clickhouse: ClickHouseConnection;
  readonly range: { readonly fromMs: number; readonly toMs: number };
  readonly tell: (line: string) => void;
}

const CAUGHT_UP_DEADLINE_MS = 400_000;
const ANSWER_TIMEOUT_MS = 60_000;
const SHOWN = 20;
const PAUSE_MS = 200;

type Role = 'query' | 'query-table';

/** Remembers how far it has looked. Throws when the stores or the archive do not reach the end of the log in time. */
export function createChecker(options: CheckOptions): { check(kind: { atMs: number; sql: boolean }): Promise<CheckResult> } {
  const { stand, ledger, oracle, log } = options;
  let looked: Positions = ledger.ends.map(() => 0);
  return {
    check: async ({ atMs, sql }) => {
      const beganMs = performance.now();
      await stand.heal();
      const ends = await untilAnswered(() => log.ends());
      await untilServed(options, ends);
      const caughtUpMs = Math.round(performance.now() - beganMs);
      await untilArchived(options, ends);
      const found = { lost: missingAtTheEnd(ledger.ends, ends), unanswered: 0, foreign: 0 };
      await log.read({ from: looked, to: ends }, (record) => {
        const finding = ledger.find(record.partition, record.offset, record);
        if (finding === 'wrong') found.lost++;
        else if (finding === 'unanswered') found.unanswered++;
        else if (finding === 'foreign') found.foreign++;
        oracle.fold(record);
      });
      looked = ends;
      const figures = await compareFigures(options);
      const archive = await compareArchive(options, ends);
      const counters = await compareCounters(options);
      const recounted = sql ? await compareSql(options) : { integers: 0, differences: [] };
      const differences = [...figures.differences, ...recounted.differences].slice(0, SHOWN).map(textOf);
      if (found.foreign > 0) differences.push(`${found.foreign} records of the log were never sent`);
      return {
        atMs,
        caughtUpMs,
        records: sumOf(ends),
        lost: found.lost + archive.missing + counters.missing,
        countedTwice: archive.twice + counters.twice + found.foreign,
        unanswered: found.unanswered,
        comparedCells: figures.cells,
        wrongCells: figures.differences.length,
        sqlIntegers: recounted.integers,
        sqlWrong: recounted.differences.length,
        differences,
      };
    },
  };
}

async function ask({ stand }: CheckOptions, role: Role, path: string): Promise<Body> {
  const response = await fetch(stand.address(role) + path, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`GET ${path} answered ${response.status}: ${text.slice(0, 300)}`);
  const body: Body = JSON.parse(text);
  return body;
}

/** An answer from the store that is meant: on a busy machine another one, or none, may come for a while. */
async function askStore(options: CheckOptions, role: Role, path: string): Promise<Body> {
  const wanted = role === 'query' ? 'redis' : 'clickhouse';
  const deadlineMs = performance.now() + ANSWER_TIMEOUT_MS;
  for (;;) {
    const isPatient = performance.now() < deadlineMs;
    try {
      const body = await ask(options, role, path);
      if (!isPatient || (isObject(body['asOf']) && body['asOf']['source'] === wanted)) return body;
    } catch (error) {
      if (!isPatient) throw error;
    }
    await sleep(PAUSE_MS);
  }
}

/** Both stores serve every record. */
async function untilServed(options: CheckOptions, ends: Positions): Promise<void> {
  const path = questionsOf(options.oracle.set, options.range)[0]?.path ?? '';
  const deadlineMs = performance.now() + CAUGHT_UP_DEADLINE_MS;
  for (const role of ['query', 'query-table'] as const) {
    for (let seen = ''; ; await sleep(PAUSE_MS)) {
      const asOf = await ask(options, role, path).then(
        (body) => body['asOf'],
        (error: unknown) => String(error),
      );
      seen = JSON.stringify(asOf);
      const isFromRedis = role === 'query-table' || (isObject(asOf) && asOf['source'] === 'redis');
      if (isFromRedis && isObject(asOf) && hasReached(positionsOf(asOf['positions']), ends)) break;
      if (performance.now() > deadlineMs) throw new Error(`${role} serves ${seen}, the log ends at ${ends.join()}`);
    }
  }
}

async function untilArchived({ clickhouse }: CheckOptions, ends: Positions): Promise<void> {
  const deadlineMs = performance.now() + CAUGHT_UP_DEADLINE_MS;
  for (let reached = -1; reached < sumOf(ends); await sleep(PAUSE_MS)) {
    const [[count] = []] = await clickhouse.select(
      'SELECT sum(reached) FROM (SELECT max(to_offset) AS reached FROM archive_chunks GROUP BY partition)',
    );
    reached = Number(count);
    if (reached < sumOf(ends) && performance.now() > deadlineMs) throw new Error(`${reached} of ${sumOf(ends)} records are archived`);
  }
}

/** From Redis, and with Redis refused from ClickHouse. */
async function compareFigures(options: CheckOptions): Promise<{ cells: number; differences: readonly Difference[] }> {
  const { oracle, range } = options;
  const differences: Difference[] = [];
  let cells = 0;
  for (const { metric, query, path } of questionsOf(oracle.set, range)) {
    const bodies = await Promise.all([askStore(options, 'query', path), askStore(options, 'query-table', path)]);
    const { asOf, ...expected } = oracle.answer(metric, query);
    for (const [index, served] of bodies.entries()) {
      const source = index === 0 ? 'redis' : 'clickhouse';
      const { watermark, positions, halted, source: from } = isObject(served['asOf']) ? served['asOf'] : {};
      const facts = { watermark, positions, halted, source: from };
      const wanted = { watermark: asOf.watermark, positions: asOf.positions, halted: [], source };
      const compared = compareJson({ ...figuresOf(served), facts }, { ...expected, facts: wanted });
      cells += compared.cells;
      for (const difference of compared.differences) differences.push({ ...difference, path: `${path} from ${source}: ${difference.path}` });
    }
  }
  return { cells, differences };
}

/** Every record of the log once, and the chain unbroken. */
async function compareArchive({ clickhouse }: CheckOptions, ends: Positions): Promise<{ missing: number; twice: number }> {
  const rows = await clickhouse.select('SELECT partition, count(), uniqExact(offset) FROM events FINAL GROUP BY partition');
  let [missing, twice] = [0, 0];
  for (const [partition, end] of ends.entries()) {
    const [, count = 0, unique = 0] = rows.find(([number]) => Number(number) === partition) ?? [];
    missing += Math.max(0, end - Number(unique));
    twice += Number(count) - Number(unique) + Math.max(0, Number(unique) - end);
  }
  return { missing, twice };
}

/** What the workers say that they applied, against the fold. */
async function compareCounters({ stand, oracle }: CheckOptions): Promise<{ missing: number; twice: number }> {
  const expected = oracle.counters();
  const partitions = await stand.partitions();
  const applied = partitions.reduce((sum, { counters }) => sum + (counters['applied'] ?? 0), 0);
  const difference = (expected['applied'] ?? 0) - applied;
  return { missing: Math.max(0, difference), twice: Math.max(0, -difference) };
}

async function compareSql(options: CheckOptions): Promise<{ integers: number; differences: readonly Difference[] }> {
  const { clickhouse, oracle, range } = options;
  const { read = 0, late = 0, duplicate = 0, applied = 0 } = oracle.counters();
  const judged = await createCounted(clickhouse);
  const differences = compareJson(judged, { read, late, duplicate, applied }).differences.map((difference) => ({
    ...difference,
    path: `SQL ${difference.path}`,
  }));
  const questions = questionsOf(oracle.set, range);
  let integers = 0;
  for (const metric of oracle.set.metrics.filter(hasSql)) {
    for (const slice of [undefined, 'channel'].filter((name) => name === undefined || metric.slices.flat().includes(name))) {
      const bodies: Body[] = [];
      for (const { query, path } of questions.filter((each) => each.metric === metric.id && each.query.slice === slice))
        bodies.push({ ...(await askStore(options, 'query', path)), isByBucket: query.by === 'bucket' });
      const dimension = oracle.set.dimensions.find(({ name }) => name === slice);
      const scope = { database: clickhouse, set: oracle.set, value: dimension === undefined ? "''" : sliceColumn(dimension) };
      const expected = await recomputed(scope, metric, String(bodies.at(-1)?.['to']));
      const compared = compareJson(servedTable(metric, bodies), expected);
      integers += Object.keys(expected).length;
      for (const difference of compared.differences)
        differences.push({ ...difference, path: `${metric.id} by ${slice ?? 'total'} in SQL: ${difference.path}` });
    }
  }
  return { integers, differences };
}

async function untilAnswered<T>(question: () => Promise<T>): Promise<T> {
  const deadlineMs = performance.now() + CAUGHT_UP_DEADLINE_MS;
  for (;;) {
    try {
      return await question();
    } catch (error) {
      if (performance.now() > deadlineMs) throw error;
      await sleep(PAUSE_MS);
    }
  }
}

/** Acknowledged beyond the end of the log. */
function missingAtTheEnd(acknowledged: Positions, ends: Positions): number {
  return sumOf(acknowledged.map((end, partition) => Math.max(0, end - (ends[partition] ?? 0))));
}

function positionsOf(value: unknown): Positions {
  return isObject(value) ? Object.values(value).map(Number) : [];
}

function textOf({ path, served, expected }: Difference): string {
  return `${path}: served ${JSON.stringify(served)}, expected ${JSON.stringify(expected)}`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
