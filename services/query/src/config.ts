/** The query service's configuration, from the environment. */
import {
  booleanField,
  choiceField,
  durationField,
  type Environment,
  integerField,
  logLevels,
  portField,
  readConfig,
  textField,
  urlField,
} from '@tidemark/runtime';
import { z } from 'zod';

const DAY_MS = 86_400_000;

const schema = z.object({
  TIDEMARK_REDIS_URL: urlField({ schemes: ['redis', 'rediss'], example: 'redis://127.0.0.1:6379' }).default('redis://127.0.0.1:6379'),
  TIDEMARK_CLICKHOUSE_URL: urlField({ example: 'http://127.0.0.1:8123' }).default('http://127.0.0.1:8123'),
  TIDEMARK_CLICKHOUSE_DATABASE: textField({ expected: 'letters, digits and "_"', example: 'tidemark', pattern: /^[A-Za-z_][A-Za-z0-9_]*$/ }).default(
    'tidemark',
  ),
  TIDEMARK_NAMESPACE: textField({ expected: 'letters, digits, "_", "." and "-"', example: 'tidemark', pattern: /^[A-Za-z0-9_.-]+$/ }).default(
    'tidemark',
  ),
  TIDEMARK_PARTITIONS: integerField({ min: 1, max: 4_096 }).default(12),
  TIDEMARK_METRICS: textField({
    expected: 'the paths of one or more definition files, separated by commas',
    example: 'schemas/metrics/auto-cabinet.yaml',
    maxChars: 10_000,
  }),
  TIDEMARK_LATENESS: durationField({ minMs: 0, maxMs: 400 * DAY_MS }).default(7 * DAY_MS),
  TIDEMARK_HTTP_HOST: textField({ expected: 'an address of this machine', example: '127.0.0.1', pattern: /^[A-Za-z0-9.:-]+$/ }).default('127.0.0.1'),
  TIDEMARK_HTTP_PORT: portField().default(8080),
  TIDEMARK_HTTP_ALLOW_REMOTE: booleanField().default(false),
  TIDEMARK_LOG_LEVEL: choiceField(logLevels).default('info'),
});

export interface Config {
  readonly redisUrl: string;
  readonly clickhouseUrl: string;
  readonly clickhouseDatabase: string;
  readonly namespace: string;
  readonly partitions: readonly number[];
  readonly metricFiles: readonly string[];
  readonly latenessMs: number;
  readonly host: string;
  readonly port: number;
  /** False when others than this machine may ask: without keys that is refused unless it was asked for. */
  readonly loopbackOnly: boolean;
  readonly logLevel: (typeof logLevels)[number];
}

export type ConfigOutcome = { readonly ok: true; readonly config: Config } | { readonly ok: false; readonly problems: readonly string[] };

/** One line per mistake with its fix; what variables mean together is looked at once each is right by itself. */
export function readQueryConfig(env: Environment): ConfigOutcome {
  const result = readConfig(schema, env);
  if (!result.ok) return result;
  const { config } = result;
  const loopbackOnly = isLoopback(config.TIDEMARK_HTTP_HOST);
  const problems: string[] = [];
  if (!loopbackOnly && !config.TIDEMARK_HTTP_ALLOW_REMOTE) {
    problems.push(
      `TIDEMARK_HTTP_HOST="${config.TIDEMARK_HTTP_HOST}" is not loopback, and there are no keys yet: anybody who reaches the port reads all figures. ` +
        'Fix: set TIDEMARK_HTTP_HOST=127.0.0.1, or TIDEMARK_HTTP_ALLOW_REMOTE=true where the network itself keeps others out',
    );
  }
  const metricFiles = config.TIDEMARK_METRICS.split(',').map((file) => file.trim());
  if (metricFiles.includes('')) problems.push('TIDEMARK_METRICS has an empty item. Fix: one path, or several separated by single commas');
  if (problems.length > 0) return { ok: false, problems };
  return {
    ok: true,
    config: {
      redisUrl: config.TIDEMARK_REDIS_URL,
      clickhouseUrl: config.TIDEMARK_CLICKHOUSE_URL,
      clickhouseDatabase: config.TIDEMARK_CLICKHOUSE_DATABASE,
      namespace: config.TIDEMARK_NAMESPACE,
      partitions: Array.from({ length: config.TIDEMARK_PARTITIONS }, (_, partition) => partition),
      metricFiles,
      latenessMs: config.TIDEMARK_LATENESS,
      host: config.TIDEMARK_HTTP_HOST,
      port: config.TIDEMARK_HTTP_PORT,
      loopbackOnly,
      logLevel: config.TIDEMARK_LOG_LEVEL,
    },
  };
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}
