/** Runs the engines in the foreground for developers: prints their addresses as KEY=value lines; Ctrl-C stops them. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startLocalEngines } from './engines.ts';

const { values } = parseArgs({ options: { data: { type: 'string' }, cache: { type: 'string' } } });
const dataFolder = values.data ?? resolve(import.meta.dirname, '../../../.tidemark');
const abort = new AbortController();
const asked = new Promise<void>((done) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      abort.abort(new Error('stopped before the engines were ready'));
      done();
    });
  }
});

try {
  const engines = await startLocalEngines({
    dataFolder,
    ...(values.cache === undefined ? {} : { cacheFolder: values.cache }),
    given: {
      kafkaBrokers: process.env.TIDEMARK_KAFKA_BROKERS ?? '',
      redisUrl: process.env.TIDEMARK_REDIS_URL ?? '',
      clickhouseUrl: process.env.TIDEMARK_CLICKHOUSE_URL ?? '',
    },
    signal: abort.signal,
    onProgress: (line) => console.error(line),
  });
  const { kafkaBrokers, redisUrl, clickhouseUrl } = engines.addresses;
  console.log(`TIDEMARK_KAFKA_BROKERS=${kafkaBrokers}\nTIDEMARK_REDIS_URL=${redisUrl}\nTIDEMARK_CLICKHOUSE_URL=${clickhouseUrl}`);
  await asked;
  console.error('stopping');
  await engines.stop();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = abort.signal.aborted ? 0 : 1;
}
