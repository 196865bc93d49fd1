// What the query service answers of a worker's figures, as the peers name them.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineAddresses } from '@tidemark/local';
import { serviceEnvironment } from '../worker-throughput/topic.ts';
import { type Figures, figureName } from './figures.ts';

interface Question {
  readonly path: string;
  readonly metric: string;
  readonly unit: 'day' | 'week';
  readonly slices: readonly string[];
}

interface Bucket {
  readonly bucket: string;
  readonly active?: number;
  readonly value: string | number | null;
}

interface Answer {
  readonly buckets?: readonly Bucket[];
  readonly slices?: readonly { readonly value: string; readonly buckets: readonly Bucket[] }[];
  readonly cohorts?: readonly {
    readonly cohort: string;
    readonly value: string | null;
    readonly size: number;
    readonly cells: readonly { readonly k: number; readonly retained: number }[];
  }[];
}

const DAY_MS = 86_400_000;
const FOUR = ['channel', 'segment', 'device', 'purchases'];
const questions: readonly Question[] = [
  { path: 'retention', metric: 'cabinet_retention', unit: 'day', slices: FOUR },
  { path: 'activity', metric: 'active_customers', unit: 'day', slices: FOUR },
  { path: 'activity', metric: 'engaged_customers', unit: 'week', slices: [] },
  { path: 'kpis', metric: 'bookings', unit: 'day', slices: ['channel', 'segment', 'purchases'] },
  { path: 'kpis', metric: 'offers_shown', unit: 'day', slices: FOUR },
];
const program = join(import.meta.dirname, '../../../services/query/src/main.ts');
const tries = 100;
const retryMs = 100;

export interface ServedFrom {
  readonly addresses: EngineAddresses;
  readonly namespace: string;
  readonly database: string;
  readonly metricsFile: string;
  /** Of the workload, epoch ms. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** Starts a query service beside the worker, asks it for every compared figure, and stops it. */
export async function servedFigures(from: ServedFrom): Promise<Figures> {
  const env = serviceEnvironment(from.addresses, {
    TIDEMARK_NAMESPACE: from.namespace,
    TIDEMARK_CLICKHOUSE_DATABASE: from.database,
    TIDEMARK_METRICS: from.metricsFile,
    TIDEMARK_HTTP_PORT: '0',
  });
  const child = spawn(process.execPath, [program], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  try {
    const address = await new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stderr }).on('line', (line) => {
        const found = /"address":"([^"]+)"/.exec(line)?.[1];
        if (found !== undefined) resolve(found);
      });
      child.on('exit', (code) => reject(new Error(`the query service ended with code ${code}`)));
    });
    const figures = new Map<string, number>();
    for (const question of questions)
      for (const slice of ['', ...question.slices]) add(figures, question.metric, slice, await ask(address, question, slice, from));
    return figures;
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}

/** A day more on either side, because the buckets are local. */
async function ask(address: string, { path, metric, unit }: Question, slice: string, { fromMs, toMs }: ServedFrom): Promise<Answer> {
  const range = `from=${bucketOf(fromMs - DAY_MS, unit)}&to=${bucketOf(toMs + DAY_MS, unit)}`;
  const url = `${address}/v1/${path}/${metric}?${range}${slice === '' ? '' : `&slice=${slice}`}`;
  for (let tried = 1; ; tried++) {
    const response = await fetch(url);
    if (response.ok) {
      const answer: Answer = JSON.parse(await response.text());
      return answer;
    }
    if (tried === tries || response.status !== 503) throw new Error(`${url} answers ${response.status}: ${await response.text()}`);
    await sleep(retryMs);
  }
}

function bucketOf(timeMs: number, unit: Question['unit']): string {
  const day = Math.floor(timeMs / DAY_MS);
  // 1970 began on a Thursday; a week is named by its Monday.
  const first = unit === 'week' ? day - ((day + 3) % 7) : day;
  return new Date(first * DAY_MS).toISOString().slice(0, 10);
}

function add(figures: Map<string, number>, metric: string, slice: string, { buckets = [], slices = [], cohorts = [] }: Answer): void {
  const set = (value: string | null, bucket: string, column: number, count: number): void => {
    if (count !== 0) figures.set(figureName(metric, value === null ? '' : `${slice}=${value}`, bucket, column), count);
  };
  for (const each of buckets) set(null, each.bucket, 0, each.active ?? Number(each.value));
  for (const { value, buckets: ofValue } of slices) for (const each of ofValue) set(value, each.bucket, 0, each.active ?? Number(each.value));
  for (const { cohort, value, size, cells } of cohorts) {
    set(value, cohort, 0, size);
    for (const { k, retained } of cells) set(value, cohort, k, retained);
  }
}
