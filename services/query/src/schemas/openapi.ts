/** The contract as OpenAPI 3.1, made from the schemas that the service validates with. */
import type { MetricKindName } from '@tidemark/core';
import { z } from 'zod';
import { KIND_PATHS, KINDS } from '../kinds.ts';
import { PROBLEMS, type ProblemCode } from '../problems.ts';
import { auditBody } from './audit.ts';
import { boardBody } from './board.ts';
import { metricBody, metricsBody, problemBodySchema, readyBody, setsBody } from './catalogue.ts';
import { EVENT_STREAM_EVENTS, eventStreamQuery, eventsBody, eventsQuery, explainBody, explainQuery } from './inspect.ts';
import { lineagesBody } from './lineages.ts';
import { LIVE_EVENTS } from './live.ts';
import { liveQuery, metricQuery, noQuery } from './query.ts';

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
type JsonObject = { readonly [key: string]: Json };

/** One path of the service, as the contract shows it. */
interface Served {
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly query: z.ZodObject;
  /** What the names in the path stand for, in their order. */
  readonly named?: string | readonly string[];
  /** Body by media type; null is text. */
  readonly bodies: Readonly<Record<string, z.ZodType | null>>;
  readonly headers?: JsonObject;
  readonly problems: readonly ProblemCode[];
  /** Answered without a key. */
  readonly isOpen?: true;
  /** Has an entity tag, and 304 for `If-None-Match`. */
  readonly isTagged?: true;
  /** The same body under another status. */
  readonly alsoAs?: number;
}

const EVERYWHERE: readonly ProblemCode[] = [
  'bad_request',
  'not_allowed',
  'receive_timeout',
  'url_too_long',
  'wrong_host',
  'headers_too_large',
  'timeout',
  'internal',
];
const WITH_KEY: readonly ProblemCode[] = ['unauthorized', 'forbidden', 'rate_limited'];
const OF_FIGURES: readonly ProblemCode[] = [
  'bad_parameter',
  'bad_range',
  'bad_slice',
  'too_large',
  'unknown_metric',
  'unknown_revision',
  'wrong_kind',
  'not_acceptable',
  'unavailable',
];

const SUMMARIES: Readonly<Record<MetricKindName, string>> = {
  retention: 'Cohorts and their cells, and the columns pooled over complete cohorts',
  funnel: 'Steps over the range or per bucket, with conversion and times',
  activation: 'Activated actors per cohort, by condition and age',
  activity: 'Active, rolling, new, returning, resurrecting and dormant actors per bucket, stickiness',
  kpi: 'A measure per bucket and over the range',
};

function served(): readonly Served[] {
  const json = (body: z.ZodType) => ({ 'application/json': body });
  const figures = KINDS.map(
    (kind): Served => ({
      path: `/v1/${KIND_PATHS[kind].path}/{id}`,
      operationId: `get${kind.charAt(0).toUpperCase()}${kind.slice(1)}`,
      summary: SUMMARIES[kind],
      query: KIND_PATHS[kind].query,
      named: 'Id of a metric of this kind.',
      bodies: { 'application/json': KIND_PATHS[kind].body, 'text/csv': null },
      headers: { 'Tidemark-As-Of': { description: 'Of a CSV: revision, lineage, range and asOf, as JSON.', schema: { type: 'string' } } },
      problems: [...OF_FIGURES, ...WITH_KEY],
      isTagged: true,
    }),
  );
  const about = { query: noQuery, problems: ['bad_parameter', 'not_acceptable', ...WITH_KEY], isTagged: true } as const satisfies Partial<Served>;
  const aboutOne = {
    ...about,
    query: metricQuery,
    problems: ['bad_parameter', 'unknown_metric', 'unknown_revision', 'not_acceptable', ...WITH_KEY],
  } as const satisfies Partial<Served>;
  const ofBoard: readonly ProblemCode[] = ['bad_parameter', 'unknown_set', 'not_acceptable', 'unavailable', ...WITH_KEY];
  const ofLive: readonly ProblemCode[] = [...OF_FIGURES, 'too_many_streams', ...WITH_KEY];
  return [
    { ...about, path: '/v1/metrics', operationId: 'listMetrics', summary: 'Every metric, in words', bodies: json(metricsBody) },
    {
      ...aboutOne,
      path: '/v1/metrics/{id}',
      operationId: 'getMetric',
      summary: 'One metric, with the values that its open slices have shown',
      named: 'Id of a metric.',
      bodies: json(metricBody),
    },
    ...figures,
    { ...about, path: '/v1/sets', operationId: 'listSets', summary: 'The metric sets and where each stands', bodies: json(setsBody) },
    {
      ...about,
      path: '/v1/lineages',
      operationId: 'listLineages',
      summary: 'Every lineage of every set: which one is served, how far the others are, since when, and who decided so',
      bodies: json(lineagesBody),
    },
    {
      ...about,
      path: '/v1/board/{set}',
      operationId: 'getBoard',
      summary: "A set's first screen: its tiles, each with its value and the one before",
      named: 'Name of a set.',
      bodies: json(boardBody),
      problems: ofBoard,
    },
    {
      path: '/v1/live',
      operationId: 'watchFigures',
      summary: 'Server-sent events: a snapshot of each figure, then what changes within a second; a comment every 15 s',
      query: liveQuery,
      bodies: { 'text/event-stream': null },
      problems: ofLive,
    },
    ...inspected(),
    {
      path: '/v1/audit',
      operationId: 'getAudit',
      summary: 'Per lineage and partition: positions, saved state, archive, counters, halts, rewinds, gaps, and what was last proven',
      query: noQuery,
      bodies: json(auditBody),
      problems: ['bad_parameter', 'not_acceptable', ...WITH_KEY],
    },
    ...operated(),
    {
      ...about,
      path: '/v1/openapi.json',
      operationId: 'getContractV1',
      summary: 'This document',
      bodies: { 'application/json': z.record(z.string(), z.unknown()) },
    },
  ];
}

/** For operators and programs, without a key. */
function operated(): readonly Served[] {
  const open = { query: noQuery, problems: [], isOpen: true } as const satisfies Partial<Served>;
  const text = { 'text/plain': null };
  return [
    { ...open, path: '/livez', operationId: 'getLiveness', summary: 'The process runs', bodies: text },
    {
      ...open,
      path: '/readyz',
      operationId: 'getReadiness',
      summary: 'Stores, sets and partitions; 503 while some set cannot be answered',
      bodies: { 'application/json': readyBody },
      alsoAs: 503,
    },
    { ...open, path: '/metrics', operationId: 'getProcessMetrics', summary: 'Prometheus', bodies: text },
    {
      ...open,
      path: '/openapi.json',
      operationId: 'getContract',
      summary: 'This document; at /v1/openapi.json as well',
      bodies: { 'application/json': z.record(z.string(), z.unknown()) },
      isTagged: true,
    },
  ];
}

const OF_PEOPLE: readonly ProblemCode[] = ['bad_parameter', 'not_acceptable', 'unavailable', ...WITH_KEY];

/** For keys with the scope `inspect`. */
function inspected(): readonly Served[] {
  return [
    {
      path: '/v1/events',
      operationId: 'listEvents',
      summary: 'The newest records and what became of each: applied, duplicate, late, future, misrouted, rejected or control, and why',
      query: eventsQuery,
      bodies: { 'application/json': eventsBody, 'text/csv': null },
      problems: ['unknown_set', ...OF_PEOPLE],
    },
    {
      path: '/v1/events/live',
      operationId: 'watchEvents',
      summary: 'Server-sent events: the newest records with their outcomes, then each as it comes; of a flood a sample; a comment every 15 s',
      query: eventStreamQuery,
      bodies: { 'text/event-stream': null },
      problems: ['unknown_set', 'too_many_streams', ...OF_PEOPLE],
    },
    {
      path: '/v1/explain/{metric}/{actor}',
      operationId: 'explainActor',
      summary: "One actor's events in time order, what became of each, and the integers that they add to a metric now",
      query: explainQuery,
      named: ['Id of a metric.', 'Id of an actor, as producers write it.'],
      bodies: { 'application/json': explainBody, 'text/csv': null },
      problems: ['bad_range', 'bad_slice', 'too_large', 'unknown_metric', 'unknown_revision', ...OF_PEOPLE],
    },
  ];
}

/** The document. Deterministic: its text changes only with the schemas. */
export function openApiDocument(): JsonObject {
  const components: Record<string, Json> = {};
  const paths: Record<string, Json> = {};
  for (const each of served()) paths[each.path] = { get: operation(each, components) };
  for (const event of [...Object.values(LIVE_EVENTS), ...Object.values(EVENT_STREAM_EVENTS)]) schemaOf(event, components);
  const sorted = Object.fromEntries(Object.entries(components).sort(([a], [b]) => (a < b ? -1 : 1)));
  return {
    openapi: '3.1.0',
    info: {
      title: 'Tidemark query service',
      version: '1',
      summary: 'Exact, live retention, activation, funnel, activity and KPI figures.',
      description:
        'Every answer names the position in the log up to which it counts (`asOf`). HEAD is answered like GET, except by streams. Errors are ' +
        'problem+json with a stable `code`. The data of the live stream’s events are LiveSnapshot, LiveDelta and LiveProblem; of the stream of events ' +
        'EventsWatching, InspectedEvent, EventsMissed and EventsProblem.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ key: [] }, {}],
    paths,
    components: {
      securitySchemes: {
        key: {
          type: 'http',
          scheme: 'bearer',
          description: 'A key with the scope `read`, for /v1/events and /v1/explain `inspect`. Not needed where none are configured.',
        },
      },
      schemas: sorted,
    },
  };
}

/** As it is committed and served. */
export function openApiText(): string {
  return `${JSON.stringify(openApiDocument(), null, 2)}\n`;
}

function operation(each: Served, components: Record<string, Json>): JsonObject {
  const content = Object.fromEntries(
    Object.entries(each.bodies).map(([type, body]) => [type, { schema: body === null ? { type: 'string' } : schemaOf(body, components) }]),
  );
  const tag = { ETag: { description: 'Strong.', schema: { type: 'string' } } };
  const headers = { ...(each.isTagged ? tag : {}), ...each.headers };
  const ok = { description: 'The answer.', ...(Object.keys(headers).length === 0 ? {} : { headers }), content };
  const named = [...each.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  const descriptions = [each.named ?? []].flat();
  return {
    operationId: each.operationId,
    summary: each.summary,
    ...(each.isOpen ? { security: [] } : {}),
    parameters: [
      ...named.map((name, index) => ({ name, in: 'path', required: true, description: descriptions[index] ?? '', schema: { type: 'string' } })),
      ...queryParameters(each.query),
      ...(each.isTagged ? [{ name: 'If-None-Match', in: 'header', required: false, schema: { type: 'string' } }] : []),
    ],
    responses: {
      '200': ok,
      ...(each.isTagged ? { '304': { description: 'What the asker has is current.', headers: tag } } : {}),
      ...problemResponses(each, components, content),
    },
  };
}

function queryParameters(query: z.ZodObject): readonly Json[] {
  const { properties } = plain(z.toJSONSchema(query, { io: 'input' }));
  return Object.entries(isObject(properties) ? properties : {}).map(([name, property]) => {
    const { description = '', examples, pattern, anyOf, ...schema } = isObject(property) ? property : {};
    // What is text on the wire but a number or list in meaning says so; the text's own pattern goes.
    const textual = schema['type'] === 'string' ? { ...(pattern === undefined ? {} : { pattern }) } : {};
    return {
      name,
      in: 'query',
      required: false,
      description,
      schema: { ...schema, ...textual, ...(schema['type'] === undefined && anyOf !== undefined ? { anyOf } : {}) },
      ...(Array.isArray(examples) && examples[0] !== undefined ? { example: examples[0] } : {}),
    };
  });
}

/** By status, each naming its codes. */
function problemResponses(each: Served, components: Record<string, Json>, content: JsonObject): Record<string, Json> {
  const codes = [...each.problems, ...EVERYWHERE];
  const statuses = [...new Set(codes.map((code) => PROBLEMS[code].status))].sort((a, b) => a - b);
  const problem = schemaOf(problemBodySchema, components);
  const retry = { 'Retry-After': { description: 'Seconds.', schema: { type: 'integer' } } };
  return Object.fromEntries(
    statuses.map((status) => [
      String(status),
      {
        description: codes.filter((code) => PROBLEMS[code].status === status).join(', '),
        ...(status === 429 || status === 503 ? { headers: retry } : {}),
        content: { ...(status === each.alsoAs ? content : {}), 'application/problem+json': { schema: problem } },
      },
    ]),
  );
}

/** The schema, with what has an id moved among the components. */
function schemaOf(schema: z.ZodType, components: Record<string, Json>): JsonObject {
  const made = z.toJSONSchema(schema, {
    override: ({ jsonSchema }) => {
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
  const { $schema: _dialect, $defs = {}, ...own } = plain(made);
  if (isObject($defs)) for (const [id, definition] of Object.entries($defs)) components[id] = definition;
  return own;
}

/** As plain JSON, with references into the components. */
function plain(schema: object): { readonly [key: string]: Json } {
  const parsed: unknown = JSON.parse(JSON.stringify(schema), (key: string, value: unknown) => {
    if (key === '$ref' && typeof value === 'string') return value.replace('#/$defs/', '#/components/schemas/');
    return value;
  });
  return isObject(parsed) ? parsed : {};
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
