/** Kafka, Redis and ClickHouse that ask who is there, with the users of deploy/access.md: real brokers and a real Redis by TLS, the local ClickHouse engine behind a door. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { connectKafka, type KafkaConnection } from '@tidemark/kafka';
import { startLocalEngines } from '@tidemark/local';
import { connectRedis, type RedisConnection } from '@tidemark/redis';
import { CLICKHOUSE_RIGHTS, KAFKA_RIGHTS, REDIS_COMMANDS, type Role } from '../../src/access/rights.ts';
import { type ClickHouseUser, clickhouseUsers, type KafkaAcl, kafkaAcls, redisAcls } from './access-lists.ts';
import { type Certificates, makeCertificates } from './certificates.ts';
import { type ClickHouseDoor, openClickHouseDoor } from './clickhouse-door.ts';
import { openTokenEndpoint, type TokenEndpoint } from './token-endpoint.ts';

/** As in deploy/access.md, for the engines are nobody else's. */
export const NAMESPACE = 'tidemark';
/** Above the ten seconds by which connections authenticate anew before the end. */
const SESSION_MS = 14_000;
const CACHE_FOLDER = resolve(import.meta.dirname, '../../../../.tidemark/cache');

export interface SecuredEngines {
  readonly folder: string;
  readonly certificates: Certificates;
  /** Brokers by way of asking: TLS and a login, a login alone, a certificate. */
  readonly brokers: { readonly tls: string; readonly clear: string; readonly certificate: string };
  readonly redisUrl: string;
  readonly door: ClickHouseDoor;
  readonly users: ReadonlyMap<string, ClickHouseUser>;
  readonly tokens: TokenEndpoint;
  /** Whoever may do everything. */
  readonly admin: { readonly kafka: KafkaConnection; readonly redis: RedisConnection; readonly clickhouseUrl: string };
  allow(acl: KafkaAcl): Promise<void>;
  forbid(acl: KafkaAcl): Promise<void>;
  /** The environment by which a role logs in, its secrets in files. */
  environment(role: Role): Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** Of any user of any engine. */
export function passwordOf(user: string): string {
  return `hunter2-of-${user.replaceAll('_', '-')}`;
}

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

export async function startSecuredEngines(): Promise<SecuredEngines> {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-secured-'));
  const closers: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const close of closers.reverse()) await close().catch(() => undefined);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const certificates = makeCertificates(folder, 'tidemark-producer');
    const [tls = 0, clear = 0, certificate = 0, redisTls = 0] = await freePorts(4);
    const local = await startLocalEngines({
      dataFolder: join(folder, 'engines'),
      cacheFolder: CACHE_FOLDER,
      kafkaAdditions: kafkaAdditions(certificates, { tls, clear, certificate }),
      redisArguments: redisArguments(certificates, redisTls),
    });
    closers.push(() => local.stop());
    const kafka = await connectKafka({ brokers: [local.addresses.kafkaBrokers], clientId: 'admin', namespace: NAMESPACE, logger: quiet });
    closers.push(() => kafka.close());
    const redis = await connectRedis({ url: local.addresses.redisUrl, namespace: NAMESPACE });
    closers.push(() => redis.close());
    const tokens = await openTokenEndpoint({ 'tidemark-archiver': passwordOf('tidemark-archiver') }, 3_600);
    closers.push(() => tokens.close());
    const users = clickhouseUsers();
    const engineUrl = local.addresses.clickhouseUrl;
    const door = await openClickHouseDoor({ engineUrl, certificates, users, passwordOf, database: NAMESPACE });
    closers.push(() => door.close());
    await grantAll(kafka, redis);
    const brokers = { tls: `127.0.0.1:${tls}`, clear: `127.0.0.1:${clear}`, certificate: `127.0.0.1:${certificate}` };
    const redisUrl = `rediss://127.0.0.1:${redisTls}`;
    return {
      folder,
      certificates,
      brokers,
      redisUrl,
      door,
      users,
      tokens,
      admin: { kafka, redis, clickhouseUrl: engineUrl },
      allow: async (acl) => {
        await kafka.admin.createAcls({ acl: [{ ...entryOf(acl), host: '*', permissionType: ALLOW }] });
      },
      forbid: async (acl) => {
        await kafka.admin.deleteAcls({ filters: [{ ...entryOf(acl), host: '*', permissionType: ALLOW }] });
      },
      environment: (role) => environmentOf(role, { folder, certificates, brokers, redisUrl, door, tokens }),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function grantAll(kafka: KafkaConnection, redis: RedisConnection): Promise<void> {
  await kafka.admin.createAcls({ acl: kafkaAcls.map((acl) => ({ ...entryOf(acl), host: '*', permissionType: ALLOW })) });
  for (const [command = '', user = '', ...rules] of redisAcls)
    await redis.call('ACL', command, user, ...rules.map((rule) => rule.replace('PASSWORD', passwordOf(user))));
}

/** Kafka's numbers: AclResourceTypes, ResourcePatternTypes, AclOperationTypes, AclPermissionTypes. */
const ALLOW = 3;
const RESOURCES = { topic: 2, group: 3 } as const;
const OPERATIONS: Readonly<Record<string, 3 | 4 | 5 | 8 | 10>> = { Read: 3, Write: 4, Create: 5, Describe: 8, DescribeConfigs: 10 };

function entryOf({ principal, operation, resource, name, prefixed }: KafkaAcl) {
  const number = OPERATIONS[operation];
  if (number === undefined) throw new Error(`deploy/access.md names the operation ${operation}, which this test does not know`);
  return { principal, operation: number, resourceType: RESOURCES[resource], resourceName: name, resourcePatternType: prefixed ? 4 : 3 } as const;
}

function kafkaAdditions({ caFile, serverStoreFile }: Certificates, ports: Readonly<Record<'tls' | 'clear' | 'certificate', number>>) {
  const login = (module: string, options = ''): string => `org.apache.kafka.common.security.${module} required${options};`;
  const mechanisms = {
    plain: login('plain.PlainLoginModule', ` user_tidemark-migrate="${passwordOf('tidemark-migrate')}"`),
    'scram-sha-256': login('scram.ScramLoginModule'),
    'scram-sha-512': login('scram.ScramLoginModule'),
    oauthbearer: login('oauthbearer.OAuthBearerLoginModule', ' unsecuredLoginStringClaim_sub="broker"'),
  };
  const settings: Record<string, string> = {
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    // The runner's own listener asks nobody who is there.
    'super.users': 'User:ANONYMOUS',
    'connections.max.reauth.ms': String(SESSION_MS),
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': serverStoreFile,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': caFile,
    'listener.name.certificate.ssl.client.auth': 'required',
    'listener.name.certificate.ssl.principal.mapping.rules': 'RULE:^CN=(.*)$/$1/',
  };
  for (const listener of ['tls', 'clear'])
    for (const [mechanism, module] of Object.entries(mechanisms)) settings[`listener.name.${listener}.${mechanism}.sasl.jaas.config`] = module;
  return {
    listeners: [
      { name: 'TLS', port: ports.tls, protocol: 'SASL_SSL' as const },
      { name: 'CLEAR', port: ports.clear, protocol: 'SASL_PLAINTEXT' as const },
      { name: 'CERTIFICATE', port: ports.certificate, protocol: 'SSL' as const },
    ],
    settings,
    scramUsers: [
      `SCRAM-SHA-512=[name=tidemark-worker,password=${passwordOf('tidemark-worker')}]`,
      `SCRAM-SHA-256=[name=tidemark-worker,password=${passwordOf('tidemark-worker')}]`,
      `SCRAM-SHA-256=[name=tidemark-operator,password=${passwordOf('tidemark-operator')}]`,
    ],
  };
}

function redisArguments({ caFile, serverCertFile, serverKeyFile }: Certificates, port: number): string[] {
  const files = ['--tls-cert-file', serverCertFile, '--tls-key-file', serverKeyFile, '--tls-ca-cert-file', caFile];
  return ['--tls-port', String(port), ...files, '--tls-auth-clients', 'yes'];
}

const SASL: Readonly<Record<Role, string>> = {
  worker: 'SCRAM-SHA-512',
  archiver: 'OAUTHBEARER',
  query: '',
  migrate: 'PLAIN',
  operator: 'SCRAM-SHA-256',
  producer: '',
};

/** Only the engines that the role needs. */
function environmentOf(
  role: Role,
  engines: Pick<SecuredEngines, 'folder' | 'certificates' | 'brokers' | 'redisUrl' | 'door' | 'tokens'>,
): Record<string, string> {
  const { certificates, brokers, door } = engines;
  const secret = (user: string): string => {
    const path = join(engines.folder, `password-of-${user}`);
    writeFileSync(path, `${passwordOf(user)}\n`, { mode: 0o600 });
    return path;
  };
  const user = `tidemark-${role}`;
  const byCertificate = { TIDEMARK_KAFKA_TLS_CERT_FILE: certificates.clientCertFile, TIDEMARK_KAFKA_TLS_KEY_FILE: certificates.clientKeyFile };
  const byPassword = { TIDEMARK_KAFKA_SASL: SASL[role], TIDEMARK_KAFKA_USER: user, TIDEMARK_KAFKA_PASSWORD_FILE: secret(user) };
  const kafka = {
    TIDEMARK_KAFKA_BROKERS: role === 'producer' ? brokers.certificate : brokers.tls,
    TIDEMARK_KAFKA_TLS_CA_FILE: certificates.caFile,
    ...(role === 'producer' ? byCertificate : byPassword),
    ...(role === 'archiver' ? { TIDEMARK_KAFKA_TOKEN_URL: engines.tokens.url } : {}),
  };
  const redis = {
    TIDEMARK_REDIS_URL: engines.redisUrl,
    TIDEMARK_REDIS_TLS_CA_FILE: certificates.caFile,
    TIDEMARK_REDIS_TLS_CERT_FILE: certificates.clientCertFile,
    TIDEMARK_REDIS_TLS_KEY_FILE: certificates.clientKeyFile,
    TIDEMARK_REDIS_USER: user,
    TIDEMARK_REDIS_PASSWORD_FILE: secret(user),
  };
  const clickhouse = {
    TIDEMARK_CLICKHOUSE_URL: door.url,
    TIDEMARK_CLICKHOUSE_TLS_CA_FILE: certificates.caFile,
    TIDEMARK_CLICKHOUSE_TLS_CERT_FILE: certificates.clientCertFile,
    TIDEMARK_CLICKHOUSE_TLS_KEY_FILE: certificates.clientKeyFile,
    TIDEMARK_CLICKHOUSE_USER: `tidemark_${role}`,
    TIDEMARK_CLICKHOUSE_PASSWORD_FILE: secret(`tidemark_${role}`),
  };
  return {
    TIDEMARK_NAMESPACE: NAMESPACE,
    TIDEMARK_CLICKHOUSE_DATABASE: NAMESPACE,
    TIDEMARK_PARTITIONS: '3',
    ...(KAFKA_RIGHTS[role].length === 0 ? {} : kafka),
    ...(REDIS_COMMANDS[role].length === 0 ? {} : redis),
    ...(CLICKHOUSE_RIGHTS[role].length === 0 ? {} : clickhouse),
  };
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map((server) => {
      const { promise, resolve: done } = Promise.withResolvers<number>();
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        done(typeof address === 'object' && address !== null ? address.port : 0);
      });
      return promise;
    }),
  );
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}
