/** The question that a path of the query service asks, such as `/v1/retention/d30?from=2026-11-01&slice=channel`. */
import type { MetricKindName } from '@tidemark/core';
import { type AnswerQuery, QueryRefused } from '@tidemark/pipeline';
import { nearestName } from '@tidemark/runtime';

export interface ApiQuestion {
  readonly kind: MetricKindName;
  readonly metricId: string;
  readonly query: AnswerQuery;
}

/** The first part of a path after `/v1/`, and the kind that answers there. */
const kindByRoom: Readonly<Record<string, MetricKindName>> = {
  retention: 'retention',
  funnels: 'funnel',
  activation: 'activation',
  activity: 'activity',
  kpis: 'kpi',
};
const parameters = ['from', 'to', 'slice', 'value', 'limit', 'by', 'compare'];
const MAX_LIMIT = 1_000;

export function roomOfKind(kind: MetricKindName): string {
  return Object.keys(kindByRoom).find((room) => kindByRoom[room] === kind) ?? kind;
}

/** Whether an argument is a path of the service (or `-`, paths on stdin) and not the name of a file. */
export function isApiPath(argument: string): boolean {
  return argument === '-' || argument.startsWith('/v1/');
}

/** Throws QueryRefused: the path or a parameter is at fault. */
export function parseApiPath(path: string): ApiQuestion {
  const [location = '', search = ''] = path.split(/\?(.*)/s);
  const [, version, room = '', id = '', ...beyond] = location.split('/');
  const kind = Object.hasOwn(kindByRoom, room) ? kindByRoom[room] : undefined;
  if (version !== 'v1' || kind === undefined || id === '' || beyond.length > 0) {
    const known = Object.keys(kindByRoom).map((name) => `/v1/${name}/{id}`);
    throw new QueryRefused('bad_parameter', null, `no such path: expected ${known.join(', ')}`);
  }
  return { kind, metricId: decode(id), query: parseQuery(search) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new QueryRefused('bad_parameter', null, `${JSON.stringify(text)} is not properly escaped`);
  }
}

function parseQuery(search: string): AnswerQuery {
  const given = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(search)) {
    if (!parameters.includes(name)) {
      const near = nearestName(name, parameters);
      throw new QueryRefused(
        'bad_parameter',
        name,
        `unknown parameter ${JSON.stringify(name)}${near === undefined ? '' : `: did you mean ${near}?`}`,
      );
    }
    if (given.has(name)) throw new QueryRefused('bad_parameter', name, `${name} is given twice`);
    given.set(name, value);
  }
  const by = given.get('by');
  if (by !== undefined && by !== 'bucket') throw new QueryRefused('bad_parameter', 'by', `by=${by}: expected by=bucket`);
  const compare = given.get('compare');
  if (compare !== undefined && compare !== 'previous')
    throw new QueryRefused('bad_parameter', 'compare', `compare=${compare}: expected compare=previous`);
  return {
    from: given.get('from'),
    to: given.get('to'),
    slice: given.get('slice'),
    value: given.get('value'),
    limit: limitOf(given.get('limit')),
    by,
    compare,
  };
}

function limitOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw new QueryRefused('bad_parameter', 'limit', `limit ${JSON.stringify(text)}: expected a whole number from 1 to ${MAX_LIMIT}`);
}
