/** Fuzz target: whatever is asked by GET or HEAD, the answer fits the contract; it is never a failure of ours, and a refusal is problem+json. */
import { strict as assert } from 'node:assert';
import type { Readable } from 'node:stream';
import { checkExchange } from '../contract.ts';
import { createServedWorld, setOf, trackOf } from '../served-world.ts';

const set = setOf(`
name: shop
dimensions:
  channel: { property: channel, max: 200 }
  device: { property: device, values: [ios, web] }
  first: { property: channel, hold: first }
metrics:
  - { id: purchases, kind: kpi, measure: { count: Purchase }, slice: [channel, [channel, device], first] }
  - { id: hourly, kind: kpi, measure: { sum: Purchase, property: amount }, unit: hour }
  - { id: people, kind: activity, event: "*", slice: [channel], rolling: [7] }
  - { id: repeat, kind: retention, start: Purchase, return: Purchase, columns: 2, brackets: [[0, 1]], slice: [channel] }
  - { id: weekly, kind: retention, start: Purchase, return: Purchase, columns: 3, unit: week }
  - { id: path, kind: funnel, steps: [Visit, Purchase], window: 1d, slice: [channel] }
  - { id: active, kind: activation, start: Visit, within: 7d, all: [Purchase] }
board: [purchases, people.active]
`);
const VALUES = ['ads', '=1+1', '', '__proto__', '😀', 'a,b;"c"\nd', '\u0000', '["ads"]'];
const DAY_MS = 86_400_000;

function* history() {
  for (let index = 0; index < 60; index += 1) {
    const timestamp = new Date(Date.UTC(2026, 10, 1) + index * 0.3 * DAY_MS).toISOString();
    const properties = { channel: VALUES[index % VALUES.length], device: index % 2 === 0 ? 'ios' : null, amount: index / 4 };
    yield trackOf(index % 3 === 0 ? 'Visit' : 'Purchase', `u${index % 5}`, { timestamp, messageId: `m${index}`, properties });
  }
}

const NO_LIMIT = 1_000_000_000;
const world = await createServedWorld({ set, events: history(), live: { maxStreamsPerAsker: NO_LIMIT, maxStreams: NO_LIMIT } });
/** A stream goes on until its reader leaves; a figure is there long before. */
const STREAM_MS = 5;
const ANSWER_MS = 2_000;
let connection: { destroy(): unknown } | null = null;
world.app.addHook('onRequest', async (_request, reply) => {
  connection = reply.raw;
});

/** The first line is method and URL, the further ones are headers. What is no HTTP at all never reaches the application. */
function requestOf(input: Uint8Array): { method: 'GET' | 'HEAD'; url: string; headers: Record<string, string> } {
  const [first = '', ...lines] = Buffer.from(input).toString('utf8').split('\n');
  const isHead = first.startsWith('HEAD ');
  const path = first.slice(isHead ? 5 : 0).replaceAll(/[^\x21-\x7e]/g, (character) => encodeURIComponent(character.toWellFormed()));
  const headers: Record<string, string> = {};
  for (const line of lines.slice(0, 12)) {
    const [, name = '', value = ''] = /^([a-z][a-z0-9-]{0,40}): ?([\x20-\x7e]*)$/.exec(line) ?? [];
    // How the body is framed is the server's matter, not the application's.
    if (name !== '' && !['content-length', 'transfer-encoding', 'connection', 'expect', 'upgrade'].includes(name)) headers[name] = value;
  }
  return { method: isHead ? 'HEAD' : 'GET', url: path.startsWith('/') ? path : `/${path}`, headers };
}

async function run(input: Uint8Array): Promise<void> {
  const { method, url, headers } = requestOf(input);
  // The test's own way in reads `//host` as another host's URL, which a connection does not.
  if (url.startsWith('//') || !URL.canParse(url, 'http://localhost')) return;
  const isLive = /live/i.test(decoded(url));
  const leaving = new AbortController();
  const timer = setTimeout(() => leaving.abort(), url.startsWith('/v1/live') ? STREAM_MS : ANSWER_MS);
  const request = { method, url, headers: { host: 'localhost', ...headers }, payloadAsStream: true as const, signal: leaving.signal };
  const response = await world.app.inject(request).catch((error: unknown) => {
    if (!leaving.signal.aborted || !isLive) throw error;
    connection?.destroy();
    return null;
  });
  clearTimeout(timer);
  if (response === null) return;
  const { statusCode: status } = response;
  const type = String(response.headers['content-type'] ?? '');
  const stream = response.stream();
  const body = await textOf(stream);
  assert.ok(status < 500, `${status} for ${JSON.stringify(url)}: ${body.slice(0, 300)}`);
  if (status >= 400) assert.match(type, /^application\/problem\+json/);
  checkExchange({ method, url: pathAsRouted(url), status, headers: response.headers, body });
  assert.deepEqual(world.liveFailures, []);
  world.logLines.length = 0;
}

/** The contract's paths are plain; what the router makes of an escaped one is not its matter. */
function pathAsRouted(url: string): string {
  const [path = ''] = url.split(/[?#]/, 1);
  return path.includes('%') || path.includes('//') || path.includes('/.') ? '/' : path;
}

function decoded(url: string): string {
  try {
    return decodeURIComponent(url);
  } catch {
    return url;
  }
}

async function textOf(stream: Readable): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(Buffer.from(part));
  return Buffer.concat(parts).toString('utf8');
}

const PATHS = ['kpis/purchases', 'kpis/hourly', 'activity/people', 'retention/repeat', 'retention/weekly', 'funnels/path', 'activation/active'];
const PARAMETERS = [
  'from=2026-11-01',
  'to=2026-11-21',
  'from=2026-11-01T00',
  'from=2026-W45',
  'to=2026-W47',
  'slice=channel',
  'slice=channel,device',
  'slice=first',
  'slice=',
  'value=ads',
  'value=',
  'value=%5B%22ads%22,%22ios%22%5D',
  'value=%F0%9F%98%80',
  'value=%00',
  'value=$rest',
  'limit=1',
  'limit=1000',
  'limit=0',
  'by=bucket',
  'compare=previous',
  'revision=000000',
  'revision=%00',
  'metrics=purchases,people',
  'path=/v1/kpis/purchases%3Fslice=channel',
  'from=0001-01-01',
  'to=9999-12-31',
  'from=2026-02-30',
  '__proto__=1',
];

/** A path with some parameters, by the digits of the seed. */
function generate(seed: number): readonly Uint8Array[] {
  return [0, 1, 2, 3].map((turn) => {
    let rest = Math.imul(seed + turn, 0x9e3779b1) >>> 0;
    const draw = (below: number): number => {
      rest = (Math.imul(rest, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((rest / 2 ** 32) * below);
    };
    const query = Array.from({ length: draw(4) }, () => PARAMETERS[draw(PARAMETERS.length)]).join('&');
    const accept = draw(3) === 0 ? '\naccept: text/csv' : '';
    return Buffer.from(`${draw(8) === 0 ? 'HEAD ' : ''}/v1/${PATHS[draw(PATHS.length)]}?${query}${accept}`);
  });
}

export const fuzzTarget = {
  seeds: () =>
    [
      ...PATHS.map((path) => `/v1/${path}`),
      '/v1/metrics',
      '/v1/metrics/purchases',
      '/v1/sets',
      '/v1/board/shop',
      '/v1/live?metrics=purchases\naccept: text/event-stream',
      '/livez',
      '/readyz',
      '/metrics',
      '/openapi.json',
      '/v1/kpis/nobody',
      '/v1/funnels/purchases',
      '/',
      'HEAD /v1/metrics',
      '/v1/metrics\nif-none-match: *\naccept: application/json;q=0.5',
      '/v1/kpis/purchases\nhost: evil.example\norigin: https://evil.example',
      '/v1/kpis/purchases\nauthorization: Bearer x',
    ].map((text) => Buffer.from(text)),
  dictionary: [
    ...PARAMETERS,
    ...PARAMETERS.map((parameter) => `&${parameter}`),
    ...PATHS,
    '%',
    '%00',
    '%ff',
    '%2e%2e/',
    '../',
    '//',
    ';',
    '#',
    '?',
    '&',
    '=',
    '+',
    '[]',
    '\naccept: ',
    '*/*',
    ';q=0',
    'text/csv',
    'application/json',
    'text/event-stream',
    '\nif-none-match: "',
    '\nhost: [::1]',
    '\nlast-event-id: ',
    '\nauthorization: Bearer ',
    '\norigin: ',
    '\nx-forwarded-for: ',
    '\naccept-encoding: gzip',
    'HEAD ',
    '%ED%A0%80',
    '%F0%9F',
    '\ud800',
  ],
  generate,
  run,
};
