// What the variables of TLS and logins mean: alone, together, and where they contradict each other.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { readConfig } from '../src/config.ts';
import {
  checkEngineAccess,
  clickhouseAccess,
  clickhouseVariables,
  kafkaAccess,
  kafkaVariables,
  redisAccess,
  redisVariables,
} from '../src/engine-access.ts';
import { urlField } from '../src/fields.ts';

const schema = z
  .object({
    TIDEMARK_REDIS_URL: urlField({ schemes: ['redis', 'rediss'] }).optional(),
    TIDEMARK_CLICKHOUSE_URL: urlField().optional(),
    ...kafkaVariables,
    ...redisVariables,
    ...clickhouseVariables,
  })
  .superRefine(checkEngineAccess);

const CERTIFICATE = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----';
const KEY = '-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----';

const named = (env: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(env).map(([name, value]) => [`TIDEMARK_${name}`, value]));

function accessOf(env: Readonly<Record<string, string>>) {
  const read = readConfig(schema, named(env));
  if (!read.ok) throw new Error(read.problems.join('\n'));
  return { kafka: kafkaAccess(read.config), redis: redisAccess(read.config), clickhouse: clickhouseAccess(read.config) };
}

function problemsOf(env: Readonly<Record<string, string>>): readonly string[] {
  const read = readConfig(schema, named(env));
  return read.ok ? [] : read.problems;
}

test('without any variable engines are reached in the clear, by nobody in particular', () => {
  expect(accessOf({})).toEqual({ kafka: {}, redis: {}, clickhouse: {} });
});

test('a file of TLS switches TLS on, and so does the word alone', () => {
  expect(accessOf({ KAFKA_TLS: 'true' }).kafka).toEqual({ tls: {} });
  expect(accessOf({ KAFKA_TLS_CA: CERTIFICATE }).kafka).toEqual({ tls: { ca: CERTIFICATE } });
  expect(accessOf({ KAFKA_TLS_CERT: CERTIFICATE, KAFKA_TLS_KEY: KEY }).kafka).toEqual({ tls: { cert: CERTIFICATE, key: KEY } });
  expect(accessOf({ KAFKA_TLS: 'false' }).kafka).toEqual({});
});

test('user and password are a login by password, or with OAUTHBEARER those of the client', () => {
  const given = { KAFKA_USER: 'u', KAFKA_PASSWORD: 'p' };
  expect(accessOf({ ...given, KAFKA_SASL: 'SCRAM-SHA-512' }).kafka).toEqual({ login: { mechanism: 'SCRAM-SHA-512', user: 'u', password: 'p' } });
  const tokenUrl = 'https://login.example/token';
  expect(accessOf({ ...given, KAFKA_SASL: 'OAUTHBEARER', KAFKA_TOKEN_URL: tokenUrl, KAFKA_TOKEN_SCOPE: 'kafka' }).kafka).toEqual({
    login: { mechanism: 'OAUTHBEARER', tokenUrl, clientId: 'u', clientSecret: 'p', scope: 'kafka' },
  });
});

test('stores take user, password and files of TLS beside their URL', () => {
  const env = { REDIS_URL: 'rediss://h', REDIS_USER: 'u', REDIS_PASSWORD: 'p', REDIS_TLS_CA: CERTIFICATE };
  expect(accessOf(env).redis).toEqual({ user: 'u', password: 'p', tls: { ca: CERTIFICATE } });
  // A certificate may be the login itself.
  const certified = { CLICKHOUSE_URL: 'https://h', CLICKHOUSE_USER: 'u', CLICKHOUSE_TLS_CERT: CERTIFICATE, CLICKHOUSE_TLS_KEY: KEY };
  expect(accessOf(certified).clickhouse).toEqual({ user: 'u', tls: { cert: CERTIFICATE, key: KEY } });
});

test.each([
  [{ KAFKA_TLS: 'no', KAFKA_TLS_CA: CERTIFICATE }, 'TIDEMARK_KAFKA_TLS is false, but TIDEMARK_KAFKA_TLS_CA is set.'],
  [{ KAFKA_TLS_CERT: CERTIFICATE }, 'TIDEMARK_KAFKA_TLS_CERT is set without TIDEMARK_KAFKA_TLS_KEY.'],
  [{ KAFKA_SASL: 'PLAIN', KAFKA_USER: 'u' }, 'TIDEMARK_KAFKA_SASL is PLAIN, but TIDEMARK_KAFKA_PASSWORD is not set.'],
  [
    { KAFKA_SASL: 'OAUTHBEARER', KAFKA_USER: 'u', KAFKA_PASSWORD: 'p' },
    'TIDEMARK_KAFKA_SASL is OAUTHBEARER, but TIDEMARK_KAFKA_TOKEN_URL is not set.',
  ],
  [{ KAFKA_PASSWORD: 'hunter2' }, 'TIDEMARK_KAFKA_PASSWORD is set, but TIDEMARK_KAFKA_SASL is not set.'],
  [
    { KAFKA_SASL: 'PLAIN', KAFKA_USER: 'u', KAFKA_PASSWORD: 'p', KAFKA_TOKEN_SCOPE: 's' },
    'TIDEMARK_KAFKA_TOKEN_SCOPE is set, but TIDEMARK_KAFKA_SASL is PLAIN.',
  ],
  [{ REDIS_URL: 'redis://h', REDIS_TLS_CA: CERTIFICATE }, 'TIDEMARK_REDIS_TLS_CA is set, but TIDEMARK_REDIS_URL begins with redis://'],
  [
    { CLICKHOUSE_URL: 'http://h', CLICKHOUSE_TLS_KEY: KEY, CLICKHOUSE_TLS_CERT: CERTIFICATE },
    'TIDEMARK_CLICKHOUSE_TLS_CERT is set, but TIDEMARK_CLICKHOUSE_URL begins with http://',
  ],
  [{ REDIS_URL: 'redis://h', REDIS_USER: 'u' }, 'TIDEMARK_REDIS_USER is set without TIDEMARK_REDIS_PASSWORD.'],
  [{ REDIS_URL: 'redis://:other@h', REDIS_PASSWORD: 'hunter2' }, 'TIDEMARK_REDIS_URL and TIDEMARK_REDIS_PASSWORD each name another password.'],
  [{ KAFKA_TLS_CA: 'hunter2' }, 'TIDEMARK_KAFKA_TLS_CA is not valid: expected one or more certificates as PEM text'],
  [
    { REDIS_TLS_KEY: KEY.replaceAll('PRIVATE', 'ENCRYPTED PRIVATE') },
    'TIDEMARK_REDIS_TLS_KEY is not valid: expected a private key without a passphrase',
  ],
])('%j is one sentence with its fix, and repeats no secret', (env, sentence) => {
  const problems = problemsOf(env);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain(sentence);
  expect(problems[0]).toContain('Fix: ');
  expect(problems[0]).not.toContain('hunter2');
});

test('the same password in URL and variable is no contradiction', () => {
  expect(problemsOf({ CLICKHOUSE_URL: 'http://u:a%2Fb@h', CLICKHOUSE_USER: 'u', CLICKHOUSE_PASSWORD: 'a/b' })).toEqual([]);
});

describe('a value in a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-access-'));
  const at = (name: string): string => join(folder, name);

  test('loses its last line end and nothing else; a folder, a missing and a closed file are one sentence each', () => {
    try {
      writeFileSync(at('password'), 'p:a ss\n');
      const env = { KAFKA_SASL: 'PLAIN', KAFKA_USER: 'u', KAFKA_PASSWORD_FILE: at('password') };
      expect(accessOf(env).kafka.login).toMatchObject({ password: 'p:a ss' });
      mkdirSync(at('folder'));
      expect(problemsOf({ ...env, KAFKA_PASSWORD_FILE: at('folder') })).toEqual([expect.stringMatching(/EISDIR.*Fix: name a file, not a folder$/)]);
      expect(problemsOf({ ...env, KAFKA_PASSWORD_FILE: at('gone') })).toEqual([expect.stringMatching(/ENOENT.*Fix: name a readable file/)]);
      const closed = (): string => {
        throw Object.assign(new Error(`EACCES: permission denied, open '${at('password')}'`), { code: 'EACCES' });
      };
      const read = readConfig(schema, named(env), { readFile: closed });
      expect(read.ok ? [] : read.problems).toEqual([
        expect.stringMatching(
          /^TIDEMARK_KAFKA_PASSWORD_FILE: cannot read .*EACCES.*Fix: let user \S+ read it, by chown, or by chmod g\+r and its group$/,
        ),
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
