/** The query service's configuration, from the environment. */
import {
  booleanField,
  checkEngineAccess,
  choiceField,
  clickhouseAccess,
  clickhouseVariables,
  durationField,
  type Environment,
  integerField,
  logLevels,
  portField,
  readConfig,
  redactUrl,
  redisAccess,
  redisVariables,
  type StoreAccess,
  secretField,
  textField,
  tracingVariables,
  urlField,
  urlListField,
} from '@tidemark/runtime';
import { z } from 'zod';
import { type ApiKey, parseKeys } from './access/keys.ts';

const DAY_MS = 86_400_000;
/** Of all askers together. */
export const MAX_STREAMS = 4_000;

const variables = z.object({
  TIDEMARK_REDIS_URL: urlField({ schemes: ['redis', 'rediss'], example: 'redis://127.0.0.1:6379' }).default('redis://127.0.0.1:6379'),
  TIDEMARK_CLICKHOUSE_URL: urlField({ example: 'http://127.0.0.1:8123' }).default('http://127.0.0.1:8123'),
  TIDEMARK_CLICKHOUSE_DATABASE: textField({
    expected: 'letters, digits and "_"',
    example: 'tidemark',
    pattern: /^[A-Za-z_][A-Za-z0-9_]*$/,
  }).default('tidemark'),
  TIDEMARK_NAMESPACE: textField({ expected: 'letters, digits, "_", "." and "-"', example: 'tidemark', pattern: /^[A-Za-z0-9_.-]+$/ }).default(
    'tidemark',
  ),
  TIDEMARK_PARTITIONS: integerField({ min: 1, max: 4_096 }).default(12),
  TIDEMARK_PARTITIONER: choiceField(['murmur2', 'crc32']).default('murmur2'),
  TIDEMARK_METRICS: textField({
    expected: 'the paths of one or more definition files, separated by commas',
    example: 'schemas/metrics/auto-cabinet.yaml',
    maxChars: 10_000,
  }),
  TIDEMARK_LATENESS: durationField({ minMs: 0, maxMs: 400 * DAY_MS }).default(7 * DAY_MS),
  TIDEMARK_HTTP_HOST: textField({ expected: 'an address of this machine', example: '127.0.0.1', pattern: /^[A-Za-z0-9.:-]+$/ }).default('127.0.0.1'),
  TIDEMARK_HTTP_PORT: portField().default(8080),
  TIDEMARK_HTTP_ALLOW_REMOTE: booleanField().default(false),
  TIDEMARK_API_KEYS: secretField().optional(),
  TIDEMARK_CORS_ORIGINS: urlListField({ example: 'https://ops.example' }).default([]),
  TIDEMARK_RATE_LIMIT: integerField({ min: 0, max: 1_000_000 }).default(500),
  TIDEMARK_LIVE_STREAMS: integerField({ min: 1, max: MAX_STREAMS }).default(200),
  TIDEMARK_LOG_LEVEL: choiceField(logLevels).default('info'),
  ...tracingVariables,
  ...redisVariables,
  ...clickhouseVariables,
});

/** What the variables mean together is looked at once each is right by itself. */
const schema = variables.superRefine(checkEngineAccess);

export interface Config {
  readonly redisUrl: string;
  readonly clickhouseUrl: string;
  readonly clickhouseDatabase: string;
  /** Users and TLS, beside what the URLs say. */
  readonly access: { readonly redis: StoreAccess; readonly clickhouse: StoreAccess };
  readonly namespace: string;
  readonly partitions: readonly number[];
  readonly partitioner: 'murmur2' | 'crc32';
  readonly metricFiles: readonly string[];
  readonly latenessMs: number;
  readonly host: string;
  readonly port: number;
  /** True when nobody but this machine may ask: without keys the service listens to others only where that was asked for. */
  readonly loopbackOnly: boolean;
  /** Empty: no key is needed. */
  readonly keys: readonly ApiKey[];
  readonly corsOrigins: readonly string[];
  /** Per second and key, or address without keys; 0: no limit. */
  readonly requestsPerSecond: number;
  readonly streamsPerAsker: number;
  readonly logLevel: (typeof logLevels)[number];
  /** Undefined: no traces. */
  readonly otlpEndpoint: string | undefined;
  readonly tracePercent: number;
}

export type ConfigOutcome = { readonly ok: true; readonly config: Config } | { readonly ok: false; readonly problems: readonly string[] };

/** One line per mistake with its fix; what variables mean together is looked at once each is right by itself. */
export function readQueryConfig(env: Environment): ConfigOutcome {
  const result = readConfig(schema, env);
  if (!result.ok) return result;
  const { config } = result;
  const keys = config.TIDEMARK_API_KEYS === undefined ? { ok: true as const, keys: [] } : parseKeys(config.TIDEMARK_API_KEYS);
  // A proxy on this machine asks by the name that others know; only who has a key is answered.
  const loopbackOnly = isLoopback(config.TIDEMARK_HTTP_HOST) && config.TIDEMARK_API_KEYS === undefined;
  const problems: string[] = [];
  if (!keys.ok)
    problems.push(...keys.problems.map((problem) => `TIDEMARK_API_KEYS, ${problem}. Fix: make keys with npm run -s -w @tidemark/query key -- NAME`));
  if (!isLoopback(config.TIDEMARK_HTTP_HOST) && config.TIDEMARK_API_KEYS === undefined && !config.TIDEMARK_HTTP_ALLOW_REMOTE) {
    problems.push(
      `TIDEMARK_HTTP_HOST="${config.TIDEMARK_HTTP_HOST}" is not loopback, and there are no keys: anybody who reaches the port reads all figures. ` +
        'Fix: set TIDEMARK_API_KEYS_FILE to a file of keys, or TIDEMARK_HTTP_HOST=127.0.0.1, or TIDEMARK_HTTP_ALLOW_REMOTE=true where the network itself keeps others out',
    );
  }
  const metricFiles = config.TIDEMARK_METRICS.split(',').map((file) => file.trim());
  if (metricFiles.includes('')) problems.push('TIDEMARK_METRICS has an empty item. Fix: one path, or several separated by single commas');
  for (const origin of config.TIDEMARK_CORS_ORIGINS) {
    const { origin: plain } = new URL(origin);
    if (plain !== origin)
      problems.push(`TIDEMARK_CORS_ORIGINS has ${JSON.stringify(redactUrl(origin))}, which is no origin. Fix: ${plain}, without path or slash`);
  }
  if (problems.length > 0 || !keys.ok) return { ok: false, problems };
  return {
    ok: true,
    config: {
      redisUrl: config.TIDEMARK_REDIS_URL,
      clickhouseUrl: config.TIDEMARK_CLICKHOUSE_URL,
      clickhouseDatabase: config.TIDEMARK_CLICKHOUSE_DATABASE,
      access: { redis: redisAccess(config), clickhouse: clickhouseAccess(config) },
      namespace: config.TIDEMARK_NAMESPACE,
      partitions: Array.from({ length: config.TIDEMARK_PARTITIONS }, (_, partition) => partition),
      partitioner: config.TIDEMARK_PARTITIONER,
      metricFiles,
      latenessMs: config.TIDEMARK_LATENESS,
      host: config.TIDEMARK_HTTP_HOST,
      port: config.TIDEMARK_HTTP_PORT,
      loopbackOnly,
      keys: keys.keys,
      corsOrigins: config.TIDEMARK_CORS_ORIGINS,
      requestsPerSecond: config.TIDEMARK_RATE_LIMIT,
      streamsPerAsker: config.TIDEMARK_LIVE_STREAMS,
      logLevel: config.TIDEMARK_LOG_LEVEL,
      otlpEndpoint: config.TIDEMARK_OTLP_ENDPOINT,
      tracePercent: config.TIDEMARK_TRACE_PERCENT,
    },
  };
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}
