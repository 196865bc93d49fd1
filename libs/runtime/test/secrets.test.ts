// No secret leaves a process: not by an error of configuration, not by the error of a driver, not by a log line or a readiness answer.
import { expect, test } from 'vitest';
import { z } from 'zod';
import { readConfig } from '../src/config.ts';
import * as fields from '../src/fields.ts';
import { createHealthServer } from '../src/health.ts';
import { createLogger } from '../src/logging.ts';
import { createMetrics } from '../src/metrics.ts';
import { redactText } from '../src/redact.ts';

/** Stands in every secret of this file, whatever else is around it. */
const secret = 'hunter2';
const apiKey = `tmk_${secret}${'aB3_-'.repeat(7)}`;

const every = z.object({
  A_TEXT: fields.textField({ pattern: /^x$/ }),
  A_CHOICE: fields.choiceField(['a', 'b']),
  A_BOOLEAN: fields.booleanField(),
  AN_INTEGER: fields.integerField(),
  A_PORT: fields.portField(),
  A_SIZE: fields.bytesField(),
  A_DURATION: fields.durationField(),
  A_URL: fields.urlField({ schemes: ['redis'] }),
  SOME_URLS: fields.urlListField(),
  BROKERS: fields.hostPortListField(),
  API_KEYS: fields.secretField({ minChars: 1_000 }),
  REDIS_PASSWORD: fields.integerField(),
  TLS_KEY: fields.pemField('PRIVATE KEY'),
});

/** A secret as it stands in a variable by mistake: the right value of another variable, mistyped, cut off, in the wrong place. */
const mistakes = [
  `redis://user:${secret}@host:notaport`,
  `redis://:${secret}@`,
  `redis://user:${secret}`,
  `redis:/user:${secret}@host:6379`,
  `user:${secret}@host:9092`,
  `http://u:${secret}@a:1,http://u:${secret}@b:2`,
  `https://host/?password=${secret}&x=1`,
  `https://host/#access_token=${secret}`,
  `Bearer ${secret}${secret}`,
  `name:${apiKey}`,
  `{"password":"${secret}"}`,
  `--password=${secret}`,
];

test.each(mistakes)('no problem of a configuration repeats the secret in %s', (mistake) => {
  for (const name of Object.keys(every.shape)) {
    for (const variable of [name, `${name}_FILE`]) {
      const outcome = readConfig(every, { [variable]: mistake });
      const problems = outcome.ok ? [] : outcome.problems;
      expect(problems.length).toBeGreaterThan(0);
      expect(problems.join('\n')).not.toContain(secret);
    }
  }
});

function invalidUrl(): unknown {
  try {
    return new URL(`redis://user:${secret}@host:notaport`);
  } catch (error) {
    return error;
  }
}

/** Errors as drivers and Node throw them. */
const errors: readonly (readonly [string, unknown])[] = [
  ['a refused AUTH', Object.assign(new Error('WRONGPASS invalid username-password pair'), { command: { name: 'auth', args: ['user', secret] } })],
  ['a refused HELLO', Object.assign(new Error('NOAUTH'), { command: { name: 'hello', args: ['3', 'AUTH', 'user', secret] } })],
  ['a URL that Node does not read', invalidUrl()],
  [
    'a connection that is refused',
    Object.assign(new Error(`connect ECONNREFUSED redis://user:${secret}@h:6379`), { address: `redis://user:${secret}@h` }),
  ],
  [
    'a request with its headers',
    Object.assign(new Error('401'), { config: { headers: { Authorization: `Basic ${secret}` }, auth: { password: secret } } }),
  ],
  ['a request with raw headers', Object.assign(new Error('401'), { request: { rawHeaders: ['Authorization', secret] } })],
  ['a request of ClickHouse', Object.assign(new Error('516'), { headers: { 'X-ClickHouse-User': 'u', 'X-ClickHouse-Key': secret } })],
  ['a server that echoes', new Error(`cannot parse {"user":"u","password":"${secret}","token": "${secret}"}`)],
  ['a server that echoes JSON in JSON', new Error(`cannot parse "{\\"password\\":\\"${secret}\\"}"`)],
  ['a header line', new Error(`bad header: Authorization: Bearer ${secret}`)],
  ['a statement', new Error(`Syntax error: CREATE USER u IDENTIFIED BY password='${secret}'`)],
  ['a URL with a password in its question', new Error(`GET http://h:8123/?user=u&password=${secret}&query=SELECT failed`)],
  ['an API key', new Error(`no such key: ${apiKey}`)],
  ['a cause', new Error('outer', { cause: new Error(`inner redis://:${secret}@h:6379`) })],
  ['several at once', new AggregateError([new Error(`redis://:${secret}@a`), new Error(`password=${secret}`)], `all failed: //u:${secret}@h`)],
];

test.each(errors)('%s is logged without its secret, under any name and as a message', (_name, error) => {
  const lines: string[] = [];
  const logger = createLogger({ service: 'test', level: 'trace', destination: { write: (line) => void lines.push(line) } });
  const message = error instanceof Error ? error.message : String(error);
  logger.error({ err: error }, 'failed');
  logger.warn({ reason: message, why: [message], nested: { error } }, message);
  logger.child({ cause: error }).fatal(message);
  if (error instanceof Error) logger.error(error);
  expect(lines.length).toBeGreaterThanOrEqual(3);
  expect(lines.join('')).not.toContain(secret);
  expect(redactText(message)).not.toContain(secret);
});

test('what is no secret stays readable', () => {
  for (const text of [
    'Redis at 127.0.0.1:6379/0: connect ECONNREFUSED 127.0.0.1:6379',
    'http://127.0.0.1:8123/ping answered 503',
    'ClickHouse at http://127.0.0.1:41371: Code: 60. Is it http://127.0.0.1:8123?',
    'ask http://127.0.0.1:8080.',
    'brokers kafka://a:9092,b:9092 and [::1]:9092',
    'a secret of at least 8 characters',
    'tokens: the bucket is empty, ask again in 3 s',
    'see https://example.org:8443/path?x=1#y',
  ]) {
    expect(redactText(text)).toBe(text);
  }
});

test('readiness tells reasons without secrets', async () => {
  const halted = `Redis: connect redis://user:${secret}@h:6379 failed`;
  const server = await createHealthServer({
    port: 0,
    metrics: createMetrics({ processMetrics: false }),
    ready: () => ({ checks: [{ name: 'partitions', ok: false, detail: halted }], details: { partitions: [{ partition: 1, next: 5n, halted }] } }),
  });
  try {
    const body = await (await fetch(`http://127.0.0.1:${server.port}/readyz`)).text();
    expect(body).not.toContain(secret);
    expect(JSON.parse(body).details.partitions).toEqual([{ partition: 1, next: '5', halted: 'Redis: connect redis://***@h:6379 failed' }]);
  } finally {
    await server.close();
  }
});
