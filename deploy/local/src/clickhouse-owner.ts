/** The ClickHouse engine's own process: the only one that opens the data directory, and everybody's ClickHouse server on loopback. */
import { parseArgs } from 'node:util';
import { ClickHouseEngine } from './clickhouse-engine.ts';
import { createClickHouseServer } from './clickhouse-server.ts';

const { values } = parseArgs({ options: { data: { type: 'string' }, config: { type: 'string' }, port: { type: 'string' } } });
if (values.data === undefined || values.config === undefined || values.port === undefined) {
  throw new Error('usage: clickhouse-owner.ts --data FOLDER --config FILE --port PORT');
}

const log = (line: string): void => console.error(`${new Date().toISOString()} ${line}`);
const engine = new ClickHouseEngine({ path: values.data, configPath: values.config });
const version = engine.version();
const server = createClickHouseServer({ engine, version, log });

server.once('error', (error) => {
  log(`cannot listen: ${error.message}`);
  process.exit(1);
});
server.listen({ host: '127.0.0.1', port: Number(values.port) }, () => log(`ClickHouse ${version} listens on 127.0.0.1:${values.port}`));

let stopping = false;
process.on('SIGTERM', () => {
  if (stopping) return;
  stopping = true;
  server.close();
  server.closeIdleConnections();
  void engine
    .close()
    .catch((error: unknown) => log(`closing the engine failed: ${String(error)}`))
    .finally(() => process.exit(0));
});
