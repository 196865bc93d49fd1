/** How Kafka, Redis and ClickHouse are reached where they ask who is there: TLS and logins, from variables that may each be a file instead. */
import type { z } from 'zod';
import { booleanField, choiceField, pemField, secretField, textField, urlField } from './fields.ts';

/** What a process that talks to Kafka puts into its schema. For OAUTHBEARER user and password are the client's id and secret. */
export const kafkaVariables = {
  TIDEMARK_KAFKA_TLS: booleanField().optional(),
  TIDEMARK_KAFKA_TLS_CA: pemField('CERTIFICATE').optional(),
  TIDEMARK_KAFKA_TLS_CERT: pemField('CERTIFICATE').optional(),
  TIDEMARK_KAFKA_TLS_KEY: pemField('PRIVATE KEY').optional(),
  TIDEMARK_KAFKA_SASL: choiceField(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER']).optional(),
  TIDEMARK_KAFKA_USER: textField({ example: 'tidemark-worker' }).optional(),
  TIDEMARK_KAFKA_PASSWORD: secretField().optional(),
  TIDEMARK_KAFKA_TOKEN_URL: urlField({ example: 'https://login.example/oauth2/token' }).optional(),
  TIDEMARK_KAFKA_TOKEN_SCOPE: textField({ example: 'kafka' }).optional(),
};

export const redisVariables = {
  TIDEMARK_REDIS_USER: textField({ example: 'tidemark-worker' }).optional(),
  TIDEMARK_REDIS_PASSWORD: secretField().optional(),
  TIDEMARK_REDIS_TLS_CA: pemField('CERTIFICATE').optional(),
  TIDEMARK_REDIS_TLS_CERT: pemField('CERTIFICATE').optional(),
  TIDEMARK_REDIS_TLS_KEY: pemField('PRIVATE KEY').optional(),
};

export const clickhouseVariables = {
  TIDEMARK_CLICKHOUSE_USER: textField({ example: 'tidemark_worker' }).optional(),
  TIDEMARK_CLICKHOUSE_PASSWORD: secretField().optional(),
  TIDEMARK_CLICKHOUSE_TLS_CA: pemField('CERTIFICATE').optional(),
  TIDEMARK_CLICKHOUSE_TLS_CERT: pemField('CERTIFICATE').optional(),
  TIDEMARK_CLICKHOUSE_TLS_KEY: pemField('PRIVATE KEY').optional(),
};

type ValuesOf<Fields extends z.ZodRawShape> = Readonly<z.output<z.ZodObject<Fields>>>;
type KafkaValues = ValuesOf<typeof kafkaVariables>;
type RedisValues = ValuesOf<typeof redisVariables>;
type ClickHouseValues = ValuesOf<typeof clickhouseVariables>;

type EngineValues = Partial<KafkaValues & RedisValues & ClickHouseValues> & {
  readonly TIDEMARK_REDIS_URL?: string | undefined;
  readonly TIDEMARK_CLICKHOUSE_URL?: string | undefined;
};

/** PEM texts. Without `ca` the certificates that Node trusts; `cert` and `key` come together. */
export interface TlsFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export type KafkaLogin =
  | { readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'; readonly user: string; readonly password: string }
  | {
      readonly mechanism: 'OAUTHBEARER';
      readonly tokenUrl: string;
      readonly clientId: string;
      readonly clientSecret: string;
      readonly scope?: string;
    };

/** `tls` absent: in the clear. */
export interface KafkaAccess {
  readonly tls?: TlsFiles;
  readonly login?: KafkaLogin;
}

/** Beside what the URL says; whether TLS is spoken is the URL's matter. */
export interface StoreAccess {
  readonly user?: string;
  readonly password?: string;
  readonly tls?: TlsFiles;
}

/** For a schema's `superRefine`: what the variables mean together, each mistake a sentence with its fix. */
export function checkEngineAccess(
  values: EngineValues,
  context: { addIssue(issue: { code: 'custom'; path: string[]; message: string }): void },
): void {
  const problems = [...kafkaProblems(values), ...storeProblems('REDIS', values, 'rediss'), ...storeProblems('CLICKHOUSE', values, 'https')];
  for (const message of problems) context.addIssue({ code: 'custom', path: [], message });
}

/** The options that connectKafka takes. */
export function kafkaAccess(values: KafkaValues): KafkaAccess {
  const tls = tlsFiles(values.TIDEMARK_KAFKA_TLS_CA, values.TIDEMARK_KAFKA_TLS_CERT, values.TIDEMARK_KAFKA_TLS_KEY);
  const login = kafkaLogin(values);
  return {
    ...(values.TIDEMARK_KAFKA_TLS === true || Object.keys(tls).length > 0 ? { tls } : {}),
    ...(login === undefined ? {} : { login }),
  };
}

/** The options that connectRedis takes beside the URL. */
export function redisAccess(values: RedisValues): StoreAccess {
  const tls = tlsFiles(values.TIDEMARK_REDIS_TLS_CA, values.TIDEMARK_REDIS_TLS_CERT, values.TIDEMARK_REDIS_TLS_KEY);
  return storeAccess(values.TIDEMARK_REDIS_USER, values.TIDEMARK_REDIS_PASSWORD, tls);
}

/** The options that connectClickHouse takes beside the URL. */
export function clickhouseAccess(values: ClickHouseValues): StoreAccess {
  const tls = tlsFiles(values.TIDEMARK_CLICKHOUSE_TLS_CA, values.TIDEMARK_CLICKHOUSE_TLS_CERT, values.TIDEMARK_CLICKHOUSE_TLS_KEY);
  return storeAccess(values.TIDEMARK_CLICKHOUSE_USER, values.TIDEMARK_CLICKHOUSE_PASSWORD, tls);
}

function kafkaLogin(values: KafkaValues): KafkaLogin | undefined {
  const { TIDEMARK_KAFKA_SASL: mechanism, TIDEMARK_KAFKA_USER: user = '', TIDEMARK_KAFKA_PASSWORD: password = '' } = values;
  if (mechanism === undefined) return undefined;
  if (mechanism !== 'OAUTHBEARER') return { mechanism, user, password };
  const { TIDEMARK_KAFKA_TOKEN_URL: tokenUrl = '', TIDEMARK_KAFKA_TOKEN_SCOPE: scope } = values;
  return { mechanism, tokenUrl, clientId: user, clientSecret: password, ...(scope === undefined ? {} : { scope }) };
}

function tlsFiles(ca: string | undefined, cert: string | undefined, key: string | undefined): TlsFiles {
  return { ...(ca === undefined ? {} : { ca }), ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }) };
}

function storeAccess(user: string | undefined, password: string | undefined, tls: TlsFiles): StoreAccess {
  return {
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    ...(Object.keys(tls).length === 0 ? {} : { tls }),
  };
}

function kafkaProblems(values: EngineValues): string[] {
  const problems = certificateProblems('TIDEMARK_KAFKA', values.TIDEMARK_KAFKA_TLS_CERT, values.TIDEMARK_KAFKA_TLS_KEY);
  const file = (['CA', 'CERT', 'KEY'] as const).find((name) => values[`TIDEMARK_KAFKA_TLS_${name}`] !== undefined);
  if (values.TIDEMARK_KAFKA_TLS === false && file !== undefined)
    problems.push(`TIDEMARK_KAFKA_TLS is false, but TIDEMARK_KAFKA_TLS_${file} is set. Fix: set TIDEMARK_KAFKA_TLS=true, or unset the other`);
  const mechanism = values.TIDEMARK_KAFKA_SASL;
  const needed = (['USER', 'PASSWORD', ...(mechanism === 'OAUTHBEARER' ? (['TOKEN_URL'] as const) : [])] as const).filter(
    (name) => values[`TIDEMARK_KAFKA_${name}`] === undefined,
  );
  if (mechanism !== undefined)
    problems.push(
      ...needed.map(
        (name) =>
          `TIDEMARK_KAFKA_SASL is ${mechanism}, but TIDEMARK_KAFKA_${name} is not set. Fix: set it, or TIDEMARK_KAFKA_${name}_FILE to a file that holds it`,
      ),
    );
  const idle = (['USER', 'PASSWORD', 'TOKEN_URL', 'TOKEN_SCOPE'] as const)
    .filter((name) => values[`TIDEMARK_KAFKA_${name}`] !== undefined)
    .filter((name) => mechanism === undefined || (mechanism !== 'OAUTHBEARER' && name.startsWith('TOKEN')));
  for (const name of idle) {
    const wanted = name.startsWith('TOKEN') ? 'OAUTHBEARER' : 'SCRAM-SHA-512 (or PLAIN, SCRAM-SHA-256, OAUTHBEARER)';
    problems.push(
      `TIDEMARK_KAFKA_${name} is set, but TIDEMARK_KAFKA_SASL is ${mechanism ?? 'not'}${mechanism === undefined ? ' set' : ''}. Fix: set TIDEMARK_KAFKA_SASL=${wanted}, or unset it`,
    );
  }
  return problems;
}

function storeProblems(store: 'REDIS' | 'CLICKHOUSE', values: EngineValues, scheme: 'rediss' | 'https'): string[] {
  const prefix = `TIDEMARK_${store}` as const;
  const problems = certificateProblems(prefix, values[`${prefix}_TLS_CERT`], values[`${prefix}_TLS_KEY`]);
  const text = values[`${prefix}_URL`];
  const url = text !== undefined && URL.canParse(text) ? new URL(text) : undefined;
  const file = (['CA', 'CERT', 'KEY'] as const).find((name) => values[`${prefix}_TLS_${name}`] !== undefined);
  if (file !== undefined && url !== undefined && url.protocol !== `${scheme}:`)
    problems.push(
      `${prefix}_TLS_${file} is set, but ${prefix}_URL begins with ${url.protocol}// and so speaks no TLS. Fix: let it begin with ${scheme}://`,
    );
  const user = values[`${prefix}_USER`];
  const password = values[`${prefix}_PASSWORD`];
  if (user !== undefined && password === undefined && values[`${prefix}_TLS_CERT`] === undefined)
    problems.push(
      `${prefix}_USER is set without ${prefix}_PASSWORD. Fix: set ${prefix}_PASSWORD, or ${prefix}_PASSWORD_FILE to a file that holds it`,
    );
  for (const [name, given, inUrl] of [
    ['USER', user, url?.username],
    ['PASSWORD', password, url?.password],
  ] as const) {
    if (given !== undefined && inUrl !== undefined && inUrl !== '' && inUrl !== encodeURIComponent(given) && inUrl !== given)
      problems.push(`${prefix}_URL and ${prefix}_${name} each name another ${name.toLowerCase()}. Fix: keep one of them`);
  }
  return problems;
}

function certificateProblems(prefix: string, cert: string | undefined, key: string | undefined): string[] {
  if ((cert === undefined) === (key === undefined)) return [];
  const [given, missing] = cert === undefined ? ['KEY', 'CERT'] : ['CERT', 'KEY'];
  return [
    `${prefix}_TLS_${given} is set without ${prefix}_TLS_${missing}. Fix: set ${prefix}_TLS_${missing}_FILE to the PEM file that belongs to it`,
  ];
}
