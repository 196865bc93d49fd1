/** The least that each role needs of Kafka, Redis and ClickHouse: deploy/access.md lists it, `doctor --role` tries it, a test grants exactly it. */

export const ROLES = ['worker', 'archiver', 'query', 'migrate', 'operator', 'producer'] as const;
export type Role = (typeof ROLES)[number];

/** Rights as Kafka's own tool names them; Read and Write include Describe. */
export interface KafkaRight {
  readonly operation: 'Describe' | 'DescribeConfigs' | 'Create' | 'Read' | 'Write';
  readonly on: 'topic' | 'group';
  /** What follows the namespace in the resource's name. */
  readonly suffix: string;
  /** Also for every name that goes on after it. */
  readonly prefixed: boolean;
}

/** A table's name, or `*` for all of the database. */
export interface ClickHouseRight {
  readonly table: string;
  readonly privileges: readonly string[];
}

/** The limits of whoever asks for figures; a user may lower them. */
export const QUERY_LIMITS = { readonly: 2, max_execution_time: 30, max_memory_usage: 2_000_000_000 } as const;

const topic = (operation: KafkaRight['operation']): KafkaRight => ({ operation, on: 'topic', suffix: '.events', prefixed: false });

export const KAFKA_RIGHTS: Readonly<Record<Role, readonly KafkaRight[]>> = {
  // It writes ticks; a lineage that the journal started has a group of its own, `<namespace>.worker.<lineage>`.
  worker: [topic('Read'), topic('Write'), topic('DescribeConfigs'), { operation: 'Read', on: 'group', suffix: '.worker', prefixed: true }],
  archiver: [topic('Read'), topic('DescribeConfigs'), { operation: 'Read', on: 'group', suffix: '.archiver', prefixed: false }],
  query: [],
  migrate: [topic('Create'), topic('Describe'), topic('DescribeConfigs')],
  operator: [topic('Write'), topic('DescribeConfigs')],
  producer: [topic('Write')],
};

const ASKED = ['ping', 'info', 'eval', 'evalsha', 'get', 'hget', 'hgetall', 'hkeys', 'hmget', 'xrange', 'xrevrange', 'set', 'pexpire'];
const ALL_COMMANDS = [
  ...ASKED,
  ...['del', 'exists', 'expire', 'hdel', 'hset', 'hsetnx', 'persist', 'sadd', 'sismember', 'smembers', 'sscan', 'unlink', 'xadd'],
];

/** Commands in lower case, those within scripts too. */
export const REDIS_COMMANDS: Readonly<Record<Role, readonly string[]>> = {
  worker: ALL_COMMANDS,
  archiver: [],
  // `set` and `pexpire` are for the wish to see outcomes.
  query: ASKED,
  migrate: [],
  operator: ALL_COMMANDS,
  producer: [],
};

const right = (table: string, ...privileges: string[]): ClickHouseRight => ({ table, privileges });

export const CLICKHOUSE_RIGHTS: Readonly<Record<Role, readonly ClickHouseRight[]>> = {
  worker: [
    right('rollup_cells', 'SELECT', 'INSERT'),
    right('events', 'SELECT'),
    right('events_by_actor', 'SELECT'),
    right('archive_chunks', 'SELECT'),
    right('lineage_journal', 'SELECT', 'INSERT'),
    right('snapshots', 'SELECT', 'INSERT'),
    right('checks', 'INSERT'),
    right('incidents', 'INSERT'),
  ],
  archiver: [right('events', 'SELECT', 'INSERT'), right('archive_chunks', 'SELECT', 'INSERT'), right('lineage_journal', 'SELECT')],
  query: [right('*', 'SELECT')],
  migrate: [right('*', 'CREATE DATABASE', 'CREATE TABLE', 'CREATE VIEW', 'SELECT', 'INSERT')],
  operator: [right('*', 'SELECT'), right('rollup_cells', 'INSERT'), right('lineage_journal', 'INSERT'), right('checks', 'INSERT')],
  producer: [],
};

/** A column of each table that takes a number: an insert of no rows names it. */
export const CLICKHOUSE_TABLES: Readonly<Record<string, string>> = {
  events: 'epoch',
  events_by_actor: 'epoch',
  archive_chunks: 'epoch',
  rollup_cells: 'version',
  checks: 'position',
  incidents: 'position',
  lineage_journal: 'sequence',
  snapshots: 'saved_ms',
};

/** One line for kafka-acls.sh. */
export function kafkaCommand({ operation, on, suffix, prefixed }: KafkaRight, { user, namespace }: { user: string; namespace: string }): string {
  const pattern = prefixed ? ' --resource-pattern-type prefixed' : '';
  return `kafka-acls.sh --bootstrap-server HOST:PORT --add --allow-principal User:${user} --operation ${operation} --${on} ${namespace}${suffix}${pattern}`;
}

/** One line for redis-cli. */
export function redisCommand(commands: readonly string[], { user, namespace }: { user: string; namespace: string }): string {
  return `ACL SETUSER ${user} on >PASSWORD resetchannels ~tidemark:${namespace}:* ${commands.map((command) => `+${command}`).join(' ')}`;
}

/** One statement. */
export function clickhouseGrant({ table, privileges }: ClickHouseRight, { user, database }: { user: string; database: string }): string {
  return `GRANT ${privileges.join(', ')} ON ${database}.${table} TO ${user}`;
}

/** The statement that makes a role's user; the query service's is limited. */
export function clickhouseUser(role: Role, user: string): string {
  const settings = Object.entries(QUERY_LIMITS).map(([name, value]) => `${name} = ${value}`);
  return `CREATE USER ${user} IDENTIFIED BY 'PASSWORD'${role === 'query' ? ` SETTINGS ${settings.join(', ')}` : ''}`;
}
