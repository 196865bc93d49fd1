// Engines that ask who is there: with exactly the rights of deploy/access.md the whole path runs, and doctor names each single right that is taken away.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectClickHouse } from '@tidemark/clickhouse';
import { connectKafka, createEventLog, createKafkaPermissions } from '@tidemark/kafka';
import type { Check } from '@tidemark/local';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkAccess } from '../../src/access/check-access.ts';
import { checkClickHouseRights } from '../../src/access/check-clickhouse.ts';
import { checkKafkaRights } from '../../src/access/check-kafka.ts';
import { checkRedisRights } from '../../src/access/check-redis.ts';
import { ROLES, type Role } from '../../src/access/rights.ts';
import { runCommandLine } from '../../src/command-line.ts';
import { readCliConfig } from '../../src/config.ts';
import { captureOutput } from '../captured-output.ts';
import { kafkaAcls } from './access-lists.ts';
import { hasOpenssl } from './certificates.ts';
import { NAMESPACE, passwordOf, type SecuredEngines, startSecuredEngines } from './secured-engines.ts';

const ROOT = resolve(import.meta.dirname, '../../../..');
const METRICS = resolve(ROOT, 'schemas/metrics/auto-cabinet.yaml');
const patience = { timeout: 90_000, interval: 100 };
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const children: ChildProcess[] = [];
let said = '';
let engines: SecuredEngines;

beforeAll(async () => {
  if (!hasOpenssl()) throw new Error('this test makes its certificates with openssl, which is not on this machine: install it');
  engines = await startSecuredEngines();
  expect(await ended(launch('archiver/src/migrate.ts', 'migrate')), said).toBe(0);
});

afterAll(async () => {
  await endServices();
  await engines?.stop();
});

async function endServices(): Promise<void> {
  const running = children.filter((child) => child.exitCode === null && child.signalCode === null);
  await Promise.all(
    running.map((child) => {
      child.kill('SIGTERM');
      return ended(child);
    }),
  );
}

function launch(program: string, role: Role): ChildProcess {
  const env = {
    ...engines.environment(role),
    PATH: process.env['PATH'],
    TIDEMARK_HTTP_PORT: '0',
    TIDEMARK_METRICS: METRICS,
    TIDEMARK_PARENT_WATCH: 'stdin',
  };
  const child = spawn(process.execPath, [resolve(ROOT, 'services', program)], { cwd: ROOT, env, stdio: ['pipe', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  children.push(child);
  return child;
}

function ended(child: ChildProcess): Promise<number | null> {
  return child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve(child.exitCode)
    : new Promise((done) => child.once('exit', (code) => done(code)));
}

/** What doctor says of the role's rights. */
async function doctorOf(role: Role, more: Readonly<Record<string, string>> = {}): Promise<readonly Check[]> {
  const output = captureOutput({ ...engines.environment(role), ...more });
  await runCommandLine(['doctor', '--role', role, '--json'], output);
  const { checks }: { checks: Check[] } = JSON.parse(output.out().join(''));
  expect(JSON.stringify(checks)).not.toContain('hunter2');
  return checks.filter(({ name }) => name.startsWith(`${role} `));
}

/** The failing lines of one engine alone, without the rest of doctor. */
async function problemsOf(role: Role, engine: 'kafka' | 'redis' | 'clickhouse'): Promise<readonly Check[]> {
  const { access, kafkaBrokers, redisUrl, clickhouseUrl } = readCliConfig(engines.environment(role));
  const check = {
    kafka: () => checkKafkaRights(role, { brokers: kafkaBrokers ?? [], access: access.kafka, namespace: NAMESPACE, logger: quiet }),
    redis: () => checkRedisRights(role, { url: redisUrl ?? '', access: access.redis, namespace: NAMESPACE }),
    clickhouse: () => checkClickHouseRights(role, { url: clickhouseUrl ?? '', access: access.clickhouse, database: NAMESPACE }),
  }[engine];
  return (await check()).filter(({ ok }) => !ok);
}

async function produce(from: number, count: number): Promise<void> {
  const { brokers, certificates } = engines;
  const read = (path: string): string => readFileSync(path, 'utf8');
  const tls = { ca: read(certificates.caFile), cert: read(certificates.clientCertFile), key: read(certificates.clientKeyFile) };
  const connection = await connectKafka({ brokers: [brokers.certificate], clientId: 'shop', namespace: NAMESPACE, logger: quiet, tls });
  const producer = connection.kafka.producer({ allowAutoTopicCreation: false });
  try {
    await producer.connect();
    const messages = Array.from({ length: count }, (_, index) => {
      const userId = `u-${from + index}`;
      const event = { type: 'track', messageId: `m-${from + index}`, userId, event: 'Service Booked', timestamp: new Date().toISOString() };
      const value = { ...event, properties: { channel: 'app', amount: 10 }, context: { app: { name: 'cabinet' } } };
      return { key: userId, value: JSON.stringify(value) };
    });
    await producer.send({ topic: connection.topic, acks: -1, messages });
  } finally {
    await producer.disconnect();
    await connection.close();
  }
}

describe('with exactly the rights of deploy/access.md', () => {
  let queryUrl = '';
  afterAll(endServices);

  test('doctor finds every role able to do what it needs', async () => {
    // The whole command once, for the rest what it says of rights.
    expect((await doctorOf('worker')).map(({ name, ok }) => `${name} ${ok}`)).toEqual([
      'worker kafka true',
      'worker redis true',
      'worker clickhouse true',
    ]);
    for (const role of ROLES) {
      const checks = await checkAccess(role, readCliConfig(engines.environment(role)), captureOutput());
      expect(checks.length, role).toBeGreaterThan(0);
      const failing = checks.filter(({ ok }) => !ok);
      expect(failing, role).toEqual([]);
    }
  });

  test('events go from the producer through worker and archiver to the query service, each with its own login by TLS', async () => {
    launch('worker/src/main.ts', 'worker');
    launch('archiver/src/main.ts', 'archiver');
    launch('query/src/main.ts', 'query');
    await produce(0, 200);
    await expect.poll(() => /"address":"(http:[^"]+)"/.exec(said)?.[1], patience).toBeDefined();
    queryUrl = /"address":"(http:[^"]+)"/.exec(said)?.[1] ?? '';
    await expect.poll(() => servedBookings(queryUrl), patience).toBe(200);
    await expect.poll(archivedRecords, patience).toBe(200);
    expect(engines.door.refusals).toEqual([]);
  });

  test('a session that ends is begun anew in time: connections authenticate again, and events go on to be counted', async () => {
    const { brokers, certificates } = engines;
    const login = { mechanism: 'SCRAM-SHA-512', user: 'tidemark-worker', password: passwordOf('tidemark-worker') } as const;
    const tls = { ca: readFileSync(certificates.caFile, 'utf8') };
    const connection = await connectKafka({ brokers: [brokers.tls], clientId: 'test', namespace: NAMESPACE, logger: quiet, tls, login });
    let authentications = 0;
    connection.admin.on(connection.admin.events.REQUEST, ({ payload }) => {
      if (payload.apiName === 'SaslAuthenticate') authentications += 1;
    });
    try {
      const asked = async (): Promise<number> => {
        await connection.admin.fetchTopicOffsets(connection.topic);
        return authentications;
      };
      await expect.poll(asked, { ...patience, interval: 1_000 }).toBeGreaterThanOrEqual(2);
    } finally {
      await connection.close();
    }
    await produce(200, 50);
    await expect.poll(() => servedBookings(queryUrl), patience).toBe(250);
    await expect.poll(archivedRecords, patience).toBe(250);
  });

  test('fetches are read in place also where a login is asked for without TLS', async () => {
    const login = { mechanism: 'SCRAM-SHA-256', user: 'tidemark-worker', password: passwordOf('tidemark-worker') } as const;
    const connection = await connectKafka({ brokers: [engines.brokers.clear], clientId: 'test', namespace: NAMESPACE, logger: quiet, login });
    const log = createEventLog(connection, { groupId: `${NAMESPACE}.worker.test`, keepsBytes: false });
    let records = 0;
    const running = log.run({
      assigned: async () => 0,
      revoked: () => undefined,
      batch: (batch) => {
        records += Array.from({ length: batch.length }, (_, index) => index).filter((index) => !batch.isControl(index)).length;
      },
    });
    await expect.poll(() => records, patience).toBe(250);
    await log.stop();
    await running;
    await connection.close();
  });

  test('an operator replays a file and verifies what is served, with rights of his own', async () => {
    const env = { ...engines.environment('operator'), TIDEMARK_METRICS: METRICS };
    const [replaying, verifying] = [captureOutput(env), captureOutput(env)];
    const sample = resolve(import.meta.dirname, '../data/purchases-sample.csv');
    const words = ['replay', sample, '--map', "user=customer,event='Purchase',time=date:yyyymmdd", '--late'];
    expect(await runCommandLine(words, replaying), replaying.err().join('\n')).toBe(0);
    await expect.poll(archivedRecords, patience).toBe(260);
    expect(await runCommandLine(['verify'], verifying), verifying.err().join('\n')).toBe(0);
    expect(engines.door.refusals).toEqual([]);
  });

  test('a certificate is shown beside a password, and is the login of a ClickHouse user who has none', async () => {
    const { caFile, clientCertFile, clientKeyFile } = engines.certificates;
    const [ca, cert, key] = [caFile, clientCertFile, clientKeyFile].map((path) => readFileSync(path, 'utf8'));
    const tls = { ca: ca ?? '', cert: cert ?? '', key: key ?? '' };
    const connection = await connectClickHouse({ url: engines.door.url, database: NAMESPACE, user: 'tidemark_query', tls });
    expect(await connection.select('SELECT currentUser()')).toEqual([['tidemark_query of tidemark-producer']]);
    await connection.close();
    const bare = await connectClickHouse({
      url: engines.door.url,
      database: NAMESPACE,
      user: 'tidemark_query',
      password: 'p',
      tls: { ca: tls.ca },
    }).catch(String);
    expect(bare).toMatch(/^StoreUnavailable: ClickHouse at https:.*(?:alert|certificate|ECONNRESET|socket hang up|EPIPE)/);
  });

  test('nobody repeats a password: not in a log, not in a refusal', async () => {
    const wrong = { mechanism: 'SCRAM-SHA-512', user: 'tidemark-worker', password: 'hunter2-mistyped' } as const;
    const refused = connectKafka({ brokers: [engines.brokers.clear], clientId: 'test', namespace: NAMESPACE, logger: quiet, login: wrong });
    await expect(refused).rejects.toThrow(/SASL SCRAM SHA512 authentication failed.*Fix: check TIDEMARK_KAFKA_SASL, TIDEMARK_KAFKA_USER/);
    await expect(refused).rejects.not.toThrow(/hunter2/);
    // The endpoint repeats what it was sent.
    const stranger = {
      mechanism: 'OAUTHBEARER',
      tokenUrl: engines.tokens.url,
      clientId: 'tidemark-archiver',
      clientSecret: 'hunter2-mistyped',
    } as const;
    const unknown = connectKafka({ brokers: [engines.brokers.clear], clientId: 'test', namespace: NAMESPACE, logger: quiet, login: stranger });
    await expect(unknown).rejects.toThrow(
      /^the token endpoint \S+ refused the client tidemark-archiver with 401 \(invalid_client, tidemark-archiver:\*\*\* is not known\)\. Fix: /,
    );
    const [redis] = (await doctorOf('query', { TIDEMARK_REDIS_PASSWORD_FILE: '', TIDEMARK_REDIS_PASSWORD: 'hunter2-mistyped' })).filter(
      ({ ok }) => !ok,
    );
    expect(redis).toMatchObject({
      name: 'query redis',
      detail: expect.stringContaining('WRONGPASS'),
      fix: expect.stringContaining('TIDEMARK_REDIS_PASSWORD'),
    });
    const untrusted = (await doctorOf('archiver', { TIDEMARK_CLICKHOUSE_TLS_CA_FILE: '' })).filter(({ ok }) => !ok);
    expect(untrusted).toMatchObject([{ name: 'archiver clickhouse', fix: expect.stringContaining('Set TIDEMARK_CLICKHOUSE_TLS_CA_FILE') }]);
    expect(said).not.toContain('hunter2');
    expect(said).not.toContain('eyJ');
  });
});

describe('a right that is taken away', () => {
  test('of Kafka is named with the command that grants it', async () => {
    const taken = [
      ['worker', 'Write', 'topic'],
      ['worker', 'Read', 'group'],
      ['archiver', 'Read', 'topic'],
      ['archiver', 'DescribeConfigs', 'topic'],
      ['migrate', 'Create', 'topic'],
      ['producer', 'Write', 'topic'],
    ] as const;
    for (const [role, operation, resource] of taken) {
      const acl = kafkaAcls.find((each) => each.principal === `User:tidemark-${role}` && each.operation === operation && each.resource === resource);
      if (acl === undefined) throw new Error(`${role} has no ${operation} on a ${resource}`);
      await engines.forbid(acl);
      let problem: Check | undefined;
      await expect.poll(async () => ([problem] = await problemsOf(role, 'kafka')), patience).toHaveLength(1);
      const user = role === 'producer' ? 'CN=…' : `tidemark-${role}`;
      expect(problem).toMatchObject({
        name: `${role} kafka`,
        detail: `User:${user} lacks ${operation} on ${resource} ${acl.name}${acl.prefixed ? '*' : ''}`,
      });
      expect(problem?.fix).toMatch(
        new RegExp(`--operation ${operation} --${resource} ${acl.name}${acl.prefixed ? ' --resource-pattern-type prefixed' : ''}$`),
      );
      await engines.allow(acl);
      await expect.poll(() => problemsOf(role, 'kafka'), patience).toEqual([]);
    }
  });

  test('of a group ends a member with the sentence, not with a coordinator that cannot be found', async () => {
    const login = { mechanism: 'SCRAM-SHA-256', user: 'tidemark-worker', password: passwordOf('tidemark-worker') } as const;
    const connection = await connectKafka({ brokers: [engines.brokers.clear], clientId: 'test', namespace: NAMESPACE, logger: quiet, login });
    const log = createEventLog(connection, { groupId: 'somebody.elses' });
    const running = log.run({ assigned: async () => 0, revoked: () => undefined, batch: () => undefined });
    await expect(running).rejects.toThrow(/lacks Read on it\. Fix: run tidemark doctor --role/);
    await connection.close();
  });

  test('of Redis is named with the command that grants it, and nothing of the trial stays', async () => {
    const { redis } = engines.admin;
    const keys = async (): Promise<unknown> => await redis.call('KEYS', '*doctor*');
    await redis.call('ACL', 'SETUSER', 'tidemark-worker', '-xadd', '-hset');
    expect(await problemsOf('worker', 'redis')).toMatchObject([
      { name: 'worker redis', detail: 'user tidemark-worker may not run HSET', fix: 'ACL SETUSER tidemark-worker +hset' },
      { name: 'worker redis', detail: 'user tidemark-worker may not run XADD', fix: 'ACL SETUSER tidemark-worker +xadd' },
    ]);
    await redis.call('ACL', 'SETUSER', 'tidemark-worker', '+xadd', '+hset', 'resetkeys', '~another:*');
    expect(await problemsOf('worker', 'redis')).toMatchObject([
      { detail: 'user tidemark-worker may not touch the keys tidemark:tidemark:*', fix: 'ACL SETUSER tidemark-worker ~tidemark:tidemark:*' },
    ]);
    await redis.call('ACL', 'SETUSER', 'tidemark-worker', '~tidemark:tidemark:*');
    expect(await problemsOf('worker', 'redis')).toEqual([]);
    expect(await keys()).toEqual([]);
  });

  test('of ClickHouse is named with the statement that grants it, and a query user without limits is told', async () => {
    const taken = [
      ['archiver', 'INSERT', 'tidemark.events'],
      ['worker', 'SELECT', 'tidemark.rollup_cells'],
      ['migrate', 'CREATE TABLE', 'tidemark.*'],
    ] as const;
    for (const [role, privilege, table] of taken) {
      const grants = engines.users.get(`tidemark_${role}`)?.grants;
      grants?.delete(`${privilege} on ${table}`);
      const detail = `user tidemark_${role} lacks ${privilege} on ${table}`;
      expect(await problemsOf(role, 'clickhouse')).toMatchObject([
        { name: `${role} clickhouse`, detail, fix: `GRANT ${privilege} ON ${table} TO tidemark_${role}` },
      ]);
      grants?.add(`${privilege} on ${table}`);
    }
    const query = engines.users.get('tidemark_query');
    if (query === undefined) throw new Error('deploy/access.md makes no user tidemark_query');
    const limits = { ...query.settings };
    Object.assign(query.settings, { max_execution_time: '0' });
    expect(await problemsOf('query', 'clickhouse')).toMatchObject([
      { detail: 'user tidemark_query has no limit by max_execution_time', fix: 'ALTER USER tidemark_query SETTINGS max_execution_time = 30' },
    ]);
    Object.assign(query.settings, limits);
    expect(await problemsOf('query', 'clickhouse')).toEqual([]);
  });

  test('trials left neither a record, nor a group, nor a row', async () => {
    const { kafka } = engines.admin;
    const ends = await kafka.admin.fetchTopicOffsets(kafka.topic);
    expect(ends.reduce((sum, { high }) => sum + Number(high), 0)).toBe(260);
    const { groups } = await kafka.admin.listGroups();
    expect(
      groups.map(({ groupId }) => groupId).filter((name) => !/^tidemark\.(?:worker|archiver)/.test(name) || name.includes('some-lineage')),
    ).toEqual([]);
    const permissions = createKafkaPermissions(kafka);
    expect(await permissions.writeTopic()).toBe('granted');
    await permissions.close();
    await sleep(500);
    expect(await archivedRecords()).toBe(260);
  });
});

/** All bookings of today, by the query service. */
async function servedBookings(queryUrl: string): Promise<number | string> {
  const response = await fetch(`${queryUrl}/v1/kpis/bookings`);
  const text = await response.text();
  if (response.status !== 200) return `${response.status} ${text.slice(0, 200)}`;
  const { buckets }: { buckets?: readonly { readonly value?: number | null }[] } = JSON.parse(text);
  return buckets === undefined ? text.slice(0, 300) : buckets.reduce((sum, { value }) => sum + (value ?? 0), 0);
}

async function archivedRecords(): Promise<number> {
  const connection = await connectClickHouse({ url: engines.admin.clickhouseUrl, database: NAMESPACE });
  try {
    const [[count] = []] = await connection.select("SELECT count() FROM events WHERE NOT control AND reason = ''");
    return Number(count);
  } finally {
    await connection.close();
  }
}
