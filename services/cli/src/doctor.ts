/** `doctor`: what of this machine, the engines and the definitions would stand in the way, each with its fix. */
import { connectClickHouse } from '@tidemark/clickhouse';
import { problemLine } from '@tidemark/definitions';
import { connectKafka } from '@tidemark/kafka';
import { type Check, checkMachine } from '@tidemark/local';
import { connectRedis } from '@tidemark/redis';
import { type ExitCode, exitCodes, printable, redactText } from '@tidemark/runtime';
import { checkAccess, remedyOf } from './access/check-access.ts';
import type { Role } from './access/rights.ts';
import { archiveKeeping, ttlOfEvents } from './archive-keeping.ts';
import type { CliConfig } from './config.ts';
import { parseDefinitionFiles } from './definition-files.ts';
import { kafkaMessages } from './kafka-messages.ts';
import type { Output } from './terminal-output.ts';

const UNKNOWN_TOPIC = 3;
const KEEPING_FIX =
  'Take the TTL off (ALTER TABLE events REMOVE TTL), or set TIDEMARK_SNAPSHOT_INTERVAL for the workers and wait until all partitions are copied.';
const addressNames = { kafka: 'kafkaBrokers', redis: 'redisUrl', clickhouse: 'clickhouseUrl' } as const;

export interface DoctorOptions {
  readonly json: boolean;
  /** Whose rights at the engines are tried, with the logins of the environment. */
  readonly roles: readonly Role[];
}

/** Exit 0 when all is well, 4 when the machine, an engine or a right at it fails, 3 when only the definitions do. */
export async function doctor(config: CliConfig, { json, roles }: DoctorOptions, output: Output): Promise<ExitCode> {
  const { dataFolder, cacheFolder } = config;
  const given = { kafkaBrokers: config.kafkaBrokers?.join(',') ?? '', redisUrl: config.redisUrl ?? '', clickhouseUrl: config.clickhouseUrl ?? '' };
  const [machine, engines] = await Promise.all([checkMachine({ dataFolder, cacheFolder, given }), checkEngines(config, output)]);
  // The machine's own look speaks neither TLS nor a login: given engines are asked below.
  const isGiven = ({ name }: Check): boolean => Object.entries(addressNames).some(([engine, field]) => engine === name && given[field] !== '');
  const dependencies = [...machine.filter((check) => !isGiven(check)), ...engines];
  // One after the other: a broker that is told of several failures of one user at once may hold him off.
  for (const role of roles) dependencies.push(...(await checkAccess(role, config, output)));
  const definitions = checkDefinitions(config.metrics);
  const checks = [...dependencies, definitions];
  if (json) output.data(JSON.stringify({ ok: checks.every(({ ok }) => ok), checks }));
  else for (const line of checks.flatMap((check) => linesOf(check, output))) output.data(line);
  if (dependencies.some(({ ok }) => !ok)) return exitCodes.unreachable;
  return definitions.ok ? exitCodes.ok : exitCodes.config;
}

function linesOf({ name, ok, detail, fix }: Check, { dataStyle }: Output): string[] {
  const line = `${ok ? dataStyle.green('ok  ') : dataStyle.red('FAIL')}  ${name.padEnd(18)}  ${printable(detail, 500)}`;
  return fix === undefined ? [line] : [line, `      ${' '.repeat(18)}  ${dataStyle.yellow(`fix: ${fix}`)}`];
}

/** A real request to each engine whose address is given. */
async function checkEngines(config: CliConfig, output: Output): Promise<Check[]> {
  const { kafkaBrokers, redisUrl, clickhouseUrl } = config;
  const checks: Promise<Check>[] = [];
  if (kafkaBrokers !== null)
    checks.push(asked('kafka metadata', 'Start Kafka there, or correct TIDEMARK_KAFKA_BROKERS.', () => askKafka(config, kafkaBrokers, output)));
  if (redisUrl !== null) {
    const fix = 'Start Redis there with --maxmemory-policy noeviction, or correct TIDEMARK_REDIS_URL.';
    checks.push(asked('redis ping', fix, () => askRedis(config, redisUrl)));
  }
  if (clickhouseUrl !== null)
    checks.push(
      asked('clickhouse select', 'Start ClickHouse there, or correct TIDEMARK_CLICKHOUSE_URL.', () => askClickHouse(config, clickhouseUrl)),
      asked('clickhouse archive', KEEPING_FIX, () => askArchive(config, clickhouseUrl)),
    );
  return await Promise.all(checks);
}

async function asked(name: string, fix: string, ask: () => Promise<string>): Promise<Check> {
  try {
    return { name, ok: true, detail: await ask() };
  } catch (error) {
    const detail = redactText(error instanceof Error ? error.message : String(error)).slice(0, 300);
    return { name, ok: false, detail, fix: remedyOf(name.split(' ')[0] ?? '', detail) ?? fix };
  }
}

async function askKafka({ namespace, access }: CliConfig, brokers: readonly string[], output: Output): Promise<string> {
  const kafka = await connectKafka({ brokers, clientId: 'tidemark-doctor', namespace, logger: kafkaMessages(output), ...access.kafka });
  try {
    const { errorCode, partitionCount, clusterId } = await kafka.topicMetadata();
    const topic = errorCode === UNKNOWN_TOPIC ? `no topic ${kafka.topic} yet` : `topic ${kafka.topic} with ${partitionCount} partitions`;
    const { tls, login } = access.kafka;
    return `cluster ${clusterId}, ${topic}, ${tls === undefined ? 'in the clear' : 'by TLS'}${login === undefined ? '' : ` with ${login.mechanism}`}`;
  } finally {
    await kafka.close();
  }
}

/** Connecting refuses a server that may evict keys. */
async function askRedis({ namespace, access }: CliConfig, url: string): Promise<string> {
  const redis = await connectRedis({ url, namespace, ...access.redis });
  try {
    await redis.ping();
    return `${redis.address} answers, evicts nothing`;
  } finally {
    await redis.close();
  }
}

/** In the database that every server has: ours may not be there yet. */
async function askClickHouse({ access }: CliConfig, url: string): Promise<string> {
  const clickhouse = await connectClickHouse({ url, database: 'default', ...access.clickhouse });
  try {
    const [[version] = []] = await clickhouse.select('SELECT version()');
    return `${clickhouse.address} answers, version ${String(version)}`;
  } finally {
    await clickhouse.close();
  }
}

/** Whoever lets raw events expire needs the state's copies. */
async function askArchive(config: CliConfig, url: string): Promise<string> {
  const { clickhouseDatabase: database, partitions, snapshotIntervalMs, access } = config;
  const clickhouse = await connectClickHouse({ url, database: 'default', ...access.clickhouse });
  try {
    const ttl = await ttlOfEvents(clickhouse, database);
    const open = () => connectClickHouse({ url, database, ...access.clickhouse });
    return await archiveKeeping(open, { ttl, partitions, snapshotIntervalMs, nowMs: Date.now() });
  } finally {
    await clickhouse.close();
  }
}

/** Together, as a deployment reads them. */
function checkDefinitions(files: readonly string[]): Check {
  const parsed = parseDefinitionFiles(files);
  const name = 'definitions';
  if (parsed.ok) return { name, ok: true, detail: parsed.sets.map((set) => `set ${set.name} with ${set.metrics.length} metrics`).join(', ') };
  const [first] = parsed.problems;
  const more = parsed.problems.length > 1 ? ` (and ${parsed.problems.length - 1} more)` : '';
  const detail = first === undefined ? files.join(', ') : problemLine(first) + more;
  return { name, ok: false, detail, fix: `Mend what tidemark check ${files.join(' ')} lists.` };
}
