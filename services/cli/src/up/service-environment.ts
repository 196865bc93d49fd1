/** The environment of a service that `up` starts: ours, with every address and file spelt out. */
import type { EngineAddresses } from '@tidemark/local';
import { clickhouseVariables, kafkaVariables, redisVariables } from '@tidemark/runtime';
import type { CliConfig } from '../config.ts';

/** Variables that the user has set for the services pass; what is settled here replaces them, also where they name a file. Logins are for engines of the user's own. */
export function serviceEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  settled: { readonly config: CliConfig; readonly addresses: EngineAddresses; readonly httpPort: number },
): Record<string, string | undefined> {
  const { config, addresses, httpPort } = settled;
  const own: Record<string, string> = {
    TIDEMARK_DATA: config.dataFolder,
    TIDEMARK_KAFKA_BROKERS: addresses.kafkaBrokers,
    TIDEMARK_REDIS_URL: addresses.redisUrl,
    TIDEMARK_CLICKHOUSE_URL: addresses.clickhouseUrl,
    TIDEMARK_CLICKHOUSE_DATABASE: config.clickhouseDatabase,
    TIDEMARK_NAMESPACE: config.namespace,
    TIDEMARK_PARTITIONS: String(config.partitions),
    TIDEMARK_PARTITIONER: config.partitioner,
    TIDEMARK_METRICS: config.metrics.join(','),
    TIDEMARK_LATENESS: `${config.latenessMs}ms`,
    TIDEMARK_HTTP_PORT: String(httpPort),
    TIDEMARK_LOG_LEVEL: config.logLevel,
  };
  const replaced = new Set(Object.keys(own).map((name) => `${name}_FILE`));
  const idle = [
    ...(config.kafkaBrokers === null ? Object.keys(kafkaVariables) : []),
    ...(config.redisUrl === null ? Object.keys(redisVariables) : []),
    ...(config.clickhouseUrl === null ? Object.keys(clickhouseVariables) : []),
  ];
  for (const name of idle) for (const each of [name, `${name}_FILE`]) replaced.add(each);
  const rest = Object.entries(env).filter(([name]) => !replaced.has(name) && name !== 'NODE_OPTIONS');
  return { ...Object.fromEntries(rest), ...own };
}
