/** The archiver's configuration, read from the environment; the migration reads the same. */
import {
  checkEngineAccess,
  choiceField,
  clickhouseVariables,
  hostPortListField,
  integerField,
  kafkaVariables,
  logLevels,
  portField,
  readConfig,
  textField,
  urlField,
} from '@tidemark/runtime';
import { z } from 'zod';

const archiverVariables = z.object({
  TIDEMARK_KAFKA_BROKERS: hostPortListField({ example: '127.0.0.1:9092' }),
  TIDEMARK_CLICKHOUSE_URL: urlField({ schemes: ['http', 'https'], example: 'http://127.0.0.1:8123' }),
  TIDEMARK_CLICKHOUSE_DATABASE: textField().default('tidemark'),
  TIDEMARK_NAMESPACE: textField().default('tidemark'),
  TIDEMARK_PARTITIONS: integerField({ min: 1, max: 4096 }).default(12),
  TIDEMARK_HTTP_HOST: textField().default('127.0.0.1'),
  TIDEMARK_HTTP_PORT: portField().default(8082),
  TIDEMARK_LOG_LEVEL: choiceField(logLevels).default('info'),
  ...kafkaVariables,
  ...clickhouseVariables,
});

/** What the variables mean together is looked at once each is right by itself. */
const archiverConfig = archiverVariables.superRefine(checkEngineAccess);

export type ArchiverConfig = z.output<typeof archiverConfig>;

/** Every mistake at once, one line each. */
export function readArchiverConfig(env: Readonly<Record<string, string | undefined>>): ReturnType<typeof readConfig<typeof archiverConfig>> {
  return readConfig(archiverConfig, env);
}
