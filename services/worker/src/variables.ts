/** The names of all environment variables of Tidemark, so that a misspelled one is noticed while those of sister processes are not. */

export const knownVariables: readonly string[] = [
  'TIDEMARK_CACHE',
  'TIDEMARK_CLICKHOUSE_PASSWORD',
  'TIDEMARK_DATA',
  'TIDEMARK_DEMO_RATE',
  'TIDEMARK_HISTORIES',
  'TIDEMARK_HTTP_ALLOW_REMOTE',
  'TIDEMARK_KAFKA_CLUSTER_ID',
  'TIDEMARK_PORT',
  'TIDEMARK_REDIS_BINARY',
];
