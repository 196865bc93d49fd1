// The running service, fed through Kafka in another order and partly twice, gives byte for byte the answers that `eval --as-of <its watermark>` gives from the file.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { partitionOf } from '@tidemark/codec';
import { createLogWriter } from '@tidemark/kafka';
import { type AcquiredEngines, acquireEngines, uniqueName } from '@tidemark/testing/engines';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Deployment, startDeployment } from './deployment.ts';
import { expectedRecords, recordsOfCsv } from './eval-equals-service-csv.ts';
import { everyQuestionOf } from './eval-equals-service-questions.ts';
import { readSet } from './oracle.ts';
import { delivered, type ShopEvent, shopEvent, shopHistory } from './shop-history.ts';

const SET_FILE = resolve(import.meta.dirname, 'eval-equals-service.yaml');
const CLI = 'services/cli/src/main.ts';
const PARTITIONS = 3;
const DAY_MS = 86_400_000;
/** Eight weeks with the night in which Berlin's clocks go forward; long ago, so that no worker ticks the clocks on. */
const FROM_MS = Date.UTC(2024, 1, 26, 5);
const TO_MS = FROM_MS + 56 * DAY_MS;
/** In the middle of a day, a week and a month: cells of every kind are open here, and others are complete. */
const HALFWAY_MS = Date.UTC(2024, 2, 27, 13, 30);
const TWICE_SHARE = 0.02;
const ASKED_AT_ONCE = 4;
/** Other tests compare the two stores: of every so many paths one is asked of ClickHouse alone. */
const TABLE_STRIDE = 4;
const CSV_METRICS = ['r_every', 'r_rolling', 'f_drop', 'f_any_first', 'a_all', 'y_day', 'k_sum', 'k_ratio'];

type Body = Readonly<Record<string, unknown>>;

const set = readSet(SET_FILE);
const questions = everyQuestionOf(set, { fromMs: FROM_MS, toMs: TO_MS + 3 * DAY_MS });
const paths = questions.map(({ path }) => path);
const folder = mkdtempSync(join(tmpdir(), 'tidemark-eval-'));
const eventsFile = join(folder, 'shop.ndjson');
const history = [
  ...shopHistory({ seed: 41, people: 500, sessions: 5.5, fromMs: FROM_MS, toMs: TO_MS, ties: true }),
  ...markersAt(HALFWAY_MS, 'half'),
  ...markersAt(TO_MS, 'end'),
];
let engines: AcquiredEngines;
let deployment: Deployment;

/** The service's watermark is the smallest clock: with an event at one instant in every partition, no partition is ahead of it. */
function markersAt(timeMs: number, id: string): ShopEvent[] {
  const markers: ShopEvent[] = [];
  for (let partition = 0, person = 0; partition < PARTITIONS; person++) {
    if (partitionOf('murmur2', Buffer.from(`m${person}`), PARTITIONS) !== partition) continue;
    markers.push(shopEvent(`m${person}`, 'Opened', timeMs, { id: `${id}-${partition}`, properties: { channel: 'web' } }));
    partition++;
  }
  return markers;
}

/** Sends what lies in (after, until], and waits until it is served. Answers how many records were sent a second time. */
async function send(afterMs: number, untilMs: number): Promise<number> {
  const portion = history.filter(({ timeMs }) => timeMs > afterMs && timeMs <= untilMs);
  const { records, twice } = delivered(portion, { seed: untilMs / DAY_MS, twiceShare: TWICE_SHARE });
  const writer = createLogWriter(deployment.kafka, { partitioner: 'murmur2' });
  await writer.append(records);
  await writer.close();
  await deployment.untilCaughtUp(paths.slice(0, 1), 60_000);
  return twice;
}

async function evaluated(asOf: string): Promise<ReadonlyMap<string, Body>> {
  const { code, output } = await deployment.run('eval', CLI, ['eval', '--metrics', SET_FILE, '--events', eventsFile, '--as-of', asOf, ...paths]);
  const lines = output.split('\n').filter((line) => line.startsWith('{'));
  const refused = output.split('\n').filter((line) => line.startsWith('/v1/'));
  expect({ code, lines: lines.length, refused }).toEqual({ code: 0, lines: paths.length, refused: [] });
  return new Map(paths.map((path, index) => [path, JSON.parse(lines[index] ?? '')]));
}

/** The figures as text, so that the order of keys counts too. */
function figures({ asOf: _, lineage: __, notes: ___, ...rest }: Body): string {
  return JSON.stringify(rest);
}

async function served(asked: readonly string[], from: 'both' | 'table'): Promise<ReadonlyMap<string, Body>> {
  const bodies = new Map<string, Body>();
  const left = [...asked];
  const askAll = async (): Promise<void> => {
    for (let path = left.pop(); path !== undefined; path = left.pop()) bodies.set(path, await deployment.ask(path, from));
  };
  await Promise.all(Array.from({ length: ASKED_AT_ONCE }, askAll));
  return bodies;
}

function watermarkOf({ asOf }: Body): string {
  return typeof asOf === 'object' && asOf !== null && 'watermark' in asOf ? String(asOf.watermark) : 'none';
}

/** The service, and a part of it from ClickHouse alone, against `eval` at its watermark; answers what they agree on. */
async function expectEqual(atMs: number): Promise<ReadonlyMap<string, Body>> {
  const asOf = watermarkOf(await deployment.ask(paths[0] ?? ''));
  expect(asOf).toBe(new Date(atMs).toISOString());
  const expected = await evaluated(asOf);
  for (const from of ['both', 'table'] as const) {
    const asked = from === 'both' ? paths : paths.filter((_, index) => index % TABLE_STRIDE === 0);
    const bodies = await served(asked, from);
    for (const path of asked) expect(figures(bodies.get(path) ?? {}), `${path} from ${from} at ${asOf}`).toBe(figures(expected.get(path) ?? {}));
    expect(new Set([...bodies.values()].map(watermarkOf))).toEqual(new Set([asOf]));
  }
  return expected;
}

async function outcomes(): Promise<Record<string, number>> {
  const partitions = await deployment.partitions();
  const names = ['read', 'applied', 'duplicate', 'late', 'rejected', 'misrouted', 'future'];
  return Object.fromEntries(names.map((name) => [name, partitions.reduce((sum, { counters }) => sum + (counters[name] ?? 0), 0)]));
}

/** By kind, which of true and false its `complete` fields show. */
function completeness(bodies: ReadonlyMap<string, Body>): Record<string, readonly string[]> {
  const seen: Record<string, Set<string>> = Object.fromEntries(set.metrics.map(({ kind }) => [kind, new Set()]));
  for (const { metric, path } of questions) {
    const kind = set.metrics.find(({ id }) => id === metric)?.kind ?? '';
    for (const [, complete = ''] of JSON.stringify(bodies.get(path)).matchAll(/"complete":(true|false)/g)) seen[kind]?.add(complete);
  }
  return Object.fromEntries(Object.entries(seen).map(([kind, values]) => [kind, [...values].sort()]));
}

beforeAll(async () => {
  writeFileSync(eventsFile, history.map(({ value }) => `${value}\n`).join(''));
  engines = await acquireEngines(['kafka', 'redis', 'clickhouse']);
  deployment = await startDeployment({
    engines: engines.addresses,
    namespace: uniqueName('eval'),
    metrics: [SET_FILE],
    partitions: PARTITIONS,
    workers: 1,
    archivers: 0,
  });
});

afterEach((context) => {
  if (context.task.result?.state === 'fail') console.error(deployment?.logTails());
});

afterAll(async () => {
  await deployment?.stopAll();
  await engines?.release();
  rmSync(folder, { recursive: true, force: true });
});

describe('eval --as-of the watermark of the service', () => {
  let twice = 0;
  let agreed: ReadonlyMap<string, Body> = new Map();

  it('gives its answers in the middle of the history, where the rest of the file does not exist yet', async () => {
    twice += await send(0, HALFWAY_MS);
    const bodies = await expectEqual(HALFWAY_MS);
    const both = ['false', 'true'];
    expect(completeness(bodies)).toEqual({ retention: both, funnel: both, activation: both, activity: both, kpi: both });
  });

  it('gives its answers at the end, after a second shuffled portion', async () => {
    twice += await send(HALFWAY_MS, TO_MS);
    agreed = await expectEqual(TO_MS);
    console.log(`${history.length} events, ${twice} of them twice; ${paths.length} answers compared at two moments`);
    expect(history.length).toBeGreaterThan(9_000);
    expect(twice).toBeGreaterThan(150);
    const { length } = history;
    expect(await outcomes()).toEqual({ read: length + twice, applied: length, duplicate: twice, late: 0, rejected: 0, misrouted: 0, future: 0 });
  });

  it('is asked about every metric, and none of the answers is empty', () => {
    const withFigures = questions.filter(({ path }) => /:"?-?[1-9]/.test(figures({ ...agreed.get(path), target: null })));
    expect([...new Set(withFigures.map(({ metric }) => metric))].sort()).toEqual(set.metrics.map(({ id }) => id).sort());
  });

  // Values of tuples are JSON, which CSV quotes: left to the tests of the query service.
  it('gives the figures of the CSV too', async () => {
    let rows = 0;
    for (const { path } of questions.filter(
      ({ metric, query }) => CSV_METRICS.includes(metric) && query.compare === undefined && !query.slice?.includes(','),
    )) {
      const response = await fetch(deployment.addresses.both + path, { headers: { accept: 'text/csv' } });
      const expected = expectedRecords(agreed.get(path) ?? {});
      expect(recordsOfCsv(await response.text(), expected), path).toEqual(expected);
      rows += expected.length;
    }
    console.log(`${rows} rows of CSV compared`);
    expect(rows).toBeGreaterThan(1_000);
  });
});
