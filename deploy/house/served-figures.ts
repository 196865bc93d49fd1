// Reads what a running Tidemark serves, as a newcomer would: the README's curl lines, and every metric by the path of its kind.

import { setTimeout as sleep } from 'node:timers/promises';

/** One metric's answer: its figures in order, and the log positions that they include. */
export interface Served {
  readonly id: string;
  readonly path: string;
  readonly figures: readonly number[];
  readonly positions: Readonly<Record<string, string>>;
}

const pathOfKind: Readonly<Record<string, string>> = {
  retention: 'retention',
  funnel: 'funnels',
  activation: 'activation',
  activity: 'activity',
  kpi: 'kpis',
};
const figureNames = new Set([
  'size',
  'retained',
  'onOrAfter',
  'uniques',
  'entries',
  'activated',
  'met',
  'active',
  'new',
  'returning',
  'ever',
  'count',
  'total',
  'value',
  'of',
]);
const requestTimeoutMs = 10_000;

/** Fetches every metric that the service lists. Throws with the path and the status where one does not answer 200. */
export async function readAll(address: string): Promise<readonly Served[]> {
  const metrics = listOf(await getJson(address, '/v1/metrics'));
  if (metrics.length === 0) throw new Error('/v1/metrics lists no metric');
  return Promise.all(metrics.map((metric) => readMetric(address, metric)));
}

async function readMetric(address: string, metric: unknown): Promise<Served> {
  const id = String(field(metric, 'id'));
  const kind = pathOfKind[String(field(metric, 'kind'))];
  if (kind === undefined) throw new Error(`metric ${id} is of kind ${String(field(metric, 'kind'))}, which has no path`);
  const path = `/v1/${kind}/${encodeURIComponent(id)}`;
  const answer = await getJson(address, path);
  const positions = field(field(answer, 'asOf'), 'positions');
  return {
    id,
    path,
    figures: figuresIn(answer),
    positions: Object.fromEntries(Object.entries(positions ?? {}).map(([partition, position]) => [partition, String(position)])),
  };
}

/** The numbers of an answer that count something, in the order of the answer: integers, and decimals that travel as text. */
export function figuresIn(answer: unknown): readonly number[] {
  if (Array.isArray(answer)) return answer.flatMap(figuresIn);
  if (answer === null || typeof answer !== 'object') return [];
  return Object.entries(answer).flatMap(([name, value]: [string, unknown]) => {
    if (name === 'asOf' || name === 'notes') return [];
    if (!figureNames.has(name)) return figuresIn(value);
    if (typeof value === 'number') return [value];
    return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? [Number(value)] : figuresIn(value);
  });
}

/** Whether any figure differs between two reads of all metrics. */
export function hasMoved(before: readonly Served[], after: readonly Served[]): boolean {
  return after.some((served) => JSON.stringify(served.figures) !== JSON.stringify(before.find((earlier) => earlier.id === served.id)?.figures));
}

/** Whether some metric's positions grew in at least one partition; throws where one went back. */
export function hasAdvanced(before: readonly Served[], after: readonly Served[]): boolean {
  let advanced = false;
  for (const { id, positions } of after) {
    const earlier = before.find((served) => served.id === id)?.positions ?? {};
    for (const [partition, position] of Object.entries(positions)) {
      const step = BigInt(position) - BigInt(earlier[partition] ?? 0);
      if (step < 0n) throw new Error(`metric ${id}: the position of partition ${partition} went back from ${earlier[partition]} to ${position}`);
      if (step > 0n) advanced = true;
    }
  }
  return advanced;
}

/** The paths, with their queries, of the curl commands in a README's code blocks, and the headers that they send. */
export function curlPaths(readme: string): readonly { readonly path: string; readonly headers: Readonly<Record<string, string>> }[] {
  const commands = [...readme.matchAll(/^```\w*\n([\s\S]*?)^```/gm)]
    .flatMap(([, block]) => (block ?? '').replaceAll('\\\n', ' ').split('\n'))
    .filter((line) => /^\s*\$?\s*curl\s/.test(line));
  return commands.flatMap((command) => {
    const url = /https?:\/\/[^/\s'"]+(\/[^\s'"|]*)/.exec(command)?.[1];
    if (url === undefined) return [];
    const headers = Object.fromEntries(
      [...command.matchAll(/(?:-H|--header)\s+(['"])([^:]+):\s*(.*?)\1/g)].map(([, , name, value]) => [name ?? '', value ?? '']),
    );
    return [{ path: url, headers }];
  });
}

/** How long an answer is asked for again that says when to come back, as clients do. */
const patienceMs = 15_000;

/** The body of a path as text; throws where the status is not 200. A 503 with Retry-After is asked again: a publish of the samples' past may be under way. */
export async function getText(address: string, path: string, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  const deadlineMs = performance.now() + patienceMs;
  for (;;) {
    const response = await fetch(address + path, { headers, signal: AbortSignal.timeout(requestTimeoutMs) });
    const body = await response.text();
    if (response.status === 200) return body;
    const retryAfterS = response.status === 503 ? Number(response.headers.get('retry-after') ?? Number.NaN) : Number.NaN;
    if (!(retryAfterS > 0) || performance.now() > deadlineMs) throw new Error(`GET ${path} answered ${response.status}: ${body.slice(0, 300)}`);
    await sleep(retryAfterS * 1_000);
  }
}

async function getJson(address: string, path: string): Promise<unknown> {
  return JSON.parse(await getText(address, path));
}

function listOf(body: unknown): readonly unknown[] {
  const list = Array.isArray(body) ? body : field(body, 'metrics');
  return Array.isArray(list) ? list : [];
}

function field(value: unknown, name: string): unknown {
  return value !== null && typeof value === 'object' ? Reflect.get(value, name) : undefined;
}
